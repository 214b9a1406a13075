resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = "data"

  # Four servers with one drive each: any two drives may be lost without a loss
  # of data.
  pools = [{ servers = 4, size = "100Gi" }]

  buckets = {
    raw  = { versioning = true, quota = "50Gi" }
    logs = { lifecycle = [{ expire_days = 30 }] }
  }

  policies = {
    write-logs = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
        Resource = ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]
      }]
    })
  }

  users = {
    airflow = { policies = ["write-logs"], bucket = "logs" }
  }
}

# Endpoint, region, bucket and the name of the Secret with the credentials.
output "airflow_s3" {
  value = analytics_minio.lake.users["airflow"].s3
}
