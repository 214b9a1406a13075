package postgres

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Keys of the Secret.
const (
	// KeyPassword is the key of the user's password.
	KeyPassword = "password"
	// KeyURL is the key of the URL of the database, with user and password.
	KeyURL = "url"
	keyCA  = "ca.crt"
)

// KeySecret is the key, in the plan, of the Secret with the credentials.
const KeySecret = "Secret/database"

const (
	port           = 5432
	componentLabel = "app.kubernetes.io/component"
	component      = "database"
	// user is the uid, gid and fsGroup of the server: those of the image.
	user        = 999
	passwordLen = 40
	dataVolume  = "data"
	dataPath    = "/var/lib/postgresql/data"
	caPath      = "/etc/database-ca"
)

var (
	requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")}
	limits   = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}
)

// Input is what a product knows about its database.
type Input struct {
	// Database is what the user has configured, if anything.
	Database *Database
	// Common are the settings of all of the resource's pods.
	Common      pod.Settings
	Environment workload.Environment
	// Resource is the name of the resource, Product that of its kind, which is
	// also that of the database and of its user.
	Resource, Product string
	// Version is that of the product, after which a backup is named.
	Version string
	// Scheme begins the URL, for instance "postgresql+psycopg2".
	Scheme string
	// Further are other ways to the database, such as a pooler, by the key that the
	// Secret has their URL under. User and password are the same.
	Further map[string]Address
}

// Address says where a database, or what stands in front of it, is found.
type Address struct {
	// Scheme begins the URL.
	Scheme, Host string
	Port         int64
	// Name is that of the database.
	Name string
}

// Output is what a product needs to use its database.
type Output struct {
	Objects []workload.Object
	// Secret is the name of the Secret with the credentials.
	Secret string
	// Identity tells one database from another, without a secret.
	Identity string
	// Host, Port, Name and User say where the database is and who uses it. SSLMode is
	// one of libpq's modes.
	Host, Name, User, SSLMode string
	Port                      int64
	// CAFile is the file with the certificate of the authority that signed the server's,
	// below Mounts. Empty where none is given.
	CAFile string
	// Libpq are the variables from which libpq takes the place of the database, user and
	// password, for clients that are given none of these.
	Libpq []*corev1ac.EnvVarApplyConfiguration
	// Env are variables, and Volumes and Mounts what these name, of every container
	// that connects.
	Env     []*corev1ac.EnvVarApplyConfiguration
	Volumes []*corev1ac.VolumeApplyConfiguration
	Mounts  []*corev1ac.VolumeMountApplyConfiguration
	// BeforeMigration are containers that must end well before the schema is changed,
	// and BackupVolumes what they mount.
	BeforeMigration []*corev1ac.ContainerApplyConfiguration
	BackupVolumes   []*corev1ac.VolumeApplyConfiguration
	// Restore is the name of the backup that the database is restored from, if any.
	Restore string
}

// Render renders the database, and the Secret with which it is used.
func Render(in Input) (Output, diag.Diagnostics) {
	var out Output
	var diags diag.Diagnostics
	switch {
	case in.Database != nil && in.Database.External != nil:
		out, diags = external(in, *in.Database.External)
	case in.Database != nil && in.Database.Embedded != nil:
		out, diags = embedded(in, *in.Database.Embedded)
	default:
		out, diags = embedded(in, Embedded{})
	}
	if !diags.HasError() {
		diags.Append(in.backup(&out)...)
	}
	return out, diags
}

func (in Input) name() string { return in.Resource + "-database" }

func (in Input) host() string {
	return fmt.Sprintf("%s.%s.svc.%s", in.name(), in.Environment.Namespace, in.Environment.ClusterDomain)
}

func (in Input) selector() map[string]string {
	labels := workload.InstanceLabels(in.Product, in.Resource)
	labels[componentLabel] = component
	return labels
}

