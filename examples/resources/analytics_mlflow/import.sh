terraform import analytics_mlflow.tracking data/tracking
