import {
  to = analytics_workspace.marketing
  id = "marketing"
}