func embedded(in Input, e Embedded) (Output, diag.Diagnostics) {
	at := path.Root("database").AtName("embedded")
	template, diags := e.Over(in.Common).Template(pod.TemplateInput{
		Environment: in.Environment, At: at, Name: in.name(), Role: component, Selector: in.selector(),
		Siblings: workload.InstanceLabels(in.Product, in.Resource), Container: server(in, e),
		Volumes: []*corev1ac.VolumeApplyConfiguration{
			corev1ac.Volume().WithName("run").WithEmptyDir(corev1ac.EmptyDirVolumeSource()),
		},
		Requests: requests, Limits: limits, User: user,
	})
	claim, more := volumeClaim(e, at)
	diags.Append(more...)
	if diags.HasError() {
		return Output{}, diags
	}
	labels := metav1ac.LabelSelector().WithMatchLabels(in.selector())
	// A fast shutdown ends connections; a smart one would wait for them to end.
	template.Spec.Spec.WithTerminationGracePeriodSeconds(60)
	data := map[string]workload.SecretValue{KeyPassword: workload.Generated(passwordLen, "")}
	in.urls(data, in.host(), port, in.Product, in.Product)
	objects := append(template.Objects,
		workload.Object{
			Key: KeySecret, Stage: workload.StageIdentity, Keep: true, Data: data,
			Manifest: corev1ac.Secret(in.name(), in.Environment.Namespace).WithType(corev1.SecretTypeOpaque),
		},
		workload.Object{
			Key: "Service/database", Stage: workload.StageIdentity,
			Manifest: corev1ac.Service(in.name(), in.Environment.Namespace).WithSpec(corev1ac.ServiceSpec().WithClusterIP(corev1.ClusterIPNone).
				WithSelector(in.selector()).WithPorts(corev1ac.ServicePort().WithName("postgres").WithPort(port).WithProtocol(corev1.ProtocolTCP))),
		},
		workload.Object{
			Key: "StatefulSet/database", Stage: workload.StageStorage, Mask: template.Mask("spec.template"),
			Manifest: appsv1ac.StatefulSet(in.name(), in.Environment.Namespace).WithLabels(map[string]string{componentLabel: component}).
				WithSpec(appsv1ac.StatefulSetSpec().WithServiceName(in.name()).WithReplicas(1).WithSelector(labels).
					WithTemplate(template.Spec).WithVolumeClaimTemplates(claim)),
		},
	)
	return Output{
		Objects: objects, Secret: in.name(), Identity: "embedded", Host: in.host(), Port: port, Name: in.Product, User: in.Product, SSLMode: "disable",
		Libpq: in.libpq(in.host(), port, in.Product, in.Product),
	}, diags
}

// urls adds the URL of the database to the data of the Secret, and those of the
// further ways to it.
func (in Input) urls(data map[string]workload.SecretValue, host string, port int64, name, user string) {
	data[KeyURL] = Address{in.Scheme, host, port, name}.url(user)
	for key, a := range in.Further {
		data[key] = a.url(user)
	}
}

// url has the password put in by the engine, so all else is a format.
func (a Address) url(user string) workload.SecretValue {
	literal := func(text string) string { return strings.ReplaceAll(text, "%", "%%") }
	address := url.URL{Scheme: a.Scheme, Host: net.JoinHostPort(a.Host, strconv.FormatInt(a.Port, 10)), Path: "/" + a.Name}
	rest := strings.TrimPrefix(address.String(), a.Scheme+"://")
	name := strings.ReplaceAll(url.QueryEscape(user), "+", "%20")
	return workload.URLTemplate(a.Scheme+"://"+literal(name)+":%s@"+literal(rest), KeyPassword)
}

func (in Input) libpq(host string, port int64, name, user string) []*corev1ac.EnvVarApplyConfiguration {
	plain := func(variable, value string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(variable).WithValue(value)
	}
	return []*corev1ac.EnvVarApplyConfiguration{
		plain("PGHOST", host), plain("PGPORT", strconv.FormatInt(port, 10)), plain("PGDATABASE", name), plain("PGUSER", user),
		pod.FromSecret("PGPASSWORD", in.name(), KeyPassword),
	}
}

