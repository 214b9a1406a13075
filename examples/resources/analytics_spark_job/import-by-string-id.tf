import {
  to = analytics_spark_job.daily
  id = "data/daily"
}
