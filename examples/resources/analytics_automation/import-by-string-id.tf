import {
  to = analytics_automation.refresh
  id = "data/refresh"
}