func server(in Input, e Embedded) *corev1ac.ContainerApplyConfiguration {
	image := pod.Image(DefaultImage, in.Environment)
	if e.Image != nil {
		image = *e.Image
	}
	plain := func(name, value string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValue(value)
	}
	ask := corev1ac.ExecAction().WithCommand("pg_isready", "-q", "-h", "127.0.0.1", "-U", in.Product, "-d", in.Product)
	out := corev1ac.Container().WithName("postgres").WithImage(image).
		WithEnv(plain("POSTGRES_USER", in.Product), plain("POSTGRES_DB", in.Product), pod.FromSecret("POSTGRES_PASSWORD", in.name(), KeyPassword),
			// The root of a volume may hold what the file system keeps there.
			plain("PGDATA", dataPath+"/pgdata")).
		WithPorts(corev1ac.ContainerPort().WithName("postgres").WithContainerPort(port).WithProtocol(corev1.ProtocolTCP)).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName(dataVolume).WithMountPath(dataPath),
			corev1ac.VolumeMount().WithName("run").WithMountPath("/run/postgresql"))
	pod.StoreProbes(out, ask)
	return out
}

func volumeClaim(e Embedded, at path.Path) (*corev1ac.PersistentVolumeClaimApplyConfiguration, diag.Diagnostics) {
	spec, diags := pod.ClaimSpec(e.Size, DefaultSize, e.StorageClass, at.AtName("size"))
	claim := &corev1ac.PersistentVolumeClaimApplyConfiguration{}
	return claim.WithName(dataVolume).WithSpec(spec), diags
}

func external(in Input, e External) (Output, diag.Diagnostics) {
	var diags diag.Diagnostics
	at := path.Root("database").AtName("external")
	if (e.PasswordWOVersion == nil) == (e.PasswordSecret == nil) {
		diags.AddAttributeError(at, "The database's password is missing", "Set password_secret, or password_wo with password_wo_version.")
	}
	mode := ""
	if e.SSLMode != nil {
		mode = *e.SSLMode
	}
	if strings.HasPrefix(mode, "verify-") && e.CASecret == nil {
		diags.AddAttributeError(at.AtName("ca_secret"), "The authority's certificate is missing",
			fmt.Sprintf("ssl_mode = %q compares the server's certificate with it. Set ca_secret, or ssl_mode = \"require\", which encrypts and does not compare.", mode))
	}
	if diags.HasError() {
		return Output{}, diags
	}
	out := Output{
		Secret: in.name(), Identity: strings.Join([]string{e.Host, strconv.FormatInt(e.port(), 10), e.name(in)}, "/"),
		Host: e.Host, Port: e.port(), Name: e.name(in), User: e.user(in), SSLMode: ptr.Deref(e.SSLMode, "prefer"),
		Libpq: in.libpq(e.Host, e.port(), e.name(in), e.user(in)),
	}
	data := map[string]workload.SecretValue{}
	if e.PasswordSecret != nil {
		data[KeyPassword] = e.PasswordSecret.Copied(in.Environment.Namespace, KeyPassword)
	} else {
		data[KeyPassword] = workload.WriteOnly(e.PasswordWO, *e.PasswordWOVersion)
	}
	if e.CASecret != nil {
		out.CAFile = caPath + "/" + keyCA
		data[keyCA] = e.CASecret.Copied(in.Environment.Namespace, keyCA)
		out.Env = append(out.Env, corev1ac.EnvVar().WithName("PGSSLROOTCERT").WithValue(out.CAFile))
		out.Volumes = append(out.Volumes, corev1ac.Volume().WithName("database-ca").WithSecret(corev1ac.SecretVolumeSource().
			WithSecretName(in.name()).WithItems(corev1ac.KeyToPath().WithKey(keyCA).WithPath(keyCA))))
		out.Mounts = append(out.Mounts, corev1ac.VolumeMount().WithName("database-ca").WithMountPath(caPath).WithReadOnly(true))
	}
	if mode != "" {
		// Not in the URL: drivers give its parts different names, and agree on these.
		out.Env = append(out.Env, corev1ac.EnvVar().WithName("PGSSLMODE").WithValue(mode))
	}
	in.urls(data, e.Host, e.port(), e.name(in), e.user(in))
	out.Objects = []workload.Object{{
		Key: KeySecret, Stage: workload.StageIdentity,
		Manifest: corev1ac.Secret(in.name(), in.Environment.Namespace).WithType(corev1.SecretTypeOpaque), Data: data,
	}}
	return out, diags
}

func (e External) port() int64 {
	if e.Port == nil {
		return port
	}
	return *e.Port
}

func (e External) name(in Input) string {
	if e.Name == nil {
		return in.Product
	}
	return *e.Name
}

func (e External) user(in Input) string {
	if e.User == nil {
		return in.Product
	}
	return *e.User
}
