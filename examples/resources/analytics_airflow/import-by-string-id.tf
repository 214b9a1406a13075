import {
  to = analytics_airflow.flow
  id = "data/flow"
}
