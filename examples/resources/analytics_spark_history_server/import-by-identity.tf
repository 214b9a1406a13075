import {
  to = analytics_spark_history_server.history
  identity = {
    namespace = "data"
    name      = "history"
  }
}
