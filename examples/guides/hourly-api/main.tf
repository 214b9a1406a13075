terraform {
  required_providers {
    analytics = {
      source = "terraform-provider-analytics/analytics"
    }
  }
}

provider "analytics" {}

variable "namespace" {
  description = "Namespace of the program. It must exist."
  type        = string
  default     = "data"
}

variable "index_url" {
  description = "Package index. Default: PyPI."
  type        = string
  default     = null
}

variable "lake" {
  description = "Bucket for the tables: an s3 of a user of analytics_minio."
  type = object({
    endpoint  = string
    region    = string
    bucket    = string
    namespace = string
    secret    = string
    version   = string
  })
}

variable "shop_token" {
  description = "Bearer token for the API of the shop."
  type        = string
  ephemeral   = true
}

resource "analytics_automation" "orders" {
  name      = "orders"
  namespace = var.namespace

  # Five minutes past each hour, so that the API has the hour's last orders. What could
  # not begin within half an hour is left out.
  schedule = {
    cron              = "5 * * * *"
    retries           = 3
    time_limit        = "20m"
    starting_deadline = "30m"
  }

  script       = file("${path.module}/ingest.py")
  requirements = { packages = ["pyarrow==26.0.1"], index_url = var.index_url }

  # SHOP_BASE_URL and SHOP_TOKEN.
  http = {
    shop = {
      base_url         = "https://shop.example.com/api/v1"
      token_wo         = var.shop_token
      token_wo_version = "1"
    }
  }

  # LAKE_BUCKET, and what S3 clients read.
  outputs = { lake = var.lake }

  resources = {
    requests = { cpu = "100m", memory = "256Mi" }
    limits   = { memory = "1Gi" }
  }
}

output "last_run" {
  value = analytics_automation.orders.result
}
