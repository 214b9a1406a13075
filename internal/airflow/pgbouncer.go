package airflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DefaultPgBouncerImage is the image that the project of Airflow makes of PgBouncer.
const DefaultPgBouncerImage = defaultRepository + ":airflow-pgbouncer-2025.03.05-1.23.1"

// PgBouncer has the servers of Airflow share connections to the database.
type PgBouncer struct {
	pod.Settings
	Replicas              *int64            `tfsdk:"replicas"`
	Image                 *string           `tfsdk:"image"`
	MaxClientConn         *int64            `tfsdk:"max_client_conn"`
	MetadataPoolSize      *int64            `tfsdk:"metadata_pool_size"`
	ResultBackendPoolSize *int64            `tfsdk:"result_backend_pool_size"`
	Config                map[string]string `tfsdk:"config"`
}

const (
	pgBouncer     = "pgbouncer"
	keyPgBouncer  = "ConfigMap/pgbouncer"
	pgBouncerPort = 6543
	// pgBouncerUser is the uid, gid and fsGroup of the server: PgBouncer refuses root.
	pgBouncerUser = 65534
	// pgBouncerGrace is how long transactions may go on when a pod is to stop, in seconds.
	pgBouncerGrace = 60

	databaseScheme = "postgresql+psycopg2"
	// poolerURL and poolerResultsURL are keys of the database's Secret: the ways through
	// PgBouncer to the database of Airflow, and to the results of Celery in it.
	poolerURL        = "pgbouncer_url"
	poolerResultsURL = "pgbouncer_results_url"
	// metadataPool and resultsPool are what PgBouncer calls the database.
	metadataPool = "metadata"
	resultsPool  = "results"

	pgBouncerConfig = "/etc/pgbouncer"
	pgBouncerFile   = "pgbouncer.ini"
	pgBouncerUsers  = "/run/pgbouncer"
)

// Defaults of PgBouncer's limits, in connections.
const (
	pgBouncerClients  = 1000
	metadataPoolSize  = 10
	resultsPoolSize   = 5
	preparedPlans     = 200
	pgBouncerMaxPods  = 100
	pgBouncerMaxConns = 100000
)

// runPgBouncer writes the file of users, in which a quote stands for two, where no
// ConfigMap and no disk holds it. The signal to stop becomes the one that lets
// transactions end: the other one waits until clients go, which keep connections.
const runPgBouncer = `umask 077
quoted() { printf %s "$1" | sed 's/"/""/g'; }
printf '"%s" "%s"\n' "$(quoted "$DATABASE_USER")" "$(quoted "$DATABASE_PASSWORD")" >` + pgBouncerUsers + `/users.txt
unset DATABASE_PASSWORD
pgbouncer ` + pgBouncerConfig + "/" + pgBouncerFile + ` &
trap 'kill -INT $!' TERM
wait $! || wait $!`

// pgBouncerOptions are those that config must not set, with the attribute that does.
var pgBouncerOptions = map[string]string{
	"listen_addr": "", "listen_port": "", "unix_socket_dir": "", "pool_mode": "", "auth_type": "", "auth_file": "", "stats_users": "", "ignore_startup_parameters": "",
	"max_prepared_statements": "", "max_client_conn": "max_client_conn", "default_pool_size": "metadata_pool_size",
	"server_tls_sslmode": "database", "server_tls_ca_file": "database",
}

