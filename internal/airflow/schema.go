// Package airflow is analytics_airflow: Apache Airflow 3 with its database, the
// migration of its schema, and its first administrator.
package airflow

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
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/requirements"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DefaultVersion is the version of Airflow that is run and tested by default.
const DefaultVersion = "3.3.2"

// DefaultImage is the image of that version.
const DefaultImage = defaultRepository + ":" + DefaultVersion

// defaultRepository is that of Airflow's own images.
const defaultRepository = "docker.io/apache/airflow"

// Model is the configuration of analytics_airflow.
type Model struct {
	workload.Common
	pod.Settings
	Version       *string                      `tfsdk:"version"`
	Image         *string                      `tfsdk:"image"`
	Requirements  *requirements.Requirements   `tfsdk:"requirements"`
	Executors     []string                     `tfsdk:"executors"`
	Database      *postgres.Database           `tfsdk:"database"`
	PgBouncer     *PgBouncer                   `tfsdk:"pgbouncer"`
	DAGs          map[string]string            `tfsdk:"dags"`
	Logs          *connection.S3               `tfsdk:"logs"`
	Config        map[string]map[string]string `tfsdk:"config"`
	DAGBundles    map[string]Bundle            `tfsdk:"dag_bundles"`
	Connections   map[string]Connection        `tfsdk:"connections"`
	Variables     map[string]string            `tfsdk:"variables"`
	Pools         map[string]Pool              `tfsdk:"pools"`
	AuthManager   *string                      `tfsdk:"auth_manager"`
	Keys          *Keys                        `tfsdk:"keys"`
	Admin         *Admin                       `tfsdk:"admin"`
	APIServer     *APIServer                   `tfsdk:"api_server"`
	Execution     *APIServer                   `tfsdk:"execution_api_server"`
	Scheduler     *Component                   `tfsdk:"scheduler"`
	DAGProcessor  *Component                   `tfsdk:"dag_processor"`
	Triggerer     *Component                   `tfsdk:"triggerer"`
	Workers       *Workers                     `tfsdk:"workers"`
	CeleryWorkers map[string]CeleryWorkers     `tfsdk:"celery_workers"`
	Broker        *Broker                      `tfsdk:"broker"`
	BaseURL       *string                      `tfsdk:"base_url"`
	DBClean       *DBClean                     `tfsdk:"db_clean"`
	LogGrooming   *LogGrooming                 `tfsdk:"log_grooming"`
	Metrics       *Metrics                     `tfsdk:"metrics"`
	Service       *expose.Service              `tfsdk:"service"`
	Ingress       *expose.Ingress              `tfsdk:"ingress"`
	URL           *string                      `tfsdk:"url"`
	AdminSecret   *string                      `tfsdk:"admin_secret"`
	ImportErrors  map[string]string            `tfsdk:"import_errors"`
}

// Admin is the first administrator.
type Admin struct {
	credential.Password
	User  *string `tfsdk:"user"`
	Email *string `tfsdk:"email"`
}

// Component is one kind of Airflow's servers.
type Component struct {
	pod.Settings
	Replicas *int64 `tfsdk:"replicas"`
}

// Workers are the pods in which the Kubernetes executor runs tasks.
type Workers struct {
	pod.Settings
}

var (
	versionForm = regexp.MustCompile(`^3\.\d+\.\d+$`)
	dagFile     = regexp.MustCompile(`^[A-Za-z0-9_][-A-Za-z0-9_.]{0,240}$`)
	sectionForm = regexp.MustCompile(`^[a-z][a-z0-9_.]*$`)
	userForm    = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.@]{0,63}$`)
	classForm   = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$`)
	baseURLForm = regexp.MustCompile(`^https?://[^/?#\s]+(/[^?#\s]*)?$`)
	tableName   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	oneLine     = regexp.MustCompile(`^[^\r\n]*$`)
	emailForm   = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
)

// Product is analytics_airflow.
func Product() workload.Product[Model] {
	return workload.Product[Model]{Name: productName, Schema: resourceSchema, Render: render, CheckUpdate: checkUpdate, Remote: remote{}, Lasts: lasts, Status: importErrors()}
}

