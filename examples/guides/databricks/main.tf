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

variable "host" {
  description = "URL of the Databricks workspace."
  type        = string
}

variable "token" {
  description = "Token for the workspace."
  type        = string
  ephemeral   = true
}

variable "job_id" {
  description = "Id of the job."
  type        = number
}

variable "day" {
  description = "Parameter day of the job. Another value starts the job again."
  type        = string
}

resource "analytics_automation" "start" {
  name      = "start"
  namespace = var.namespace

  # The apply waits for the end of the job.
  once = { retries = 2, time_limit = "2h" }

  script       = file("${path.module}/start.py")
  args         = [var.job_id, var.day]
  requirements = { packages = ["databricks-sdk==0.162.0"], index_url = var.index_url }

  # DATABRICKS_HOST and DATABRICKS_TOKEN.
  databricks = {
    host             = var.host
    token_wo         = var.token
    token_wo_version = "1"
  }
}

output "run" {
  value = jsondecode(analytics_automation.start.result.output)
}
