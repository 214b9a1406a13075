resource "analytics_mlflow" "tracking" {
  name      = "tracking"
  namespace = "data"

  # Artifacts and models go through the servers to this storage; clients need no
  # credentials for it.
  artifacts = analytics_minio.lake.users["mlflow"].s3

  # Nobody sees what was not given to them.
  default_permission = "NO_PERMISSIONS"

  # Each has a generated password, in a Secret of its own.
  users = {
    ana      = {}
    training = {}
  }

  experiments = {
    fraud = { permissions = { training = "EDIT", ana = "READ" } }
  }

  ingress = {
    host       = "mlflow.example.com"
    tls_secret = "mlflow-tls"
  }
}

output "tracking_uri" {
  value = analytics_mlflow.tracking.tracking_uri
}

# Name and password of the first administrator are in this Secret.
output "administrator" {
  value = analytics_mlflow.tracking.admin_secret
}
