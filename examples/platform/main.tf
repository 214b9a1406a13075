# A data platform in one file, which `make demo` applies: object storage, programs that
# bring data in, Spark that prepares it, MLflow that keeps what was learnt from it,
# Airflow that runs all of these in order, and a program that tells an HTTP API of the
# result. Each refers to those that it needs, and no credential stands in plan or state.
#
# Made for a cluster of 2 processors and 24 GiB of memory. By hand, KUBE_CONFIG_PATH must
# name a kubeconfig; the namespace is made.

terraform {
  required_providers {
    analytics = {
      source = "terraform-provider-analytics/analytics"
    }
  }
}

provider "analytics" {
  defaults    = { labels = { platform = var.namespace } }
  create_plan = "short" # the fields of some hundred new objects say little
}

variable "namespace" {
  description = "Namespace of the platform, which is made."
  type        = string
  default     = "platform"
}

variable "claim_namespace" {
  description = "Namespace in which the provider notes what the workspace is."
  type        = string
  default     = "default"
}

variable "api_server_cidrs" {
  description = "Addresses of the Kubernetes API server, such as 10.0.0.1/32. With them the platform is isolated from the other namespaces. Default: it is not."
  type        = list(string)
  default     = null
}

variable "spark_image" {
  description = "Image of Spark with the jars for S3 in it. Default: Spark's own, and the driver downloads them."
  type        = string
  default     = null
}

variable "index_image" {
  description = "Image of a package index that is run in the cluster. Default: none, and packages come from PyPI."
  type        = string
  default     = null
}

variable "api_token" {
  description = "Bearer token for the API. It stands in no plan and no state."
  type        = string
  ephemeral   = true
}

locals {
  mlflow_version = "3.17.2"
  # It has what programs need to train a model and to log it.
  mlflow_image = "ghcr.io/mlflow/mlflow:v${local.mlflow_version}-full"
  # Airflow runs what has this schedule, and nothing else does.
  on_demand    = { cron = "@yearly", suspend = true, retries = 1, time_limit = "15m" }
  orchestrator = "orchestrator"
  # Where Spark gets the jars for S3, and where it writes the events of its runs.
  spark_jars   = var.spark_image == null ? "packages" : "image"
  spark_events = "s3a://events/"
  # Many small servers share two processors.
  small = { requests = { cpu = "20m", memory = "128Mi" } }
}

resource "analytics_workspace" "platform" {
  name            = var.namespace
  claim_namespace = var.claim_namespace

  # Its token lets Airflow make Jobs of the programs' schedules, and follow them.
  service_accounts = { (local.orchestrator) = { role = "editor" } }

  # Pods reach each other, the API server, and addresses outside of the cluster by HTTPS.
  network = {
    isolated         = var.api_server_cidrs != null
    api_server_cidrs = var.api_server_cidrs
    egress = var.api_server_cidrs == null ? null : [{
      peers = [{ cidr = "0.0.0.0/0", except = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] }]
      ports = [{ port = 443 }]
    }]
  }
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = analytics_workspace.platform.name

  pools     = [{ servers = 4, size = "1Gi" }]
  console   = true
  resources = local.small

  buckets = {
    raw    = { versioning = true }
    tables = {}
    models = {}
    events = {}
    logs   = { lifecycle = [{ expire_days = 30 }] }
  }

  # One for each bucket, by its name.
  policies = {
    for bucket in ["raw", "tables", "models", "events", "logs"] : bucket => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        Resource = ["arn:aws:s3:::${bucket}", "arn:aws:s3:::${bucket}/*"]
      }]
    })
  }

  users = {
    land    = { policies = ["raw"], bucket = "raw" }
    spark   = { policies = ["raw", "tables", "events"], bucket = "tables" }
    train   = { policies = ["tables"], bucket = "tables" }
    mlflow  = { policies = ["models"], bucket = "models" }
    airflow = { policies = ["logs"], bucket = "logs" }
    # Signs in to the console.
    operator = { policies = ["consoleAdmin"] }
  }
}

# Stands in for the APIs of others. It makes up earthquakes, in the format of the feeds
# of the United States Geological Survey, and takes reports from whoever has the token.
resource "analytics_automation" "api" {
  name       = "api"
  namespace  = analytics_workspace.platform.name
  continuous = { port = 8080, readiness = { path = "/" } }
  script     = file("${path.module}/api.py")
  resources  = local.small

  http = { api = { base_url = "http://localhost:8080", token_wo = var.api_token, token_wo_version = "1" } }
}

# Stands in for PyPI where the pods cannot reach it.
resource "analytics_ingestion" "index" {
  count = var.index_image == null ? 0 : 1

  name       = "index"
  namespace  = analytics_workspace.platform.name
  image      = var.index_image
  continuous = { port = 8080 }
  resources  = local.small
}

# Writes what the API has, as it is.
resource "analytics_ingestion" "land" {
  name      = "land"
  namespace = analytics_workspace.platform.name
  schedule  = local.on_demand

  script = file("${path.module}/land.py")
  args   = ["http://${analytics_automation.api.endpoint}/earthquakes.csv", "earthquakes.csv"]
  requirements = {
    packages  = ["pyarrow==26.0.1"]
    index_url = one([for index in analytics_ingestion.index : "http://${index.endpoint}/simple"])
    cache     = { size = "1Gi" }
  }
  outputs   = { raw = analytics_minio.lake.users["land"].s3 }
  resources = { requests = { cpu = "20m" }, limits = { memory = "512Mi" } }
}

