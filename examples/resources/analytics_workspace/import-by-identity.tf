import {
  to = analytics_workspace.marketing
  identity = {
    name = "marketing"
  }
}
