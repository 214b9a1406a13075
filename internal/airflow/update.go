package airflow

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
)

// checkUpdate refuses what would lose data.
func checkUpdate(prior, planned *Model) diag.Diagnostics {
	diags := postgres.CheckVersion("Airflow", prior.version(), planned.version(), prior.Database, planned.Database)
	diags.Append(postgres.CheckUpdate(prior.Database, planned.Database)...)
	return diags
}
