import {
  to = analytics_ingestion.orders
  id = "data/orders"
}
