import {
  to = analytics_spark_connect.connect
  identity = {
    namespace = "data"
    name      = "connect"
  }
}
