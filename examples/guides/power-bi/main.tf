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

variable "tenant_id" {
  description = "Id of the Microsoft Entra tenant."
  type        = string
}

variable "client_id" {
  description = "Id of the application that may refresh the dataset."
  type        = string
}

variable "client_secret" {
  description = "Secret of the application."
  type        = string
  ephemeral   = true
}

variable "workspace_id" {
  description = "Id of the Power BI workspace: what follows /groups/ in its URL."
  type        = string
}

variable "dataset_id" {
  description = "Id of the dataset: what follows /datasets/ in its URL."
  type        = string
}

resource "analytics_automation" "refresh" {
  name      = "refresh"
  namespace = var.namespace

  schedule = {
    cron       = "30 6 * * 1-5"
    time_zone  = "Europe/Berlin"
    time_limit = "2h"
  }

  script       = file("${path.module}/refresh.py")
  args         = [var.workspace_id, var.dataset_id]
  requirements = { packages = ["azure-identity==1.27.0"], index_url = var.index_url }

  # AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.
  entra = {
    tenant_id                = var.tenant_id
    client_id                = var.client_id
    client_secret_wo         = var.client_secret
    client_secret_wo_version = "1"
  }
}

output "last_run" {
  value = analytics_automation.refresh.result
}
