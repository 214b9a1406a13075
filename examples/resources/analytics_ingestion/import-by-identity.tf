import {
  to = analytics_ingestion.orders
  identity = {
    namespace = "data"
    name      = "orders"
  }
}
