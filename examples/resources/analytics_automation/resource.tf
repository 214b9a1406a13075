variable "crm_token" {
  type      = string
  ephemeral = true
}

# Runs at apply, and again whenever script, credentials or triggers change.
resource "analytics_automation" "refresh" {
  name      = "refresh"
  namespace = "data"

  once = {
    time_limit          = "10m"
    retries             = 2
    no_retry_exit_codes = [2]
    triggers            = { orders = analytics_ingestion.orders.id }
  }

  script = file("${path.module}/refresh.py")

  # The script finds CRM_BASE_URL and CRM_TOKEN.
  http = {
    crm = {
      base_url         = "https://crm.example.com/api"
      token_wo         = var.crm_token
      token_wo_version = "1"
    }
  }

  # azure-identity finds AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.
  entra = {
    tenant_id          = "example.onmicrosoft.com"
    client_id          = "00000000-0000-0000-0000-000000000000"
    client_secret_from = { secret = "powerbi", key = "client-secret" }
  }

  # Nothing but DNS and these.
  egress = {
    to = [{ cidr = "203.0.113.0/24", ports = [443] }]
  }
}

output "refreshed" {
  value = jsondecode(analytics_automation.refresh.result.output)
}
