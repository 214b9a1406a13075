# A Python application on two executors that reads CSV from MinIO and writes
# Parquet. The namespace must exist, and KUBE_CONFIG_PATH must name a kubeconfig.

terraform {
  required_providers {
    analytics = {
      source = "terraform-provider-analytics/analytics"
    }
  }
}

provider "analytics" {}

variable "namespace" {
  description = "Namespace of the objects. It must exist."
  type        = string
  default     = "data"
}

variable "spark_image" {
  description = "Image of Spark with the jars for S3 in it. Default: Spark's own, and the driver downloads them."
  type        = string
  default     = null
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = var.namespace
  pools     = [{ servers = 1, size = "1Gi" }]
  buckets   = { lake = {} }
  users     = { spark = { policies = ["readwrite"], bucket = "lake" } }
}

resource "analytics_spark_job" "words" {
  name      = "words"
  namespace = var.namespace
  image     = var.spark_image

  script    = file("${path.module}/words.py")
  arguments = ["s3a://lake/words"]

  s3      = analytics_minio.lake.users["spark"].s3
  s3_jars = var.spark_image == null ? "packages" : "image"

  driver   = { memory = "512Mi", resources = { requests = { cpu = "200m" } } }
  executor = { memory = "512Mi", resources = { requests = { cpu = "200m" } } }

  spark_config = { "spark.sql.shuffle.partitions" = "2" }
}

output "requests" {
  description = "What the pods ask of the cluster."
  value       = analytics_spark_job.words.requests
}
