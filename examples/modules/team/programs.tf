# What the team runs. Their credentials are in Secrets of the workspace, and in no
# plan and no state.

resource "analytics_ingestion" "load" {
  name      = "load"
  namespace = analytics_workspace.room.name
  labels    = analytics_workspace.room.labels

  # It runs again when the program changes. Instead of once, a schedule:
  # schedule = { cron = "0 6 * * *", time_zone = "Europe/Berlin" }
  once = { time_limit = "10m" }

  script  = file("${path.module}/load.py")
  files   = { "s3.py" = file("${path.module}/s3.py") }
  args    = [var.name]
  outputs = { lake = var.s3 }
}

resource "analytics_automation" "report" {
  count = var.api_url == null ? 0 : 1

  name      = "report"
  namespace = analytics_workspace.room.name
  labels    = analytics_workspace.room.labels
  once      = { time_limit = "10m", triggers = { loaded = analytics_ingestion.load.result.started } }

  script = file("${path.module}/report.py")
  args   = [var.name, analytics_ingestion.load.result.output]

  http = { api = { base_url = var.api_url, token_wo = var.api_token, token_wo_version = var.api_token_version } }

  # Nothing but DNS and the API.
  egress = {}
}
