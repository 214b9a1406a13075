resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = "data"
  pools     = [{ servers = 4, size = "100Gi" }]
  buckets   = { lake = {} }
  users     = { spark = { policies = ["readwrite"], bucket = "lake" } }
}

resource "analytics_spark_connect" "connect" {
  name      = "connect"
  namespace = "data"

  # Endpoint and credentials; the jars are downloaded once.
  s3        = analytics_minio.lake.users["spark"].s3
  ivy_cache = { new_claim = { size = "1Gi" } }

  driver   = { memory = "4Gi" }
  executor = { cores = 4, resources = { limits = { memory = "8Gi" } } }

  # None while nobody asks for anything.
  dynamic_allocation = { max_executors = 10, idle_timeout_seconds = 300 }
}

# A notebook or a program finds it by SPARK_REMOTE.
output "spark_remote" {
  value = analytics_spark_connect.connect.endpoint
}
