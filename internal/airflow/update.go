package airflow

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
)

// checkUpdate refuses what would lose data.
func checkUpdate(prior, planned *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	from, to := prior.version(), planned.version()
	if older(to, from) && !postgres.Restores(prior.Database, planned.Database) {
		detail := fmt.Sprintf("The database has the schema of %s, which %s cannot read. Keep the version. ", from, to)
		detail += fmt.Sprintf("Or go back with the database too, and lose what it holds since: with database.restore_from = \"before-%s\" the apply restores the backup that was made before the migration to %s.", from, from)
		diags.AddAttributeError(path.Root("version"), "Airflow cannot go back to an older version", detail)
	}
	diags.Append(postgres.CheckUpdate(prior.Database, planned.Database)...)
	return diags
}

// older compares versions of three numbers.
func older(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return m < n
		}
	}
	return false
}
