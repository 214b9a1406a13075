import {
  to = analytics_airflow.flow
  identity = {
    namespace = "data"
    name      = "flow"
  }
}
