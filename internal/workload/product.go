// Package workload is the one Terraform resource implementation that all
// products share. A product renders its configuration into Kubernetes objects;
// the engine plans, applies, waits, explains, reads, repairs and deletes them.
package workload

import (
	"context"
	"net"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Product describes one resource type. M is a plain Go struct with tfsdk tags
// that embeds [Common].
type Product[M any] struct {
	// Name is the resource type without the provider's prefix.
	Name string
	// Schema gives the product's own attributes; the engine adds those of
	// [Common].
	Schema func() resourceschema.Schema
	// Render turns the configuration into objects and may set the computed
	// fields of m. It is pure. The engine calls it with stand-ins for values
	// that are not known yet, so it returns diagnostics for what it cannot
	// render and does not panic.
	Render func(m *M, env Environment) (Rendering, diag.Diagnostics)
	// CheckUpdate finds changes that a running product cannot follow; nil where
	// there are none. It is called with what was applied and with what is planned,
	// once all of it is known.
	CheckUpdate func(prior, planned *M) diag.Diagnostics
	// Remote is what lives inside the running product; nil where there is
	// nothing.
	Remote Remote[M]
	// Lasts reports whether the thing of Remote with this key stays when the
	// configuration no longer has it, because the product makes it itself; nil where
	// none does.
	Lasts func(key string) bool
	// Status is how the product fares; nil where there is nothing to tell.
	Status *Status[M]
}

// Remote reconciles what lives inside a running product and is no Kubernetes
// object: buckets, users, policies. Each thing has a key such as "Bucket/raw" and
// leaves, which stand in the resource's objects beside the Kubernetes ones.
type Remote[M any] interface {
	// Desired lists what should exist. It is pure, as Render is.
	Desired(m *M, env Environment) (map[string]map[string]string, diag.Diagnostics)
	// Healthy returns nil when the product serves.
	Healthy(ctx context.Context, m *M, reach Reach) error
	// Observe returns the live leaves of the given keys, in the form of
	// Desired. A key that is absent from the answer is gone.
	Observe(ctx context.Context, m *M, keys []string, reach Reach) (map[string]map[string]string, error)
	// Apply makes the live product as desired and removes the keys of prior
	// that are not desired any more.
	Apply(ctx context.Context, m *M, prior, desired map[string]map[string]string, reach Reach) diag.Diagnostics
}

// Reach is a way into the running product, through the API server.
type Reach interface {
	// Dial connects to a port of a ready pod behind the Service or workload
	// with the given key.
	Dial(ctx context.Context, key string, port int) (net.Conn, error)
	// Secret returns the data of the Secret with the given key.
	Secret(ctx context.Context, key string) (map[string][]byte, error)
	// Object returns the live object with the given key, nil when it is not there.
	Object(ctx context.Context, key string) (*unstructured.Unstructured, error)
	// List returns the objects of a kind in the namespace of the resource that a
	// label selector selects.
	List(ctx context.Context, kind schema.GroupVersionKind, selector string) ([]unstructured.Unstructured, error)
	// Logs returns the last lines of the log of a pod's container, with the values
	// of the pod's Secrets masked.
	Logs(ctx context.Context, pod *corev1.Pod, container string, lines int64) (string, error)
	// Masked returns what a pod has written with the values of its Secrets masked.
	Masked(ctx context.Context, pod *corev1.Pod, text string) string
	// Namespace returns the namespace of the resource.
	Namespace() string
}

// Environment is what the provider's configuration adds to every rendering.
type Environment struct {
	// Namespace is the resource's, else the provider's default, else "default".
	Namespace string
	// Labels and Annotations are for every object: the provider's with the
	// resource's over them.
	Labels, Annotations map[string]string
	// ImageRegistry, where set, replaces the registry host of every default
	// image.
	ImageRegistry    string
	ImagePullSecrets []string
	NodeSelector     map[string]string
	Tolerations      []corev1.Toleration
	PriorityClass    string
	Proxy            *Proxy
	CABundle         *CABundle
	// ClusterDomain is the DNS domain of the cluster, "cluster.local" by default.
	ClusterDomain string
	// Platform is "" or PlatformOpenShift.
	Platform string `json:",omitempty"`
}

// PlatformOpenShift gives pods their user and group ids itself.
const PlatformOpenShift = "openshift"

// Proxy is the HTTP proxy of all pods.
type Proxy struct {
	HTTP, HTTPS, NoProxy string
}

// CABundle names a ConfigMap, in the resource's namespace, with the certificates
// that all pods trust.
type CABundle struct {
	ConfigMap, Key string
}