func pgBouncerAttribute() schema.Attribute {
	attributes := pod.Attributes("Default: requests of `50m` CPU and `32Mi` memory, and a limit of `256Mi` memory.")
	size := func(description string, otherwise, most int64) schema.Attribute {
		return schema.Int64Attribute{Optional: true, MarkdownDescription: fmt.Sprintf("%s Default: %d.", description, otherwise), Validators: []validator.Int64{int64validator.Between(1, most)}}
	}
	maps.Copy(attributes, map[string]schema.Attribute{
		"replicas": size("Number of pods, each with pools of its own.", 1, pgBouncerMaxPods),
		"image": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.Image()},
			MarkdownDescription: "Image with `pgbouncer` 1.21 or later, `sed` and `sh` on the path. Default: `" + pod.Pinned(DefaultPgBouncerImage) + "`.",
		},
		"max_client_conn":    size("How many connections a pod accepts.", pgBouncerClients, pgBouncerMaxConns),
		"metadata_pool_size": size("How many connections a pod opens to the database at most, for all but the results of Celery.", metadataPoolSize, pgBouncerMaxConns),
		"result_backend_pool_size": size("How many connections a pod opens at most for the results of Celery, where the database keeps them: with an external `broker`.",
			resultsPoolSize, pgBouncerMaxConns),
		"config": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Further options of the section `[pgbouncer]`, for instance `{ log_connections = \"1\" }`.",
			Validators: []validator.Map{
				mapvalidator.KeysAre(stringvalidator.RegexMatches(tableName, "must be an option of PgBouncer: lower case letters, digits and '_'")),
				mapvalidator.ValueStringsAre(stringvalidator.RegexMatches(oneLine, "must be one line")),
			},
		},
	})
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "PgBouncer in front of the database, embedded or external, so that many servers share few connections, each for as long as a transaction. `{}` is enough. Servers and " +
			"the results of Celery go through it; migrations, backups, jobs and KEDA go to the database itself, since they hold locks and statements for longer. Between PgBouncer and an external " +
			"database, `ssl_mode` holds. Default: none.",
		Attributes: attributes,
	}
}

// checkPgBouncer refuses options that follow from attributes, and what nothing reads.
func checkPgBouncer(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.PgBouncer == nil {
		return nil
	}
	at := path.Root(pgBouncer)
	if m.PgBouncer.ResultBackendPoolSize != nil && !m.keepsResults() {
		diags.AddAttributeError(at.AtName("result_backend_pool_size"), "The database keeps no results of Celery",
			"It does with the CeleryExecutor and an external broker alone. Remove result_backend_pool_size.")
	}
	diags.Append(validate.OwnedKeys(at.AtName("config"), "option", m.PgBouncer.Config, pgBouncerOptions)...)
	return diags
}

// keepsResults reports whether the database holds the results of Celery.
func (m *Model) keepsResults() bool { return m.usesCelery() && m.resultsInDatabase() }

// poolerAddresses are the ways through PgBouncer, by the keys of their URLs.
func (m *Model) poolerAddresses(n names) map[string]postgres.Address {
	if m.PgBouncer == nil {
		return nil
	}
	host := fmt.Sprintf("%s.%s.svc.%s", n.of(pgBouncer), n.env.Namespace, n.env.ClusterDomain)
	out := map[string]postgres.Address{poolerURL: {Scheme: databaseScheme, Host: host, Port: pgBouncerPort, Name: metadataPool}}
	if m.keepsResults() {
		out[poolerResultsURL] = postgres.Address{Scheme: "db+" + databaseScheme, Host: host, Port: pgBouncerPort, Name: resultsPool}
	}
	return out
}

// pgBouncerINI is PgBouncer's configuration, without a secret.
func (r *renderer) pgBouncerINI(p PgBouncer) string {
	d := r.database
	// As libpq has it: a quote stands for two.
	quoted := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	var b strings.Builder
	database := func(name string, size int64) {
		fmt.Fprintf(&b, "%s = host=%s port=%d dbname=%s pool_size=%d\n", name, d.Host, d.Port, quoted(d.Name), size)
	}
	b.WriteString("[databases]\n")
	database(metadataPool, ptr.Deref(p.MetadataPoolSize, metadataPoolSize))
	if r.m.keepsResults() {
		database(resultsPool, ptr.Deref(p.ResultBackendPoolSize, resultsPoolSize))
	}
	mode := d.SSLMode
	if d.CAFile != "" && mode == "require" {
		mode = "verify-ca" // libpq, too, compares where it has a certificate to do so with
	}
	options := map[string]string{
		"listen_addr": "*", "listen_port": fmt.Sprint(pgBouncerPort), "unix_socket_dir": "", "pool_mode": "transaction",
		"auth_type": "scram-sha-256", "auth_file": pgBouncerUsers + "/users.txt", "stats_users": d.User,
		"max_client_conn": fmt.Sprint(ptr.Deref(p.MaxClientConn, pgBouncerClients)), "max_prepared_statements": fmt.Sprint(preparedPlans),
		"ignore_startup_parameters": "extra_float_digits", "server_tls_sslmode": mode,
		"log_connections": "0", "log_disconnections": "0", // there are some for each probe
	}
	if d.CAFile != "" {
		options["server_tls_ca_file"] = d.CAFile
	}
	maps.Copy(options, p.Config)
	b.WriteString("\n[pgbouncer]\n")
	for _, option := range slices.Sorted(maps.Keys(options)) {
		fmt.Fprintf(&b, "%s = %s\n", option, options[option])
	}
	return b.String()
}

