resource "analytics_workspace" "marketing" {
  name = "marketing"

  labels           = { team = "marketing" }
  namespace_labels = { cost-center = "4711" }

  quota = {
    requests = { cpu = "8", memory = "32Gi" }
    limits   = { memory = "64Gi" }
    storage  = "500Gi"
    pods     = 50
  }

  # Pods of the workspace may connect to each other, to those of the storage,
  # which must allow it, and to addresses outside of the cluster by HTTPS.
  network = {
    allow_to = ["storage"]
    egress = [{
      peers = [{ cidr = "0.0.0.0/0", except = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] }]
      ports = [{ port = 443 }]
    }]
  }

  viewers = { groups = ["analysts"] }
  admins  = { groups = ["marketing-data"] }

  service_accounts = { ci = { role = "editor" } }
}

resource "analytics_workspace" "storage" {
  name    = "storage"
  network = { allow_from = ["marketing"] }
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = analytics_workspace.storage.name
  pools     = [{ servers = 4, size = "100Gi" }]
}
