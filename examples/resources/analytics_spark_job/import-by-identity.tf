import {
  to = analytics_spark_job.daily
  identity = {
    namespace = "data"
    name      = "daily"
  }
}