// pgBouncer renders the pooler, where there is one.
func (r *renderer) pgBouncer() {
	if r.m.PgBouncer == nil {
		return
	}
	p := *r.m.PgBouncer
	image := pod.Image(DefaultPgBouncerImage, r.n.env)
	if p.Image != nil {
		image = *p.Image
	}
	replicas := ptr.Deref(p.Replicas, 1)
	listens := func() *corev1ac.ProbeApplyConfiguration {
		return corev1ac.Probe().WithTCPSocket(corev1ac.TCPSocketAction().WithPort(intstr.FromString(pgBouncer)))
	}
	container := corev1ac.Container().WithName(pgBouncer).WithImage(image).WithCommand("sh", "-ec", runPgBouncer).
		WithEnv(corev1ac.EnvVar().WithName("DATABASE_USER").WithValue(r.database.User), pod.FromSecret("DATABASE_PASSWORD", r.database.Secret, postgres.KeyPassword)).
		WithPorts(corev1ac.ContainerPort().WithName(pgBouncer).WithContainerPort(pgBouncerPort).WithProtocol(corev1.ProtocolTCP)).
		WithReadinessProbe(listens().WithPeriodSeconds(3).WithTimeoutSeconds(5)).
		WithLivenessProbe(listens().WithPeriodSeconds(30).WithTimeoutSeconds(10).WithFailureThreshold(6)).
		// Clients must have learnt that the pod goes before it takes no new connections.
		WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().WithSleep(corev1ac.SleepAction().WithSeconds(5)))).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName(pgBouncer).WithMountPath(pgBouncerConfig).WithReadOnly(true),
			corev1ac.VolumeMount().WithName("users").WithMountPath(pgBouncerUsers)).
		WithVolumeMounts(r.database.Mounts...)
	volumes := append([]*corev1ac.VolumeApplyConfiguration{
		corev1ac.Volume().WithName(pgBouncer).WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(r.n.of(pgBouncer))),
		corev1ac.Volume().WithName("users").WithEmptyDir(corev1ac.EmptyDirVolumeSource().WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("1Mi"))),
	}, r.database.Volumes...)
	template, diags := p.Over(r.m.Placement()).Template(pod.TemplateInput{
		Environment: r.n.env, At: path.Root(pgBouncer), Name: r.n.of(pgBouncer), Role: pgBouncer, Selector: r.n.selector(pgBouncer), Siblings: r.n.instance(),
		Container: container, Volumes: volumes,
		Annotations: map[string]string{
			pod.RevisionAnnotation + pgBouncer:  workload.SecretRevision(keyPgBouncer),
			pod.RevisionAnnotation + "database": workload.SecretRevision(postgres.KeySecret),
		},
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
		User:     pgBouncerUser, Replicated: replicas > 1,
	})
	r.diags.Append(diags...)
	if diags.HasError() {
		return
	}
	template.Spec.Spec.WithTerminationGracePeriodSeconds(pgBouncerGrace)
	r.objects = append(r.objects, workload.Object{
		Key: keyPgBouncer, Stage: workload.StageIdentity,
		Manifest: corev1ac.ConfigMap(r.n.of(pgBouncer), r.n.env.Namespace).WithData(map[string]string{pgBouncerFile: r.pgBouncerINI(p)}),
	})
	r.service(pgBouncer, expose.Port(pgBouncer, pgBouncerPort))
	r.deployment(pgBouncer, workload.StageStorage, template, &replicas, replicas)
}
