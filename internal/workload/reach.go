package workload

import (
	"context"
	"fmt"
	"net"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

var podKind = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}

// reach is the way into a running product by its objects' records.
type reach struct {
	cluster   *kube.Cluster
	records   map[string]*record
	namespace string
}

var _ Reach = (*reach)(nil)

// Namespace returns the namespace of the resource.
func (r *reach) Namespace() string { return r.namespace }

// Secret returns the data of the Secret with the given key.
func (r *reach) Secret(ctx context.Context, key string) (map[string][]byte, error) {
	live, err := r.live(ctx, key)
	if err != nil {
		return nil, err
	}
	data, _, err := liveData(live)
	return data, err
}

// Object returns the live object with the given key, nil when it is not there.
func (r *reach) Object(ctx context.Context, key string) (*unstructured.Unstructured, error) {
	rec := r.records[key]
	if rec == nil {
		return nil, nil
	}
	return r.cluster.Get(ctx, rec.ref())
}

// List returns the objects of a kind in the namespace of the resource that a label
// selector selects.
func (r *reach) List(ctx context.Context, kind schema.GroupVersionKind, selector string) ([]unstructured.Unstructured, error) {
	return r.cluster.List(ctx, kind, r.namespace, selector)
}

// Logs returns the last lines of the log of a pod's container, with the values of
// the pod's Secrets masked.
func (r *reach) Logs(ctx context.Context, pod *corev1.Pod, container string, lines int64) (string, error) {
	text, err := r.cluster.Logs(ctx, pod.Namespace, pod.Name, container, lines, false)
	return r.Masked(ctx, pod, text), err
}

// Masked returns what a pod has written with the values of its Secrets masked.
func (r *reach) Masked(ctx context.Context, pod *corev1.Pod, text string) string {
	return r.cluster.WithoutSecrets(ctx, pod, text)
}

func (r *reach) live(ctx context.Context, key string) (*unstructured.Unstructured, error) {
	rec := r.records[key]
	if rec == nil {
		return nil, fmt.Errorf("there is no object %s", key)
	}
	live, err := r.cluster.Get(ctx, rec.ref())
	if err != nil {
		return nil, err
	}
	if live == nil {
		return nil, fmt.Errorf("%s does not exist", rec.ref())
	}
	return live, nil
}

// Dial connects to a port of a ready pod of the object with the given key.
func (r *reach) Dial(ctx context.Context, key string, port int) (net.Conn, error) {
	live, err := r.live(ctx, key)
	if err != nil {
		return nil, err
	}
	pods, err := podsOf(ctx, r.cluster, live)
	if err != nil {
		return nil, err
	}
	for _, pod := range pods {
		if podReady(&pod) {
			return r.cluster.Dial(ctx, pod.GetNamespace(), pod.GetName(), port)
		}
	}
	return nil, fmt.Errorf("none of the %d pods of %s is ready", len(pods), kube.RefOf(live))
}

// podsOf lists the pods that a Service or a workload selects.
func podsOf(ctx context.Context, cluster *kube.Cluster, live *unstructured.Unstructured) ([]unstructured.Unstructured, error) {
	fields := []string{"spec", "selector", "matchLabels"}
	if live.GetKind() == "Service" {
		fields = fields[:2]
	}
	selector, _, err := unstructured.NestedStringMap(live.Object, fields...)
	if err != nil {
		return nil, err
	}
	return cluster.List(ctx, podKind, live.GetNamespace(), labels.SelectorFromSet(selector).String())
}

// podReady reports whether the pod's condition Ready is true.
func podReady(pod *unstructured.Unstructured) bool {
	if pod.GetDeletionTimestamp() != nil {
		return false
	}
	conditions, _, _ := unstructured.NestedSlice(pod.Object, "status", "conditions")
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == "Ready" {
			return m["status"] == "True"
		}
	}
	return false
}
