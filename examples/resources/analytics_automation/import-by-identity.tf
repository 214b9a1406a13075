import {
  to = analytics_automation.refresh
  identity = {
    namespace = "data"
    name      = "refresh"
  }
}
