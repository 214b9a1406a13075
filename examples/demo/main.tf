# What `make demo` applies: object storage on four servers, a program that turns a
# CSV of the web into Parquet every minute, and one that tells an HTTP API what was
# stored. An API of this cluster stands in for those of others.
#
# By hand, KUBE_CONFIG_PATH must name a kubeconfig, and the namespace must exist with a
# Secret called api-token, whose key token holds the value of the variable api_token.

terraform {
  required_providers {
    analytics = {
      source = "terraform-provider-analytics/analytics"
    }
  }
}

provider "analytics" {
  defaults = { namespace = var.namespace }
}

variable "namespace" {
  description = "Namespace of the objects. It must exist."
  type        = string
  default     = "data"
}

variable "minio_image" {
  description = "Image of the object storage. Default: the provider's, pinned by digest."
  type        = string
  default     = null
}

variable "index_image" {
  description = "Image of a package index that is run in the cluster. Default: none, and packages come from PyPI."
  type        = string
  default     = null
}

variable "api_token" {
  description = "Bearer token for the API. It stands in no plan and no state."
  type        = string
  ephemeral   = true
}

resource "analytics_minio" "lake" {
  name  = "lake"
  image = var.minio_image

  pools = [{ servers = 4, size = "1Gi" }]

  buckets = {
    raw    = { versioning = true }
    tables = {}
  }

  policies = {
    for bucket in ["raw", "tables"] : bucket => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation"]
        Resource = ["arn:aws:s3:::${bucket}", "arn:aws:s3:::${bucket}/*"]
      }]
    })
  }

  users = {
    app = { policies = ["raw"], bucket = "raw" }
    etl = { policies = ["tables"], bucket = "tables" }
  }
}

# Stands in for the APIs of others. It makes up earthquakes, in the format of the feeds
# of the United States Geological Survey, and takes reports from whoever has the token.
resource "analytics_ingestion" "api" {
  name          = "api"
  continuous    = { port = 8080, readiness = { path = "/" } }
  script        = file("${path.module}/api.py")
  env_from_keys = { API_TOKEN = { secret = "api-token", key = "token" } }
}

# Stands in for PyPI where the pods cannot reach it.
resource "analytics_ingestion" "index" {
  count = var.index_image == null ? 0 : 1

  name       = "index"
  image      = var.index_image
  continuous = { port = 8080 }
}

locals {
  requirements = {
    packages  = ["pyarrow==26.0.1"]
    index_url = one([for index in analytics_ingestion.index : "http://${index.endpoint}/simple"])
    cache     = { size = "1Gi" }
  }
}

resource "analytics_ingestion" "quakes" {
  name = "quakes"

  schedule = { cron = "* * * * *", retries = 1, time_limit = "5m" }

  script       = file("${path.module}/quakes.py")
  args         = ["http://${analytics_ingestion.api.endpoint}/earthquakes.csv", "earthquakes.parquet"]
  requirements = local.requirements
  outputs      = { tables = analytics_minio.lake.users["etl"].s3 }
}

resource "analytics_automation" "report" {
  name = "report"

  schedule = { cron = "* * * * *", time_limit = "5m" }

  script       = file("${path.module}/report.py")
  args         = ["earthquakes.parquet"]
  requirements = local.requirements
  inputs       = { tables = analytics_minio.lake.users["etl"].s3 }

  http = {
    api = {
      base_url         = "http://${analytics_ingestion.api.endpoint}"
      token_wo         = var.api_token
      token_wo_version = "1"
    }
  }
}

output "s3" {
  description = "What clients need. It holds no secret: the credentials are in the Secrets that it names."
  value       = { for name, user in analytics_minio.lake.users : name => user.s3 }
}

output "api" {
  description = "Where the API is."
  value       = analytics_ingestion.api.endpoint
}

output "capacity" {
  description = "How much the object storage holds."
  value       = analytics_minio.lake.capacity
}
