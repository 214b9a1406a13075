import {
  to = analytics_mlflow.tracking
  identity = {
    namespace = "data"
    name      = "tracking"
  }
}