# Makes Parquet of it: how many earthquakes are at least so strong.
resource "analytics_spark_job" "count" {
  name      = "count"
  namespace = analytics_workspace.platform.name
  image     = var.spark_image
  schedule  = local.on_demand

  script    = file("${path.module}/count.py")
  arguments = ["s3a://raw/earthquakes.csv", "s3a://tables/frequencies"]

  s3        = analytics_minio.lake.users["spark"].s3
  s3_jars   = local.spark_jars
  event_log = { directory = local.spark_events }

  driver   = { memory = "512Mi", resources = { requests = { cpu = "50m" } } }
  executor = { memory = "512Mi", instances = 1, resources = { requests = { cpu = "50m" } } }

  spark_config = { "spark.sql.shuffle.partitions" = "2" }
}

# Shows what its runs did.
resource "analytics_spark_history_server" "history" {
  name      = "history"
  namespace = analytics_workspace.platform.name
  image     = var.spark_image

  directory = local.spark_events
  s3        = analytics_minio.lake.users["spark"].s3
  s3_jars   = local.spark_jars
  retention = { max_age = "720h" }

  memory    = "512Mi"
  resources = { requests = { cpu = "20m" } }
}

resource "analytics_mlflow" "tracking" {
  name      = "tracking"
  namespace = analytics_workspace.platform.name
  version   = local.mlflow_version

  # Two share what one could do; here one is enough.
  replicas  = 1
  artifacts = analytics_minio.lake.users["mlflow"].s3
  resources = { requests = { cpu = "20m", memory = "400Mi" } }
  database  = { embedded = { size = "1Gi", resources = local.small } }

  default_permission = "NO_PERMISSIONS"
  users              = { train = {}, report = {} }
  experiments        = { earthquakes = { permissions = { train = "EDIT", report = "READ" } } }
  models             = { gutenberg-richter = { permissions = { train = "EDIT", report = "READ" } } }
}

# Learns from the table, and logs the run and the model.
resource "analytics_ingestion" "train" {
  name      = "train"
  namespace = analytics_workspace.platform.name
  image     = local.mlflow_image
  schedule  = local.on_demand

  script    = file("${path.module}/train.py")
  args      = ["frequencies", "earthquakes", "gutenberg-richter"]
  inputs    = { tables = analytics_minio.lake.users["train"].s3 }
  mlflow    = analytics_mlflow.tracking.users["train"].tracking
  resources = { requests = { cpu = "20m", memory = "256Mi" }, limits = { memory = "1Gi" } }
}

# Asks the model, and tells the API what it says.
resource "analytics_automation" "report" {
  name      = "report"
  namespace = analytics_workspace.platform.name
  image     = local.mlflow_image
  schedule  = local.on_demand

  script    = file("${path.module}/report.py")
  args      = ["gutenberg-richter"]
  mlflow    = analytics_mlflow.tracking.users["report"].tracking
  resources = { requests = { cpu = "20m", memory = "256Mi" }, limits = { memory = "1Gi" } }

  http = {
    api = {
      base_url         = "http://${analytics_automation.api.endpoint}"
      token_wo         = var.api_token
      token_wo_version = "1"
    }
  }
}

# Runs the four, one after the other: at once, and then every night.
resource "analytics_airflow" "flow" {
  name      = "flow"
  namespace = analytics_workspace.platform.name

  dags = {
    "earthquakes.py" = templatefile("${path.module}/earthquakes.py.tftpl", {
      steps = jsonencode([analytics_ingestion.land.name, analytics_spark_job.count.name, analytics_ingestion.train.name, analytics_automation.report.name])
    })
  }
  logs = analytics_minio.lake.users["airflow"].s3

  resources = { requests = { cpu = "20m", memory = "256Mi" } }
  scheduler = { service_account = local.orchestrator, automount_service_account_token = true }
  triggerer = { replicas = 0 }
  database  = { embedded = { size = "1Gi", resources = local.small }, backups = { size = "1Gi" } }
  config = {
    core          = { parallelism = "4" }
    dag_processor = { parsing_processes = "1" }
    # Five seconds are too few where two processors do all this.
    workers = { execution_api_timeout = "180" }
  }
}

output "ui" {
  description = "The user interfaces: the Service and the port that lead there, and the Secret with the user's name and password under these keys. Spark's asks nobody who they are."
  value = {
    Airflow = { service = analytics_airflow.flow.name, port = 8080, secret = analytics_airflow.flow.admin_secret, keys = ["username", "password"] }
    MLflow  = { service = analytics_mlflow.tracking.name, port = 5000, secret = analytics_mlflow.tracking.admin_secret, keys = ["username", "password"] }
    MinIO   = { service = analytics_minio.lake.name, port = 9001, secret = analytics_minio.lake.users["operator"].s3.secret, keys = ["access_key", "secret_key"] }
    Spark   = { service = analytics_spark_history_server.history.name, port = 18080, secret = null, keys = [] }
  }
}

output "s3" {
  description = "What clients need. It holds no secret: the credentials are in the Secrets that it names."
  value       = { for name, user in analytics_minio.lake.users : name => user.s3 }
}

output "airflow" {
  description = "URL of Airflow inside of the cluster."
  value       = analytics_airflow.flow.url
}

output "mlflow" {
  description = "URL of MLflow inside of the cluster."
  value       = analytics_mlflow.tracking.tracking_uri
}

output "spark_history" {
  description = "URL of Spark's history server inside of the cluster."
  value       = analytics_spark_history_server.history.url
}

output "api" {
  description = "Where the API is."
  value       = analytics_automation.api.endpoint
}
