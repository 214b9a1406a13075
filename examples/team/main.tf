# Two teams on one cluster: each has a workspace of its own, made by one module, in
# which a program writes into the team's bucket and another one tells an HTTP API of
# it, where there is one. The object storage has a workspace too. To try it,
# KUBE_CONFIG_PATH must name a kubeconfig.

terraform {
  required_providers {
    analytics = {
      source = "terraform-provider-analytics/analytics"
    }
  }
}

provider "analytics" {}

variable "prefix" {
  description = "What the names of all namespaces begin with."
  type        = string
  default     = ""
}

variable "claim_namespace" {
  description = "Namespace in which the provider notes what the workspaces are. The teams must not reach its Secrets."
  type        = string
  default     = "default"
}

variable "servers" {
  description = "Number of servers of the object storage."
  type        = number
  default     = 4
}

variable "api_url" {
  description = "URL of an HTTP API that is told what was loaded. Default: none is."
  type        = string
  default     = null
}

variable "api_token" {
  description = "Bearer token for the API. It stands in no plan and no state."
  type        = string
  default     = null
  ephemeral   = true
}

locals {
  teams = {
    marketing = { memory = "4Gi", cost_center = "4711" }
    finance   = { memory = "8Gi", cost_center = "4712" }
  }
}

resource "analytics_workspace" "storage" {
  name            = "${var.prefix}storage"
  claim_namespace = var.claim_namespace

  # The other half of this stands in the module: a connection needs both.
  network = { allow_from = [for team in keys(local.teams) : "${var.prefix}${team}"] }
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = analytics_workspace.storage.name
  pools     = [{ servers = var.servers, size = "1Gi" }]

  buckets = { for team in keys(local.teams) : team => {} }

  policies = {
    for team in keys(local.teams) : team => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
        Resource = ["arn:aws:s3:::${team}", "arn:aws:s3:::${team}/*"]
      }]
    })
  }

  users = { for team in keys(local.teams) : team => { policies = [team], bucket = team } }
}

module "team" {
  source   = "../modules/team"
  for_each = local.teams

  name            = "${var.prefix}${each.key}"
  claim_namespace = var.claim_namespace
  cost_center     = each.value.cost_center
  memory          = each.value.memory
  s3              = analytics_minio.lake.users[each.key].s3
  api_url         = var.api_url
  api_token       = var.api_token
}

output "teams" {
  description = "What each team has and uses."
  value       = module.team
}
