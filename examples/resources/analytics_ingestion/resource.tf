# Every weekday at six, in the time of Berlin: fetch, convert, store.
resource "analytics_ingestion" "orders" {
  name      = "orders"
  namespace = "data"

  schedule = {
    cron       = "0 6 * * 1-5"
    time_zone  = "Europe/Berlin"
    retries    = 3
    time_limit = "30m"
  }

  script = file("${path.module}/orders.py")
  args   = ["--since", "yesterday"]

  # Installed once, into a volume that outlives the pods.
  requirements = {
    packages = ["boto3==1.40.30", "pandas==2.3.3", "pyarrow==21.0.0"]
    cache    = { size = "2Gi" }
  }

  # RAW_BUCKET and what the AWS SDKs read by themselves.
  outputs = {
    raw = analytics_minio.lake.users["ingest"].s3
  }

  resources = {
    requests = { cpu = "200m", memory = "512Mi" }
    limits   = { memory = "2Gi" }
  }
}

output "last_run" {
  value = analytics_ingestion.orders.result
}
