resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = "data"
  pools     = [{ servers = 4, size = "100Gi" }]
  buckets   = { lake = {} }
  users     = { spark = { policies = ["readwrite"], bucket = "lake" } }
}

resource "analytics_spark_job" "daily" {
  name      = "daily"
  namespace = "data"
  script    = file("${path.module}/daily.py")
  schedule  = { cron = "0 3 * * *" }
  s3        = analytics_minio.lake.users["spark"].s3
  event_log = {}
}

resource "analytics_spark_history_server" "history" {
  name      = "history"
  namespace = "data"

  # It reads what the job writes.
  s3        = analytics_minio.lake.users["spark"].s3
  ivy_cache = { new_claim = { size = "1Gi" } }
  retention = { max_age = "720h" }

  ingress = { host = "spark.example.com", tls_secret = "spark-tls" }
}
