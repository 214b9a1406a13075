terraform import analytics_ingestion.orders data/orders
