package acctest

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// volcanoVersion is that of the images, too.
const volcanoVersion = "1.10.0"

const volcanoNamespace = "volcano-system"

// Volcano installs Volcano with its admission webhooks, as its project publishes it, and returns when it schedules and checks. The webhooks
// look at the pods of the given namespace alone, so that other tests do without them. It is removed after the test. One that the cluster
// has already is used as it is; one of another test is waited for to go.
func (c *Cluster) Volcano(t testing.TB, namespace string) {
	t.Helper()
	file := filepath.Join(moduleDir(t, "volcano.sh/volcano@v"+volcanoVersion), "installer", "volcano-development.yaml")
	volcano := system{name: "Volcano", namespace: volcanoNamespace, image: withTag("v" + volcanoVersion)}
	var definitions, home, rest []*unstructured.Unstructured
	for _, object := range manifests(t, file) {
		switch object.GetKind() {
		case "CustomResourceDefinition":
			definitions = append(definitions, object)
		case "Namespace":
			if object.GetName() == volcanoNamespace {
				home = append(home, object)
			}
		case "Job":
			// It makes the certificate of the webhooks, with programs that its image has beside Volcano's own.
		case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
			confine(t, object, namespace)
			rest = append(rest, object)
		default:
			rest = append(rest, object)
		}
	}
	if own := c.installSystem(t, volcano, slices.Concat(definitions, home)); own {
		return
	}
	c.Certificate(t, volcanoNamespace, "volcano-admission-secret", "volcano-admission-service."+volcanoNamespace+".svc")
	c.installSystem(t, volcano, rest)
	Eventually(t, 5*time.Minute, func() string { return c.lacks(t, volcano, rest) })
	// Its scheduler makes the queue of those that name none.
	c.awaitQueue(t, "default")
}

// VolcanoQueue makes a queue of Volcano, which is deleted after the test.
func (c *Cluster) VolcanoQueue(t testing.TB, name string, capability map[string]any) {
	t.Helper()
	c.installObject(t, system{name: "the test"}, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "Queue", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"weight": int64(1), "reclaimable": true, "capability": capability},
	}})
	c.awaitQueue(t, name)
}

func (c *Cluster) awaitQueue(t testing.TB, name string) {
	t.Helper()
	Eventually(t, time.Minute, func() string {
		queue, err := c.resource(t, volcanoKind("Queue"), "").Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if state, _, _ := unstructured.NestedString(queue.Object, "status", "state"); state != "Open" {
			return "queue " + name + " is not open"
		}
		return ""
	})
}

// PodGroup is a group of Volcano as it is now, nil where there is none.
func (c *Cluster) PodGroup(t testing.TB, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	group, err := c.resource(t, volcanoKind("PodGroup"), namespace).Get(t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return group
}

// PodGroups are the names of all groups of a namespace, sorted.
func (c *Cluster) PodGroups(t testing.TB, namespace string) []string {
	t.Helper()
	list, err := c.resource(t, volcanoKind("PodGroup"), namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, group := range list.Items {
		names = append(names, group.GetName())
	}
	slices.Sort(names)
	return names
}

func volcanoKind(kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "scheduling.volcano.sh", Version: "v1beta1", Kind: kind}
}
