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
  arguments = ["s3a://lake/raw", "s3a://lake/daily"]
  schedule  = { cron = "0 3 * * *", time_zone = "Europe/Berlin", retries = 2, time_limit = "2h" }

  # Endpoint and credentials; the jars are downloaded once.
  s3        = analytics_minio.lake.users["spark"].s3
  ivy_cache = { new_claim = { size = "1Gi" } }
  event_log = { directory = "s3a://lake/" }

  driver = { memory = "2Gi" }

  # Containers of 8 GiB, up to ten of them.
  executor = {
    cores         = 4
    resources     = { limits = { memory = "8Gi" } }
    node_selector = { "karpenter.sh/capacity-type" = "spot" }
  }
  dynamic_allocation = { max_executors = 10 }

  spark_config = { "spark.sql.shuffle.partitions" = "80" }
}

# What all pods together ask of the cluster.
output "total" {
  value = analytics_spark_job.daily.requests.total
}
