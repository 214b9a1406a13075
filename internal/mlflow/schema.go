// Package mlflow is analytics_mlflow: the tracking server and model registry of
// MLflow 3, with its database, the migration of its schema and its administrator.
package mlflow

import (
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/credential"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DefaultVersion is the version of MLflow that is run and tested by default.
const DefaultVersion = "3.17.2"

// DefaultImage is the image of that version, which has the drivers of databases and object storage.
const DefaultImage = defaultRepository + ":v" + DefaultVersion + "-full"

// defaultRepository is that of MLflow's own images. Those whose tag ends with "-full"
// have the drivers for Postgres and S3.
const defaultRepository = "ghcr.io/mlflow/mlflow"

// Model is the configuration of analytics_mlflow.
type Model struct {
	workload.Common
	pod.Settings
	Version           *string            `tfsdk:"version"`
	Image             *string            `tfsdk:"image"`
	Replicas          *int64             `tfsdk:"replicas"`
	Workers           *int64             `tfsdk:"workers"`
	Database          *postgres.Database `tfsdk:"database"`
	Artifacts         *connection.S3     `tfsdk:"artifacts"`
	Admin             *Admin             `tfsdk:"admin"`
	Users             map[string]User    `tfsdk:"users"`
	Experiments       map[string]Content `tfsdk:"experiments"`
	Models            map[string]Content `tfsdk:"models"`
	DefaultPermission *string            `tfsdk:"default_permission"`
	AllowedHosts      []string           `tfsdk:"allowed_hosts"`
	AllowedOrigins    []string           `tfsdk:"allowed_origins"`
	StaticPrefix      *string            `tfsdk:"static_prefix"`
	JobExecution      *bool              `tfsdk:"job_execution"`
	GarbageCollection *GarbageCollection `tfsdk:"garbage_collection"`
	Metrics           *Metrics           `tfsdk:"metrics"`
	Gateway           *Gateway           `tfsdk:"gateway"`
	Service           *expose.Service    `tfsdk:"service"`
	Ingress           *expose.Ingress    `tfsdk:"ingress"`
	TrackingURI       *string            `tfsdk:"tracking_uri"`
	ArtifactLocation  *string            `tfsdk:"artifact_location"`
	AdminSecret       *string            `tfsdk:"admin_secret"`
}

// Admin is the first administrator.
type Admin struct {
	credential.Password
	User *string `tfsdk:"user"`
}

// shortestPassword is the least length of a password that MLflow takes.
const shortestPassword = 12

var (
	versionForm = regexp.MustCompile(`^3\.(1[6-9]|[2-9]\d)\.\d+$`)
	userForm    = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.@]{0,63}$`)
	// declaredUserForm is that of users whose name is a part of a Secret's.
	declaredUserForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)
	contentForm      = regexp.MustCompile(`^[^\x00-\x1f]{1,250}$`)
	modelForm        = regexp.MustCompile(`^[^\x00-\x1f/:]{1,250}$`)
	prefixForm       = regexp.MustCompile(`^(/[-A-Za-z0-9_.~]+)+$`)
	hostForm         = regexp.MustCompile(`^[-A-Za-z0-9_.:*\[\]]+$`)
	originForm       = regexp.MustCompile(`^(\*|https?://[-A-Za-z0-9_.:*\[\]]+)$`)
)

// permissions are MLflow's, from the least to the most.
var permissions = []string{"NO_PERMISSIONS", "READ", "USE", "EDIT", "MANAGE"}

// Product is analytics_mlflow.
func Product() workload.Product[Model] {
	return workload.Product[Model]{Name: productName, Schema: resourceSchema, Render: render, CheckUpdate: checkUpdate, Remote: remote{}}
}

func resourceSchema() schema.Schema {
	artifacts := connection.S3Input("S3 storage for artifacts and models, such as the output `users[\"NAME\"].s3` of an `analytics_minio`. Its `bucket` is required. They are kept below the resource's name; " +
		"clients send and fetch them through the server and need no credentials for the storage.")
	artifacts.Optional, artifacts.Required = false, true
	attributes := pod.Attributes("It holds for the servers, and for the job that migrates the database. Default: requests of `100m` CPU and `512Mi` memory, and a limit of `2Gi` memory.")
	maps.Copy(attributes, map[string]schema.Attribute{
		"version": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Version of MLflow, 3.16.0 at least. Default: `" + DefaultVersion + "`. With an `image` of your own, say which version it holds. Another version " +
				"migrates the database before the servers are replaced. A lower one is refused.",
			Validators: []validator.String{stringvalidator.RegexMatches(versionForm, "must be a version of MLflow 3, 3.16.0 or later, such as "+DefaultVersion)},
		},
		"image": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Image with `mlflow` and `python` on the path, and the packages `psycopg2`, `boto3` and `flask-wtf`. Default: `" + defaultRepository +
				":vVERSION-full`.",
			Validators: []validator.String{validate.Image()},
		},
		"replicas":  schema.Int64Attribute{Optional: true, MarkdownDescription: "Number of servers. Default: 2, or 1 with `job_execution`.", Validators: []validator.Int64{int64validator.Between(1, 100)}},
		"workers":   schema.Int64Attribute{Optional: true, MarkdownDescription: "Processes of each server, each of which needs about 400 MiB of memory. Default: 1.", Validators: []validator.Int64{int64validator.Between(1, 64)}},
		"database":  postgres.Attribute("MLflow"),
		"artifacts": artifacts,
		"admin": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "The first administrator. The Secret that `admin_secret` names holds name and password, under the keys `username` and `password`, and the same as the variables that " +
				"MLflow's clients read, `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`.",
			Attributes: credential.WithPassword(shortestPassword, map[string]schema.Attribute{
				"user": schema.StringAttribute{
					Optional: true, MarkdownDescription: "Name. Default: `admin`. After a change the former one is an administrator still, until you delete it.",
					Validators: []validator.String{stringvalidator.RegexMatches(userForm, "must have at most 64 letters, digits, '_', '-', '.' and '@'")},
				},
			}),
		},
		"users": schema.MapNestedAttribute{
			Optional: true,
			MarkdownDescription: "Users by name. Each has a generated password in a Secret of its own, `NAME-user-USER`, with the same keys as that of the administrator. A user that is taken out " +
				"is deleted, and what it has logged stays.",
			Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(declaredUserForm, "must have 1 to 40 lower case letters, digits and '-', and begin and end with none of these"))},
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"admin":    schema.BoolAttribute{Optional: true, MarkdownDescription: "Let the user do everything. Default: `false`."},
				"rotate":   schema.StringAttribute{Optional: true, MarkdownDescription: "Change it, to any text, to have a new password generated."},
				"tracking": connection.TrackingOutput("All that a client needs to use MLflow as this user. It holds no secret."),
			}},
		},
		"experiments": contentAttribute("Experiments by name, which exist before anybody logs to them. One that is taken out goes to MLflow's trash.", "experiment", "runs", contentForm),
		"models":      contentAttribute("Registered models by name. One that is taken out is deleted.", "model", "versions", modelForm),
		"default_permission": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "What every user may do with experiments and models that say nothing about it: `NO_PERMISSIONS`, `READ` (default), `USE`, `EDIT` or `MANAGE`. Whoever makes one may manage it.",
			Validators:          []validator.String{stringvalidator.OneOf(permissions...)},
		},
		"allowed_hosts": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Further values of the header `Host` that the servers answer to, with the port where it is not that of the scheme; `*` in one stands for any text. All names of the Service, the host " +
				"of `ingress` and `localhost` are allowed already, and with a Service of type `NodePort` or `LoadBalancer` private IPv4 addresses.",
			Validators: []validator.List{listvalidator.ValueStringsAre(stringvalidator.RegexMatches(hostForm, "must be a host name or an address, with a port if need be"))},
		},
		"allowed_origins": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Further origins, such as `https://notebooks.example.com`, whose pages may call the API. Those of the hosts that are allowed without your doing are allowed already.",
			Validators:          []validator.List{listvalidator.ValueStringsAre(stringvalidator.RegexMatches(originForm, "must begin with http:// or https:// and have no path, or be *"))},
		},
		"static_prefix": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Path below which UI and API are served, such as `/mlflow`. It is a part of `tracking_uri`. Default: none.",
			Validators:          []validator.String{stringvalidator.RegexMatches(prefixForm, "must begin with '/', not end with it, and have letters, digits, '-', '_', '.' and '~'")},
		},
		"job_execution": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Let the server run jobs: evaluations and scorers that users start in the UI, and periodic ones. Their queue is in the server's own pod, so that there can be one replica only, and they take about " +
				"700 MiB of memory more. Default: `false`.",
		},
		"garbage_collection": collectionAttribute(),
		"metrics":            metricsAttribute(),
		"gateway":            gatewayAttribute(permissionsAttribute("endpoint")),
		"service":            expose.ServiceAttribute("The Service that clients use. It has the resource's name and the port 5000."),
		"ingress":            expose.IngressAttribute("Ingress to the servers."),
		"tracking_uri":       schema.StringAttribute{Computed: true, MarkdownDescription: "URL of the UI and the API inside of the cluster, which clients read from `MLFLOW_TRACKING_URI`."},
		"artifact_location":  schema.StringAttribute{Computed: true, MarkdownDescription: "Where artifacts and models are kept, as `s3://BUCKET/NAME`."},
		"admin_secret":       schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the Secret with the first administrator's `username` and `password`."},
	})
	return schema.Schema{
		MarkdownDescription: "Experiment tracking and model registry (MLflow 3), with its database and its first administrator.",
		Attributes:          attributes,
	}
}

func contentAttribute(description, kind, content string, form *regexp.Regexp) schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: description,
		Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(form, "must have 1 to 250 characters that MLflow takes for a name"))},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"permissions":   permissionsAttribute(kind),
			"force_destroy": schema.BoolAttribute{Optional: true, MarkdownDescription: "Remove the " + kind + " also with " + content + " when it is taken out of the configuration. Default: `false`, which refuses to remove one that has " + content + "."},
		}},
	}
}

func permissionsAttribute(kind string) schema.Attribute {
	return schema.MapAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "What the declared users may do with this " + kind + ": `NO_PERMISSIONS`, `READ`, `USE`, `EDIT` or `MANAGE`. A declared user that is not named has no permission of its own, " +
			"and so what `default_permission` says. Those of other users are left alone.",
		Validators: []validator.Map{mapvalidator.ValueStringsAre(stringvalidator.OneOf(permissions...))},
	}
}
