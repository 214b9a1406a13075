# By hand: terraform apply -invoke=action.analytics_run.orders
action "analytics_run" "orders" {
  config {
    name      = "orders"
    namespace = "data"
  }
}

# Or whenever the resource has changed.
resource "analytics_ingestion" "orders" {
  name      = "orders"
  namespace = "data"
  schedule  = { cron = "0 6 * * 1-5" }
  script    = file("${path.module}/orders.py")

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.analytics_run.orders]
    }
  }
}
