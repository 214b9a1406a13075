variable "cluster_endpoint" { type = string }
variable "cluster_ca" { type = string }
variable "cluster_name" { type = string }

# Short-lived tokens, printed by a command. Values that are not known before the
# apply, because the cluster is created in it, are fine here.
provider "analytics" {
  host                   = var.cluster_endpoint
  cluster_ca_certificate = var.cluster_ca

  exec = {
    api_version = "client.authentication.k8s.io/v1"
    command     = "aws"
    args        = ["eks", "get-token", "--cluster-name", var.cluster_name]
  }
}
