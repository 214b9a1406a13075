import {
  to = analytics_minio.lake
  identity = {
    namespace = "data"
    name      = "lake"
  }
}
