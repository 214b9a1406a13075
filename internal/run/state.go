// Package run is how the runs of a resource went: those of its Job, or of the Jobs of
// its CronJob.
package run

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// Kubernetes reads the file when the container ends.
const (
	outputVariable = "OUTPUT_FILE"
	outputFile     = "/dev/termination-log"
)

// OutputVariable tells the program which file its output goes into.
func OutputVariable() *corev1ac.EnvVarApplyConfiguration {
	return corev1ac.EnvVar().WithName(outputVariable).WithValue(outputFile)
}

// State is what models have of their runs.
type State struct {
	Result   *Result  `tfsdk:"result"`
	NextRuns []string `tfsdk:"next_runs"`
	Runs     *Runs    `tfsdk:"runs"`
}

// Result is how the last run ended.
type Result struct {
	Succeeded *bool   `tfsdk:"succeeded"`
	Started   *string `tfsdk:"started"`
	Duration  *string `tfsdk:"duration"`
	ExitCode  *int64  `tfsdk:"exit_code"`
	Reason    *string `tfsdk:"reason"`
	Output    *string `tfsdk:"output"`
	Log       *string `tfsdk:"log"`
}

// Runs are those of a schedule.
type Runs struct {
	Last        *string `tfsdk:"last"`
	LastSuccess *string `tfsdk:"last_success"`
	Active      *int64  `tfsdk:"active"`
	Missed      *int64  `tfsdk:"missed"`
}

// Attributes are those of State.
func Attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"result": schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "How the last run of `once` or `schedule` ended. It stays when its Job is gone.",
			Attributes: map[string]schema.Attribute{
				"succeeded": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether it succeeded. Not set while it runs."},
				"started":   schema.StringAttribute{Computed: true, MarkdownDescription: "When it began, as in RFC 3339."},
				"duration":  schema.StringAttribute{Computed: true, MarkdownDescription: "How long it took with all its retries, for instance `1m30s`."},
				"exit_code": schema.Int64Attribute{Computed: true, MarkdownDescription: "Exit code of the program."},
				"reason":    schema.StringAttribute{Computed: true, MarkdownDescription: "Kubernetes' word for the end: `Completed`, `Error`, `OOMKilled`, `DeadlineExceeded` and others."},
				"output": schema.StringAttribute{Computed: true, MarkdownDescription: "What the program wrote into the file that the environment variable `" + outputVariable + "` names, at most 4096 bytes. `jsondecode` reads it where " +
					"the program writes JSON. It stands in the state, so the program must write no secrets into it; the values of the pods' Secrets are masked."},
				"log": schema.StringAttribute{Computed: true, MarkdownDescription: "The last lines of its log, with the values of the pods' Secrets masked."},
			},
		},
		"next_runs": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The next three runs of `schedule` after the last refresh, as in RFC 3339."},
		"runs": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "The runs of `schedule`, as of the last refresh.",
			Attributes: map[string]schema.Attribute{
				"last":         schema.StringAttribute{Computed: true, MarkdownDescription: "When the last run was due, as in RFC 3339."},
				"last_success": schema.StringAttribute{Computed: true, MarkdownDescription: "When the last run that succeeded ended, as in RFC 3339."},
				"active":       schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of runs that are under way."},
				"missed":       schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of runs that were due since `last` and have not begun, at most 100: one was left out because of `concurrency`, or the controller was away."},
			},
		},
	}
}
