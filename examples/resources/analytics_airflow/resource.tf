resource "analytics_airflow" "flow" {
  name      = "flow"
  namespace = "data"

  # DAG files of this configuration; Airflow sees a change without a restart.
  dags = {
    "hello.py" = file("${path.module}/dags/hello.py")
  }

  # The logs of tasks outlive the pods that ran them.
  logs = analytics_minio.lake.users["airflow"].s3

  # Two of those that users and tasks wait for. Each pod of the scheduler runs
  # tasks, and has the memory for them.
  api_server = { replicas = 2 }
  scheduler = {
    replicas  = 2
    resources = { limits = { memory = "4Gi" } }
  }

  config = {
    core = { parallelism = "16" }
  }
}

output "airflow" {
  value = analytics_airflow.flow.url
}

# Name and password of the first administrator are in this Secret.
output "administrator" {
  value = analytics_airflow.flow.admin_secret
}
