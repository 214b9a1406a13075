package minio

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const generatedLength = 40

// render turns the configuration into objects and fills in what is computed from
// it.
func render(m *Model, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
	diags := check(m)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	n := newNames(m, env)
	capacity, more := capacityOf(m)
	diags.Append(more...)
	m.Capacity = capacity
	endpoint := n.endpoint()
	m.Endpoint = &endpoint
	setConnections(m, n)

	var objects []workload.Object
	add := func(o ...workload.Object) { objects = append(objects, o...) }
	add(rootSecret(m, n))
	for _, user := range slices.Sorted(maps.Keys(m.Users)) {
		add(userSecret(n, user, m.Users[user]))
	}
	add(headlessService(n), clientService(m, n))
	pools, more := servers(m, n, env)
	diags.Append(more...)
	add(pools...)
	if total(m.Pools) > 1 {
		add(disruptionBudget(n))
	}
	if m.Ingress != nil {
		add(ingress(m, n))
	}
	if m.Metrics != nil && m.Metrics.PodMonitor != nil && *m.Metrics.PodMonitor {
		add(podMonitor(n))
	}
	return workload.Rendering{Objects: objects}, diags
}

func total(pools []Pool) int64 {
	var n int64
	for _, p := range pools {
		n += p.Servers
	}
	return n
}

// setConnections computes what consumers of each user need.
func setConnections(m *Model, n names) {
	for name, user := range m.Users {
		version := "1"
		if user.Rotate != nil {
			version = *user.Rotate
		}
		user.S3 = &connection.S3{
			Endpoint: n.endpoint(), Region: region(m), Bucket: user.Bucket, Namespace: n.namespace,
			Secret: n.userSecret(name), Version: version,
		}
		m.Users[name] = user
	}
}

func region(m *Model) string {
	if m.Region != nil {
		return *m.Region
	}
	return "us-east-1"
}

func rootSecret(m *Model, n names) workload.Object {
	root := ptr.Deref(m.RootCredentials, RootCredentials{})
	return workload.Object{
		Key: keyRootSecret, Stage: workload.StageIdentity, Keep: true,
		Manifest: corev1ac.Secret(n.rootSecret(), n.namespace).WithType(corev1.SecretTypeOpaque),
		Data: map[string]workload.SecretValue{
			rootUserKey:     workload.Plain(ptr.Deref(root.User, "root")),
			rootPasswordKey: root.Value(generatedLength),
		},
		Mask: map[string]string{"data[" + rootUserKey + "]": "root_credentials.user"},
	}
}

// userSecret holds a user's credentials under the names that S3 clients read, and
// once more in lower case for env_from_keys.
func userSecret(n names, name string, u User) workload.Object {
	rotate := ""
	if u.Rotate != nil {
		rotate = *u.Rotate
	}
	return workload.Object{
		Key: keyUserSecret(name), Stage: workload.StageIdentity, Keep: true,
		Manifest: corev1ac.Secret(n.userSecret(name), n.namespace).WithType(corev1.SecretTypeOpaque),
		Data: map[string]workload.SecretValue{
			accessKeyKey:               workload.Plain(name),
			secretKeyKey:               workload.Generated(generatedLength, rotate),
			connection.AccessKeyID:     workload.Template("%s", accessKeyKey),
			connection.SecretAccessKey: workload.Template("%s", secretKeyKey),
		},
		Mask: map[string]string{"data[" + accessKeyKey + "]": "the user's name"},
	}
}

// Keys of the Secrets.
const (
	rootUserKey     = "MINIO_ROOT_USER"
	rootPasswordKey = "MINIO_ROOT_PASSWORD"
	accessKeyKey    = "access_key"
	secretKeyKey    = "secret_key"
)

func (n names) selector() map[string]string { return workload.InstanceLabels(productName, n.resource) }

// headlessService gives each server a name that outlives its pod. Servers find
// each other before any of them is ready.
func headlessService(n names) workload.Object {
	return workload.Object{
		Key: "Service/servers", Stage: workload.StageIdentity,
		Manifest: corev1ac.Service(n.servers(), n.namespace).WithSpec(corev1ac.ServiceSpec().
			WithClusterIP(corev1.ClusterIPNone).WithPublishNotReadyAddresses(true).WithSelector(n.selector()).
			WithPorts(corev1ac.ServicePort().WithName("s3").WithPort(apiPort).WithProtocol(corev1.ProtocolTCP))),
	}
}

// clientService is what clients connect to.
func clientService(m *Model, n names) workload.Object {
	port := expose.Port("s3", apiPort)
	service := m.Service.Render(n.resource, n.namespace, n.selector(), port)
	if isTrue(m.Console) {
		service.Spec.WithPorts(corev1ac.ServicePort().WithName("console").WithPort(consolePort).WithProtocol(corev1.ProtocolTCP).
			WithTargetPort(intstr.FromString("console")))
	}
	return workload.Object{Key: keyClient, Stage: workload.StageIdentity, Manifest: service}
}

// disruptionBudget lets a drain take one server at a time.
func disruptionBudget(n names) workload.Object {
	return pod.DisruptionBudget("servers", n.resource, n.namespace, nil, n.selector())
}

func ingress(m *Model, n names) workload.Object {
	return workload.Object{
		Key: "Ingress/client", Stage: workload.StageLast, NoWait: true,
		Manifest: m.Ingress.Render(n.resource, n.namespace, "s3", ""),
	}
}

func podMonitor(n names) workload.Object {
	endpoint := map[string]any{"port": "s3", "path": metricsPath, "scheme": n.scheme()}
	if n.tls {
		// Prometheus reaches pods by address, which no certificate names.
		endpoint["tlsConfig"] = map[string]any{"insecureSkipVerify": true}
	}
	return expose.PodMonitor("servers", n.resource, n.namespace, n.selector(), endpoint)
}

const metricsPath = "/minio/v2/metrics/cluster"

func isTrue(b *bool) bool { return b != nil && *b }

func poolComponent(pool int) string { return fmt.Sprintf("pool-%d", pool) }
