# MinIO on four servers, with a bucket, a policy and a user. `make demo` applies
# this folder; by hand, the namespace must exist and KUBE_CONFIG_PATH must name a
# kubeconfig.

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

variable "image" {
  description = "Image of the server. Default: the provider's, pinned by digest."
  type        = string
  default     = null
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = var.namespace
  image     = var.image

  pools = [{ servers = 4, size = "1Gi" }]

  buckets = {
    raw = { versioning = true }
  }

  policies = {
    raw = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation"]
        Resource = ["arn:aws:s3:::raw", "arn:aws:s3:::raw/*"]
      }]
    })
  }

  users = {
    app = { policies = ["raw"], bucket = "raw" }
  }
}

output "s3" {
  description = "What a client needs. It holds no secret: the credentials are in the Secret that it names."
  value       = analytics_minio.lake.users["app"].s3
}

output "capacity" {
  value = analytics_minio.lake.capacity
}
