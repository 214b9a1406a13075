import {
  to = analytics_mlflow.tracking
  id = "data/tracking"
}
