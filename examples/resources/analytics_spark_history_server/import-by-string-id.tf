import {
  to = analytics_spark_history_server.history
  id = "data/history"
}
