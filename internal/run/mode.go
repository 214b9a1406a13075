package run

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Once runs a program to its end, when its run key changes.
type Once struct {
	Wait             *bool             `tfsdk:"wait"`
	Triggers         map[string]string `tfsdk:"triggers"`
	Retries          *int64            `tfsdk:"retries"`
	TimeLimit        *string           `tfsdk:"time_limit"`
	NoRetryExitCodes []int64           `tfsdk:"no_retry_exit_codes"`
	TTL              *string           `tfsdk:"ttl"`
}

// Schedule runs a program at certain times.
type Schedule struct {
	Cron             string  `tfsdk:"cron"`
	TimeZone         *string `tfsdk:"time_zone"`
	Concurrency      *string `tfsdk:"concurrency"`
	StartingDeadline *string `tfsdk:"starting_deadline"`
	Suspend          *bool   `tfsdk:"suspend"`
	KeepSucceeded    *int64  `tfsdk:"keep_succeeded"`
	KeepFailed       *int64  `tfsdk:"keep_failed"`
	Retries          *int64  `tfsdk:"retries"`
	TimeLimit        *string `tfsdk:"time_limit"`
	NoRetryExitCodes []int64 `tfsdk:"no_retry_exit_codes"`
}

// What a schedule does where the user says nothing.
const (
	defaultConcurrency = string(batchv1.ForbidConcurrent)
	defaultKept        = 3
)

// Words are those in which the descriptions of the products differ.
type Words struct {
	// Program is what runs: "program".
	Program string
	// Retries says what a retry is, up to its intervals.
	Retries string
	// TimeLimit and TTL are examples.
	TimeLimit, TTL string
}

func (w Words) attempts() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"retries": schema.Int64Attribute{
			Optional: true, Validators: []validator.Int64{int64validator.Between(0, 100)},
			MarkdownDescription: w.Retries + ", at growing intervals from 10 seconds on. Default: 0.",
		},
		"time_limit": duration("How long a run may take with all its retries, for instance `" + w.TimeLimit + "`. Then it is ended. Default: no limit."),
		"no_retry_exit_codes": schema.ListAttribute{
			Optional: true, ElementType: types.Int64Type,
			Validators:          []validator.List{listvalidator.ValueInt64sAre(int64validator.Between(1, 255)), listvalidator.UniqueValues(), listvalidator.SizeBetween(1, 255)},
			MarkdownDescription: "Exit codes that trying again does not help: a run that ends with one of them fails at once.",
		},
	}
}

// OnceAttributes are those of Once.
func OnceAttributes(w Words) map[string]schema.Attribute {
	all := w.attempts()
	all["wait"] = schema.BoolAttribute{
		Optional:            true,
		MarkdownDescription: "Wait for the end of the run, and fail the apply when the run fails. Set it to `false` for what never ends. Default: `true`.",
	}
	all["triggers"] = schema.MapAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "Values of your choice that make the " + w.Program + " run again when they change. They are shown in clear.",
	}
	all["ttl"] = duration("How long Job and pods stay after the end of the run, for instance `" + w.TTL + "`. `result` stays nevertheless, and the " + w.Program +
		" does not run again. Default: as long as the resource.")
	return all
}

// ScheduleAttributes are those of Schedule.
func ScheduleAttributes(w Words) map[string]schema.Attribute {
	all := w.attempts()
	kept := func(how string) schema.Attribute {
		return schema.Int64Attribute{
			Optional: true, Validators: []validator.Int64{int64validator.Between(0, 1000)},
			MarkdownDescription: "Number of runs that " + how + " whose Jobs and logs stay. Default: 3.",
		}
	}
	all["cron"] = schema.StringAttribute{
		Required: true, Validators: []validator.String{validate.Cron()},
		MarkdownDescription: "When to run: minute, hour, day of the month, month and day of the week, for instance `0 6 * * 1-5`; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.",
	}
	all["time_zone"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{validate.TimeZone()},
		MarkdownDescription: "Time zone of `cron`, by its name in the IANA database, for instance `Europe/Berlin`. Default: `" + validate.DefaultTimeZone + "`.",
	}
	all["concurrency"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.OneOf(defaultConcurrency, string(batchv1.AllowConcurrent), string(batchv1.ReplaceConcurrent))},
		MarkdownDescription: "What to do when a run is due while another is under way: `Forbid` (default) leaves it out, `Allow` runs both, `Replace` ends the other one.",
	}
	all["starting_deadline"] = duration("How late a run may begin that could not begin in time. Default: without limit, but after more than 100 missed runs none begins any more.")
	all["suspend"] = schema.BoolAttribute{Optional: true, MarkdownDescription: "Begin no runs. Default: `false`."}
	all["keep_succeeded"], all["keep_failed"] = kept("succeeded"), kept("failed")
	return all
}

func duration(description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{validate.Duration()}}
}
