module github.com/terraform-provider-analytics/terraform-provider-analytics/internal/localcluster/components/pause

go 1.26.0
