output "namespace" {
  description = "Namespace for what else the team runs."
  value       = analytics_workspace.room.name
}

output "quota_usage" {
  description = "How much of its quota the team uses."
  value       = analytics_workspace.room.quota_usage
}

output "loaded" {
  description = "What the last run of the ingestion has written."
  value       = analytics_ingestion.load.result
}
