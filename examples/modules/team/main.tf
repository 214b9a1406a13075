# A team's room on a shared cluster: a namespace with a quota, which nobody else
# reaches, and from which only the namespace of the object storage is reached.

terraform {
  required_providers {
    analytics = {
      source = "terraform-provider-analytics/analytics"
    }
  }
}

resource "analytics_workspace" "room" {
  name            = var.name
  claim_namespace = var.claim_namespace

  labels           = { team = var.name }
  namespace_labels = { cost-center = var.cost_center }

  quota = {
    requests       = { memory = var.memory }
    pods           = 20
    load_balancers = 0
  }

  network = { allow_to = [var.s3.namespace] }

  # An editor runs programs and reads their Secrets; the group of the team's name is
  # that of the cluster's authentication.
  editors          = { groups = [var.name] }
  service_accounts = { ci = { role = "editor" } }
}