func resourceSchema() schema.Schema {
	attributes := pod.Attributes("It holds for the servers, workers and jobs of Airflow and not for the database, and gives way to what a component says itself. Default: what each component's own `resources` say.")
	maps.Copy(attributes, map[string]schema.Attribute{
		"version": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Version of Airflow, 3.0.0 at least. Default: `" + DefaultVersion + "`. With an `image` of your own, say which version it holds. Another version " +
				"migrates the database before the servers restart. A lower one is refused.",
			Validators: []validator.String{stringvalidator.RegexMatches(versionForm, "must be a version of Airflow 3, such as "+DefaultVersion)},
		},
		"image": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Image of all components. Default: `" + defaultRepository + ":VERSION`. For providers and Python packages of your own, build one from it; for a trial, see `requirements`.",
			Validators:          []validator.String{validate.Image()},
		},
		"requirements": requirementsAttribute(),
		"executors": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "What runs tasks: `LocalExecutor` (default) in the scheduler's pods, `CeleryExecutor` in the workers of `celery_workers`, `KubernetesExecutor` in a pod of its own " +
				"for each. Of several, the first one is the default, and a task chooses another with its `executor` argument.",
			Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(executorName{})},
		},
		"database":  postgres.Attribute("Airflow"),
		"pgbouncer": pgBouncerAttribute(),
		"dags": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "DAG files by name, such as `hello.py`, at most 1 MiB together. A change reaches the DAG processor within about two minutes, without a restart.",
			Validators:          []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(dagFile, "must be a file name of letters, digits, '_', '-' and '.'")), dagSyntax{}},
		},
		"logs": connection.S3Input("S3 storage for the logs of tasks, such as the output `users[\"NAME\"].s3` of an `analytics_minio`. Its `bucket` is required. Default: none, and the log of a task is " +
			"gone with the pod that ran it."),
		"config": schema.MapAttribute{
			Optional: true, ElementType: types.MapType{ElemType: types.StringType},
			MarkdownDescription: "Options of Airflow by section and name, as in `airflow.cfg`. Their values are kept in a Secret and shown in `objects` as a revision only, so that they " +
				"may come from sensitive variables.",
			Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(sectionForm, "must be the name of a section of airflow.cfg in lower case"))},
		},
		"dag_bundles": bundlesAttribute(),
		"connections": connectionsAttribute(),
		"variables":   variablesAttribute(),
		"auth_manager": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Class of the auth manager. Default: `" + fabAuthManager + "`, which keeps users and roles in the database. With another one, " +
				"no administrator is created.",
			Validators: []validator.String{stringvalidator.RegexMatches(classForm, "must be the full name of a Python class")},
		},
		"admin": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "The first administrator. The Secret that `admin_secret` names holds name and password, under the keys `username` and `password`. It is the provider's own way " +
				"into Airflow, too.",
			Attributes: credential.WithPassword(8, map[string]schema.Attribute{
				"user":  schema.StringAttribute{Optional: true, MarkdownDescription: "Name. Default: `admin`.", Validators: []validator.String{stringvalidator.RegexMatches(userForm, "must have at most 64 letters, digits, '_', '-', '.' and '@'")}},
				"email": schema.StringAttribute{Optional: true, MarkdownDescription: "Address of electronic mail, which Airflow wants to have. Default: `admin@example.com`.", Validators: []validator.String{stringvalidator.RegexMatches(emailForm, "must be an address")}},
			}),
		},
		"pools":         poolsAttribute(),
		"keys":          keysAttribute(),
		"api_server":    apiServerAttribute(),
		"scheduler":     componentAttribute("The scheduler. With the local executor its pods run the tasks, and need the memory for them. Several run beside each other.", "requests of `100m` CPU and `512Mi` memory, and a limit of `2Gi` memory", 1),
		"dag_processor": componentAttribute("The DAG processor, which parses DAG files.", "requests of `100m` CPU and `384Mi` memory, and a limit of `2Gi` memory", 1),
		"triggerer":     componentAttribute("The triggerer, which waits in place of deferred tasks. 0 replicas go without.", "requests of `100m` CPU and `384Mi` memory, and a limit of `2Gi` memory", 0),
		"workers": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "The pods in which the Kubernetes executor runs tasks. They hold neither the database's password nor Airflow's keys.",
			Attributes:          pod.Attributes("Default: requests of `100m` CPU and `256Mi` memory, and a limit of `1Gi` memory."),
		},
		"celery_workers":       celeryWorkersAttribute(),
		"broker":               brokerAttribute(),
		"execution_api_server": executionServerAttribute(),
		"db_clean":             dbCleanAttribute(),
		"log_grooming":         logGroomingAttribute(),
		"metrics":              metricsAttribute(),
		"base_url": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "URL under which users reach the UI, with a path if it has one. Default: that of `ingress`, else that of the Service.",
			Validators:          []validator.String{stringvalidator.RegexMatches(baseURLForm, "must begin with http:// or https:// and have no query")},
		},
		"service": expose.ServiceAttribute("The Service of the API server. It has the resource's name and the port 8080."),
		"ingress": expose.IngressAttribute("Ingress to the API server."),
		"url":     schema.StringAttribute{Computed: true, MarkdownDescription: "URL of the UI and the REST API inside of the cluster."},
		attributeImportErrors: schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "What Python said of the DAG files that Airflow cannot import, by file: its path in the DAG folder, or `BUNDLE/PATH` in one of `dag_bundles`. Each plan and apply " +
				"reads it anew and warns of it. Null where the auth manager is another than the default one.",
		},
		"admin_secret": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the Secret with the first administrator's `username` and `password`. Null where the auth manager is another than the default one."},
	})
	return schema.Schema{
		MarkdownDescription: "Workflow orchestration (Apache Airflow 3), with its database, its first administrator and DAGs.",
		Attributes:          attributes,
	}
}

func componentAttribute(description, resources string, least int64) schema.SingleNestedAttribute {
	attributes := pod.Attributes("Default: " + resources + ".")
	attributes["replicas"] = schema.Int64Attribute{Optional: true, MarkdownDescription: "Number of pods. Default: 1.", Validators: []validator.Int64{int64validator.Between(least, 100)}}
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: attributes}
}
