package script

import (
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/autoscale"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// connectionName leaves room for a suffix, and becomes a prefix of variables.
var connectionName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

var pythonVersion = regexp.MustCompile(`^3\.[0-9]{1,2}$`)

// attributes are those that both resources have.
func attributes() map[string]schema.Attribute {
	all := pod.Attributes("Default: requests of `100m` CPU and `128Mi` memory, and a limit of `512Mi` memory.")
	maps.Copy(all, modeAttributes())
	maps.Copy(all, run.Attributes())
	maps.Copy(all, map[string]schema.Attribute{
		"script": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "The program. Python runs it, unless it begins with `#!` and the program that is to run it, for instance `#!/bin/bash`. The plan shows its " +
				"changed lines, so it must hold no secrets. It stands at `/code/main.py`, or at `/code/main` where it begins with `#!`. Default: what `command` says, else what the image runs.",
			Validators: []validator.String{codeSize(), pythonSyntax{}, stringvalidator.ConflictsWith(path.MatchRoot("command"))},
		},
		"files": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Further files in `/code` by their path in it, such as modules that the script imports. The plan shows their changed lines, so they must hold no secrets. " +
				"Together with `script` they may have 1 MiB.",
			Validators: []validator.Map{validate.Keys{Text: validate.RelativePath()}},
		},
		"command": schema.ListAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.List{listvalidator.SizeAtLeast(1)},
			MarkdownDescription: "The command to run, for instance `[\"python3\", \"-m\", \"ingest\"]`. Shown in clear, so it must hold no secrets. Default: the `script`, else what the image runs.",
		},
		"args": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Arguments of the script, the command or the image's own command. Shown in clear, so they must hold no secrets.",
		},
		"working_dir": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.MountPath()},
			MarkdownDescription: "Directory in which the program runs. Default: `/tmp`, which can be written to, for a `script`; else that of the image.",
		},
		"image": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.Image(), stringvalidator.ConflictsWith(path.MatchRoot("python_version"))},
			MarkdownDescription: "Image that has what the program needs. Default: `docker.io/library/python:VERSION-slim`.",
		},
		"python_version": schema.StringAttribute{
			Optional:            true,
			Validators:          []validator.String{stringvalidator.RegexMatches(pythonVersion, "must be a version such as \"3.13\"")},
			MarkdownDescription: "Version of Python of the default image. Default: `" + DefaultPython + "`.",
		},
		"requirements": requirementsAttribute(),
		"inputs":       connection.S3Inputs("Object storage that the program reads, by a name of your choice. "+variablesOfConnections, connectionNames()),
		"outputs":      connection.S3Inputs("Object storage that the program writes, by a name of your choice, which `inputs` must not have too. The variables are those of `inputs`.", connectionNames()),
		"mlflow": connection.TrackingInput("The MLflow that the program logs to: the output `users[\"NAME\"].tracking` of an `analytics_mlflow`. The program finds the variables that MLflow's clients read: " +
			"`MLFLOW_TRACKING_URI`, `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`. The credentials are copied into a Secret of this resource, from whichever namespace they are in."),
		"endpoint": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Host name and port of the Service that leads to the pods, where `continuous.port` is set. It outlives the pods.",
		},
	})
	return all
}

const variablesOfConnections = "For a connection called `raw`, the program finds the environment variables `RAW_BUCKET` (where the connection names a bucket), `RAW_ENDPOINT_URL`, " +
	"`RAW_REGION`, `RAW_AWS_ACCESS_KEY_ID` and `RAW_AWS_SECRET_ACCESS_KEY`. Where all connections are those of the same user, or one is called `default`, the program also finds what " +
	"the AWS SDKs and most other clients read by themselves: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_S3`. " +
	"The credentials are copied into a Secret of this resource, from whichever namespace they are in."

func connectionNames() validator.Map {
	return mapvalidator.KeysAre(stringvalidator.RegexMatches(connectionName, "must have at most 40 lower case letters, digits and '_', and begin with a letter"))
}

func modeAttributes() map[string]schema.Attribute {
	oneMode := objectvalidator.ExactlyOneOf(path.MatchRoot("once"), path.MatchRoot("schedule"), path.MatchRoot("continuous"))
	words := run.Words{Program: "program", Retries: "How often a run that fails is tried again", TimeLimit: "30m", TTL: "1h"}
	probe := func(description string) schema.Attribute {
		return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: map[string]schema.Attribute{
			"path": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Path on `port` that answers with a status from 200 to 399 when all is well.",
				Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^/\S*$`), "must begin with / and have no white space")},
			},
			"command":        schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Command that ends with 0 when all is well.", Validators: []validator.List{listvalidator.SizeAtLeast(1)}},
			"period_seconds": schema.Int64Attribute{Optional: true, MarkdownDescription: "Seconds from one look to the next. Default: 5.", Validators: []validator.Int64{int64validator.Between(1, 3600)}},
			"failures":       schema.Int64Attribute{Optional: true, MarkdownDescription: "Failures in a row that count. Default: 3.", Validators: []validator.Int64{int64validator.Between(1, 100)}},
		}}
	}
	return map[string]schema.Attribute{
		"once": schema.SingleNestedAttribute{
			Optional: true, Validators: []validator.Object{oneMode},
			MarkdownDescription: "Run the program to its end, as a Job. It runs again when the program, its arguments, its image, its environment, its connections or `triggers` change, as `impact` says " +
				"beforehand, and for no other reason. Exactly one of `once`, `schedule` and `continuous` must be set.",
			Attributes: run.OnceAttributes(words),
		},
		"schedule": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Run the program at certain times, as a CronJob. The action `analytics_run` runs it in between, and so does `kubectl create job --from=cronjob/NAME NAME-now`.",
			Attributes: run.ScheduleAttributes(words),
		},
		"continuous": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Run the program all the time, as a Deployment. A change starts new pods and ends old ones only when the new ones are ready.",
			Attributes: map[string]schema.Attribute{
				"replicas":    schema.Int64Attribute{Optional: true, MarkdownDescription: "Number of pods. Default: 1.", Validators: []validator.Int64{int64validator.Between(0, 1000), autoscale.Replicas()}},
				"autoscaling": autoscale.Attribute(),
				"port": schema.Int64Attribute{
					Optional: true, Validators: []validator.Int64{int64validator.Between(1024, 65535)},
					MarkdownDescription: "TCP port on which the program listens. A Service of the resource's name then leads to the pods that are ready. Programs do not run as root, so the port is at least 1024.",
				},
				"readiness": probe("When a pod is ready. Default: when it accepts connections on `port`; without a port, when it runs."),
				"liveness":  probe("When a pod works; it is started anew otherwise. Default: as long as the program runs."),
				"grace_period": schema.StringAttribute{
					Optional: true, Validators: []validator.String{validate.Duration()}, MarkdownDescription: "How long the program may take to end after SIGTERM. Default: `30s`.",
				},
			},
		},
	}
}
