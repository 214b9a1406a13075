import {
  to = analytics_minio.lake
  id = "data/lake"
}
