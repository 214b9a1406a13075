package acctest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// system is software of another project that a test installs in the cluster, by the manifests that this project publishes.
type system struct {
	// name is that of the software, for messages, and namespace that of its pods.
	name, namespace string
	// image tells the image of a container by what its manifest says.
	image func(published string) string
}

// withTag gives images another tag than that which they have in a manifest, if any.
func withTag(tag string) func(string) string {
	return func(published string) string {
		repository, _, _ := strings.Cut(published, ":")
		return repository + ":" + tag
	}
}

// installSystem creates the objects of a system, which are removed after the test. own says that the cluster has a system of its own, which
// the first definition tells and which stays as it is; one of another test is waited for to go.
func (c *Cluster) installSystem(t testing.TB, s system, objects []*unstructured.Unstructured) (own bool) {
	t.Helper()
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return installRank(a) - installRank(b) })
	for _, object := range objects {
		if object.GetKind() != "CustomResourceDefinition" {
			c.installObject(t, s, object)
		} else if own := c.define(t, object); own {
			return true
		}
	}
	return false
}

// installRank orders kinds: those that others need come first.
func installRank(object *unstructured.Unstructured) int {
	switch object.GetKind() {
	case "CustomResourceDefinition":
		return 0
	case "Namespace":
		return 1
	default:
		return 2
	}
}

// resource is the client of the objects of a kind, in a namespace where they live in one.
func (c *Cluster) resource(t testing.TB, gvk schema.GroupVersionKind, namespace string) dynamic.ResourceInterface {
	t.Helper()
	gvr, _ := meta.UnsafeGuessKindToResource(gvk)
	return c.dynamic(t).Resource(gvr).Namespace(namespace)
}

// installObject creates one object of a system. What does not go with the system's namespace is deleted after the test.
func (c *Cluster) installObject(t testing.TB, s system, object *unstructured.Unstructured) {
	t.Helper()
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[testLabel] = "true"
	object.SetLabels(labels)
	if object.GetKind() == "Deployment" {
		s.fit(t, object)
	}
	name, client := object.GetKind()+"/"+object.GetName(), c.resource(t, object.GroupVersionKind(), object.GetNamespace())
	// The namespace of another test may be on its way out.
	Eventually(t, 2*time.Minute, func() string {
		_, err := client.Create(t.Context(), object, metav1.CreateOptions{})
		if err != nil {
			return fmt.Sprintf("%s of %s is not installed: %v", name, s.name, err)
		}
		return ""
	})
	if object.GetNamespace() == s.namespace {
		return
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := client.Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("%s of %s was not deleted: %v", name, s.name, err)
		}
	})
}

// fit has a Deployment run the version that its manifests are of, from an image that the node may have already, on a node that is shared.
func (s system) fit(t testing.TB, deployment *unstructured.Unstructured) {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	if err != nil || len(containers) == 0 {
		t.Fatalf("%s has %d containers (%v)", deployment.GetName(), len(containers), err)
	}
	for _, c := range containers {
		container, _ := c.(map[string]any)
		image, _ := container["image"].(string)
		container["image"] = s.image(image)
		container["imagePullPolicy"] = "IfNotPresent"
		container["resources"] = map[string]any{"requests": map[string]any{"cpu": "10m", "memory": "100Mi"}}
	}
	if err := unstructured.SetNestedSlice(deployment.Object, containers, "spec", "template", "spec", "containers"); err != nil {
		t.Fatal(err)
	}
}

// lacks says what keeps a system that was installed from its work, "" where nothing does.
func (c *Cluster) lacks(t testing.TB, s system, objects []*unstructured.Unstructured) string {
	t.Helper()
	if lacks := c.unavailable(t, s); lacks != "" {
		return lacks
	}
	for _, object := range objects {
		if isWebhooks(object) {
			if lacks := c.uncertified(t, object.GetKind(), object.GetName()); lacks != "" {
				return lacks
			}
		}
	}
	return ""
}

// isWebhooks reports whether an object tells the API server of webhooks.
func isWebhooks(object *unstructured.Unstructured) bool {
	return object.GetKind() == "MutatingWebhookConfiguration" || object.GetKind() == "ValidatingWebhookConfiguration"
}

// unavailable names a Deployment of a system of which no pod is available, "" where there is none.
func (c *Cluster) unavailable(t testing.TB, s system) string {
	t.Helper()
	deployments, err := c.AppsV1().Deployments(s.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, d := range deployments.Items {
		if d.Status.AvailableReplicas == 0 {
			return "no pod of " + d.Name + " is available"
		}
	}
	return ""
}

// uncertified names a webhook of which the API server does not know the certificate yet, "" where there is none. Systems make their
// certificates themselves when they start.
func (c *Cluster) uncertified(t testing.TB, kind, configuration string) string {
	t.Helper()
	live, err := c.resource(t, schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: kind}, "").
		Get(t.Context(), configuration, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	webhooks, _, _ := unstructured.NestedSlice(live.Object, "webhooks")
	for _, w := range webhooks {
		webhook, _ := w.(map[string]any)
		if bundle, _, _ := unstructured.NestedString(webhook, "clientConfig", "caBundle"); bundle == "" {
			return fmt.Sprintf("the API server does not know the certificate of the webhook %v", webhook["name"])
		}
	}
	return ""
}

// release deletes the objects of a kind, which a system looks after, while it is still there to let them go, and lets go of the rest itself.
func (c *Cluster) release(t testing.TB, gvk schema.GroupVersionKind) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	patience := time.Now().Add(30 * time.Second)
	Eventually(t, 2*time.Minute, func() string {
		list, err := c.resource(t, gvk, metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		for _, object := range list.Items {
			client := c.resource(t, gvk, object.GetNamespace())
			_ = client.Delete(ctx, object.GetName(), metav1.DeleteOptions{})
			if time.Now().After(patience) {
				_, _ = client.Patch(ctx, object.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
			}
		}
		if len(list.Items) > 0 {
			return fmt.Sprintf("%d objects of kind %s are left", len(list.Items), gvk.Kind)
		}
		return ""
	})
}

// confine has webhooks look at what is in a namespace alone.
func confine(t testing.TB, configuration *unstructured.Unstructured, namespace string) {
	t.Helper()
	webhooks, _, err := unstructured.NestedSlice(configuration.Object, "webhooks")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range webhooks {
		webhook, _ := w.(map[string]any)
		webhook["namespaceSelector"] = map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": namespace}}
	}
	if err := unstructured.SetNestedSlice(configuration.Object, webhooks, "webhooks"); err != nil {
		t.Fatal(err)
	}
}
