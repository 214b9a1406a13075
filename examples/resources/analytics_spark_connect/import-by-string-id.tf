import {
  to = analytics_spark_connect.connect
  id = "data/connect"
}
