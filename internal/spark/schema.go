// Package spark is analytics_spark_job, a batch Spark application, once or on a
// schedule; analytics_spark_connect, one that clients connect to; and
// analytics_spark_history_server, which shows what ran.
package spark

import (
	"fmt"
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DefaultImage is Spark's own image, with Python.
const DefaultImage = "docker.io/apache/spark:4.1.2-scala2.13-java17-python3-ubuntu"

// Model is the configuration of analytics_spark_job.
type Model struct {
	workload.Common
	run.State
	Session
	Script    *string  `tfsdk:"script"`
	MainFile  *string  `tfsdk:"main_file"`
	MainClass *string  `tfsdk:"main_class"`
	Arguments []string `tfsdk:"arguments"`

	Once     *run.Once     `tfsdk:"once"`
	Schedule *run.Schedule `tfsdk:"schedule"`
}

// Product is analytics_spark_job.
func Product() workload.Product[Model] {
	return workload.Product[Model]{Name: productName, Schema: resourceSchema, Render: render, Status: run.Status(func(m *Model) (*run.State, run.Source) { return &m.State, m.runs() })}
}

var (
	sparkVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+(\.[0-9]+)?$`)
	className    = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z_$][A-Za-z0-9_$]*)*$`)
	coordinates  = regexp.MustCompile(`^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+:[A-Za-z0-9_.+-]+$`)
	excluded     = regexp.MustCompile(`^[A-Za-z0-9_.-]+:[A-Za-z0-9_.*-]+$`)
	configKey    = regexp.MustCompile(`^[^\s=:#!]+$`)
	listed       = regexp.MustCompile(`^[^\s,]+$`)
)

func resourceSchema() schema.Schema {
	attributes := sessionAttributes()
	maps.Copy(attributes, applicationAttributes())
	maps.Copy(attributes, runAttributes())
	maps.Copy(attributes, run.Attributes())
	return schema.Schema{
		MarkdownDescription: "A batch Spark application: a driver as a Kubernetes Job, or on a schedule as a CronJob, that makes its executors itself. No operator is needed.",
		Attributes:          attributes,
	}
}

func applicationAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"script": text("Text of a Python application, for instance `file(\"job.py\")`. It is kept in a ConfigMap, so it must hold no secrets and at most 1 MiB. " +
			"Exactly one of `script` and `main_file` is needed."),
		"main_file": text("File with the application: `local://` and a path in the image, or a URL that Spark can read, such as `s3a://` or `https://`. One that ends in `.py` is Python, in `.R` is R, for which the image must have `Rscript`, and all others are jars.",
			file()),
		"main_class": text("Class of the application in a jar.", matching(className, "the full name of a class, such as org.example.Main", "org.example.A", "org.example.B")),
		"arguments": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Arguments of the application. `objects` shows a revision of each, since they may hold secrets; better give those as environment variables of `driver`.",
		},
	}
}

func runAttributes() map[string]schema.Attribute {
	words := run.Words{
		Program: "application", Retries: "How many times a driver that failed is started anew, each time with new executors", TimeLimit: "2h", TTL: "24h",
	}
	return map[string]schema.Attribute{
		"once": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Run the application to its end, as a Job. It runs again when what it does changes, as `impact` says beforehand, and for no other reason. " +
				"Default, without `schedule`: `{}`.",
			Attributes: run.OnceAttributes(words),
		},
		"schedule": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Run the application at certain times, as a CronJob. The action `analytics_run` runs it in between, and so does `kubectl create job --from=cronjob/NAME NAME-now`.",
			Attributes: run.ScheduleAttributes(words),
		},
	}
}

func text(description string, validators ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: validators}
}

func texts(description string, each validate.Text) schema.ListAttribute {
	return schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description, Validators: []validator.List{validate.Each{Text: each}}}
}

// matching validates by a pattern; a and b stand in for values that are not known.
func matching(pattern *regexp.Regexp, allowed, a, b string) validate.Text {
	return validate.Text{
		Allowed: allowed,
		Check: func(s string) error {
			if !pattern.MatchString(s) {
				return fmt.Errorf("it is %q", s)
			}
			return nil
		},
		Forms: [2]string{a, b},
	}
}

// file validates paths and URLs, which Spark takes as lists with commas. Its
// stand-ins are of both languages, on which the memory depends.
func file() validate.Text {
	return matching(listed, "a path or URL without spaces and commas", "local:///a.py", "local:///b.jar")
}

// image validates an image. A version can be found in its stand-ins.
func image() validate.Text {
	v := validate.Image()
	v.Forms = [2]string{"registry.example.com/spark:4.0.0", "registry.example.com/spark:4.1.0"}
	return v
}

func number(description string, least, most int64) schema.Int64Attribute {
	return schema.Int64Attribute{Optional: true, MarkdownDescription: description, Validators: []validator.Int64{int64validator.Between(least, most)}}
}
