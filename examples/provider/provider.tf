terraform {
  required_providers {
    analytics = {
      source = "terraform-provider-analytics/analytics"
    }
  }
}

provider "analytics" {
  config_path    = "~/.kube/config"
  config_context = "production"

  defaults = {
    namespace = "data"
    labels    = { team = "data-platform" }
  }
}
