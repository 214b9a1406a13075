package airflow

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DBClean deletes old rows of the database from time to time.
type DBClean struct {
	Cron          string   `tfsdk:"cron"`
	TimeZone      *string  `tfsdk:"time_zone"`
	OlderThanDays *int64   `tfsdk:"older_than_days"`
	Tables        []string `tfsdk:"tables"`
}

const (
	cleaning = "db-clean"
	// keptDays is how long the database keeps its history.
	keptDays = 90
)

// cleanDatabase deletes what is older than as many days as its first argument says. The
// rows go for good, not into tables beside the others.
const cleanDatabase = `before=$(date --utc --date "$1 days ago" +%Y-%m-%dT%H:%M:%SZ)
shift
exec airflow db clean --clean-before-timestamp "$before" --skip-archive --yes "$@"`

func dbCleanAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Delete old rows of the database at certain times, with `airflow db clean` in a CronJob: runs of DAGs and of tasks, logs of events, import errors and the like. The last run of each DAG stays. " +
			"Default: never.",
		Attributes: map[string]schema.Attribute{
			"cron": schema.StringAttribute{
				Required: true, Validators: []validator.String{validate.Cron()},
				MarkdownDescription: "When: minute, hour, day of the month, month and day of the week, for instance `0 3 * * 0`; or `@daily`, `@weekly`, `@monthly`.",
			},
			"time_zone": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.TimeZone()},
				MarkdownDescription: "Time zone of `cron`, by its name in the IANA database. Default: `" + validate.DefaultTimeZone + "`.",
			},
			"older_than_days": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(1, 36500)},
				MarkdownDescription: fmt.Sprintf("Keep what is younger, in days. Default: %d.", keptDays),
			},
			"tables": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Tables to clean, as `airflow db clean --help` lists them, such as `[\"dag_run\", \"log\"]`. Default: all of them.",
				Validators: []validator.List{
					listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(),
					listvalidator.ValueStringsAre(stringvalidator.RegexMatches(tableName, "must be the name of a table")),
				},
			},
		},
	}
}

// dbClean renders the CronJob.
func (r *renderer) dbClean(c DBClean) {
	args := []string{"bash", "-ec", cleanDatabase, cleaning, fmt.Sprint(ptr.Deref(c.OlderThanDays, keptDays))}
	if len(c.Tables) > 0 {
		args = append(args, "--tables", strings.Join(c.Tables, ","))
	}
	template := r.jobTemplate(pod.TemplateInput{Name: cleaning, Container: corev1ac.Container().WithName(cleaning).WithArgs(args...)})
	r.objects = append(r.objects, workload.Object{
		Key: "CronJob/" + cleaning, Stage: workload.StageServer, Mask: template.Mask("spec.jobTemplate.spec.template"),
		Manifest: run.Schedule{Cron: c.Cron, TimeZone: c.TimeZone}.CronJob(r.n.of(cleaning), r.n.env.Namespace, r.n.selector(cleaning), run.Pods{Template: template.Spec, Container: cleaning}).
			WithLabels(map[string]string{componentLabel: cleaning}),
	})
}
