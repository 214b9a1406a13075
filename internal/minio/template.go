package minio

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// What a server asks for where the user says nothing.
var (
	defaultRequests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("512Mi")}
	defaultLimits   = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}
)

// drainSeconds is how long a server that is to stop goes on serving, in seconds.
const drainSeconds = 5

// serverTemplate renders the pods of a pool, and the objects that the pods of all
// pools need.
func serverTemplate(m *Model, n names, env workload.Environment, p Pool) (pod.Template, diag.Diagnostics) {
	image := pod.Image(DefaultImage, env)
	if m.Image != nil {
		image = *m.Image
	}
	server := corev1ac.Container().WithName(container).WithImage(image).
		WithArgs(arguments(m, n)...).
		WithEnv(variables(m, n)...).
		WithPorts(ports(m)...).
		// /minio/health/ready answers before the storage is there. This one waits for
		// it; the peers do not mind, since they reach each other unready.
		WithReadinessProbe(probe(n, "/minio/health/cluster/read").WithPeriodSeconds(2).WithFailureThreshold(3)).
		WithLivenessProbe(probe(n, "/minio/health/live").WithPeriodSeconds(10).WithFailureThreshold(6)).
		// Clients must have learnt that the server goes before it does.
		WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().
			WithSleep(corev1ac.SleepAction().WithSeconds(drainSeconds))))
	for d := range p.drives() {
		server.WithVolumeMounts(corev1ac.VolumeMount().WithName(claim(d)).WithMountPath(driveMount(d)))
	}
	in := pod.TemplateInput{
		Environment: env, Name: n.resource, Role: "server", Selector: n.selector(), Container: server,
		Annotations: map[string]string{revisionOf("root"): workload.SecretRevision(keyRootSecret)},
		Requests:    defaultRequests, Limits: defaultLimits, User: serverUser, Replicated: total(m.Pools) > 1,
	}
	if n.tls {
		server.WithVolumeMounts(corev1ac.VolumeMount().WithName("certs").WithMountPath(certsPath).WithReadOnly(true))
		in.Volumes = append(in.Volumes, certificates(m.TLS.Secret))
	}
	return m.Template(in)
}

// arguments are the same on every server.
func arguments(m *Model, n names) []string {
	args := []string{"server", "--address", fmt.Sprintf(":%d", apiPort)}
	if isTrue(m.Console) {
		args = append(args, "--console-address", fmt.Sprintf(":%d", consolePort))
	}
	if n.tls {
		args = append(args, "--certs-dir", certsPath)
	}
	for i, p := range m.Pools {
		args = append(args, n.volumes(i, p))
	}
	return args
}

// variables are the server's own. Where the value is the server's default, the
// variable is left out.
func variables(m *Model, n names) []*corev1ac.EnvVarApplyConfiguration {
	browser := "off"
	if isTrue(m.Console) {
		browser = "on"
	}
	plain := func(name, value string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValue(value)
	}
	out := []*corev1ac.EnvVarApplyConfiguration{
		pod.FromSecret(rootUserKey, n.rootSecret(), rootUserKey),
		pod.FromSecret(rootPasswordKey, n.rootSecret(), rootPasswordKey),
		plain("MINIO_BROWSER", browser),
		plain("MINIO_SITE_REGION", region(m)),
		plain("MINIO_UPDATE", "off"),
		// A pod that restarts has another IP. Peers would dial the old one for 30 s.
		plain("MINIO_DNS_CACHE_TTL", "5s"),
	}
	if m.Parity != nil {
		out = append(out, plain("MINIO_STORAGE_CLASS_STANDARD", fmt.Sprintf("EC:%d", *m.Parity)))
	}
	if m.Metrics != nil {
		out = append(out, plain("MINIO_PROMETHEUS_AUTH_TYPE", "public"))
	}
	return out
}

// ownVariables are those that env must not set, with the attribute that does.
var ownVariables = map[string]string{
	rootUserKey: "root_credentials.user", rootPasswordKey: "root_credentials.password_wo",
	"MINIO_ROOT_USER_FILE": "root_credentials.user", "MINIO_ROOT_PASSWORD_FILE": "root_credentials.password_wo",
	"MINIO_ACCESS_KEY": "root_credentials.user", "MINIO_SECRET_KEY": "root_credentials.password_wo",
	"MINIO_BROWSER": "console", "MINIO_SITE_REGION": "region", "MINIO_REGION": "region", "MINIO_STORAGE_CLASS_STANDARD": "parity",
	"MINIO_PROMETHEUS_AUTH_TYPE": "metrics", "MINIO_VOLUMES": "pools", "MINIO_ENDPOINTS": "pools",
}

func ports(m *Model) []*corev1ac.ContainerPortApplyConfiguration {
	out := []*corev1ac.ContainerPortApplyConfiguration{
		corev1ac.ContainerPort().WithName("s3").WithContainerPort(apiPort).WithProtocol(corev1.ProtocolTCP),
	}
	if isTrue(m.Console) {
		out = append(out, corev1ac.ContainerPort().WithName("console").WithContainerPort(consolePort).WithProtocol(corev1.ProtocolTCP))
	}
	return out
}

func probe(n names, path string) *corev1ac.ProbeApplyConfiguration {
	get := corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString("s3"))
	if n.tls {
		get.WithScheme(corev1.URISchemeHTTPS)
	}
	return corev1ac.Probe().WithHTTPGet(get).WithTimeoutSeconds(5)
}

// certificates mounts a Secret of cert-manager's shape as MinIO wants it.
func certificates(secret string) *corev1ac.VolumeApplyConfiguration {
	item := func(key, path string) *corev1ac.KeyToPathApplyConfiguration {
		return corev1ac.KeyToPath().WithKey(key).WithPath(path)
	}
	return corev1ac.Volume().WithName("certs").WithSecret(corev1ac.SecretVolumeSource().WithSecretName(secret).
		WithItems(item("tls.crt", "public.crt"), item("tls.key", "private.key"), item("ca.crt", "CAs/ca.crt")))
}
