package acctest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kueueVersion is that of the image, too.
const kueueVersion = "0.17.0"

// kueueNamespace is the namespace of Kueue's pods.
const kueueNamespace = "kueue-system"

// Kueue installs Kueue with its admission webhooks and its own default configuration, as its project publishes it, and returns when it
// serves. Its webhooks see what is made in the one namespace, since all pods of the cluster would have to wait for it otherwise. It is removed
// after the test. One that the cluster has already is used as it is; one of another test is waited for to go.
func (c *Cluster) Kueue(t testing.TB, namespace string) {
	t.Helper()
	kueue := system{name: "Kueue", namespace: kueueNamespace, image: func(string) string { return "registry.k8s.io/kueue/kueue:v" + kueueVersion }}
	var objects []*unstructured.Unstructured
	for _, object := range kustomized(t, filepath.Join(moduleDir(t, "sigs.k8s.io/kueue@v"+kueueVersion), "config", "default")) {
		if object.GetKind() == "APIService" {
			// Nobody asks here which workloads wait, and without its pods it would keep namespaces from going.
			continue
		}
		if isWebhooks(object) {
			confine(t, object, namespace)
		}
		objects = append(objects, object)
	}
	if own := c.installSystem(t, kueue, objects); own {
		return
	}
	t.Cleanup(func() {
		c.endJobs(t, namespace)
		for _, kind := range []string{"Workload", "LocalQueue", "ClusterQueue", "ResourceFlavor"} {
			c.release(t, kueueKind(kind))
		}
	})
	Eventually(t, 5*time.Minute, func() string { return c.lacks(t, kueue, objects) })
}

// endJobs deletes what Kueue would make Workloads for again.
func (c *Cluster) endJobs(t testing.TB, namespace string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	background := metav1.DeletePropagationBackground
	options := metav1.DeleteOptions{PropagationPolicy: &background}
	for kind, err := range map[string]error{
		"CronJobs": c.BatchV1().CronJobs(namespace).DeleteCollection(ctx, options, metav1.ListOptions{}),
		"Jobs":     c.BatchV1().Jobs(namespace).DeleteCollection(ctx, options, metav1.ListOptions{}),
	} {
		if err != nil {
			t.Errorf("the %s in %s were not deleted: %v", kind, namespace, err)
		}
	}
}

func kueueKind(kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "kueue.x-k8s.io", Version: "v1beta2", Kind: kind}
}

// KueueQueue makes a LocalQueue of Kueue in a namespace, with a ClusterQueue and a ResourceFlavor of its own that give it so much CPU and
// memory, as Kubernetes writes quantities.
func (c *Cluster) KueueQueue(t testing.TB, namespace, name, cpu, memory string) {
	t.Helper()
	all := namespace + "-" + name
	c.kueueObject(t, "ResourceFlavor", "", all, map[string]any{"nodeLabels": map[string]any{"kubernetes.io/os": "linux"}})
	c.kueueObject(t, "ClusterQueue", "", all, map[string]any{
		"namespaceSelector": map[string]any{},
		"resourceGroups": []any{map[string]any{
			"coveredResources": []any{"cpu", "memory"},
			"flavors": []any{map[string]any{"name": all, "resources": []any{
				map[string]any{"name": "cpu", "nominalQuota": cpu}, map[string]any{"name": "memory", "nominalQuota": memory},
			}}},
		}},
	})
	c.kueueObject(t, "LocalQueue", namespace, name, map[string]any{"clusterQueue": all})
}

// KueuePriority makes a WorkloadPriorityClass of Kueue.
func (c *Cluster) KueuePriority(t testing.TB, name string, value int64) {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{"value": value, "description": "of a test"}}
	c.createKueue(t, object, "WorkloadPriorityClass", "", name)
}

// KueueWorkloads are the Workloads of Kueue in a namespace.
func (c *Cluster) KueueWorkloads(t testing.TB, namespace string) []unstructured.Unstructured {
	t.Helper()
	list, err := c.resource(t, kueueKind("Workload"), namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func (c *Cluster) kueueObject(t testing.TB, kind, namespace, name string, spec map[string]any) {
	t.Helper()
	c.createKueue(t, &unstructured.Unstructured{Object: map[string]any{"spec": spec}}, kind, namespace, name)
}

// createKueue creates an object of Kueue, whose webhooks may need a moment before they answer.
func (c *Cluster) createKueue(t testing.TB, object *unstructured.Unstructured, kind, namespace, name string) {
	t.Helper()
	object.SetGroupVersionKind(kueueKind(kind))
	object.SetNamespace(namespace)
	object.SetName(name)
	c.installObject(t, system{name: "Kueue", namespace: kueueNamespace}, object)
}

// kustomized builds the objects of a folder of Kustomize.
func kustomized(t testing.TB, folder string) []*unstructured.Unstructured {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for _, resource := range built.Resources() {
		text, err := resource.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(text); err != nil {
			t.Fatal(err)
		}
		out = append(out, &object)
	}
	return out
}
