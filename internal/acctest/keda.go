package acctest

import (
	"context"
	"fmt"
	"path/filepath"
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

// kedaVersion is that of the images, too.
const kedaVersion = "2.20.2"

// KEDANamespace is the namespace of KEDA's pods.
const KEDANamespace = "keda"

// kedaFolders are those of KEDA's module with its manifests, in the order in which they are applied.
var kedaFolders = []string{"crd/bases", "general", "service_account", "rbac", "manager", "metrics-server", "webhooks"}

// KEDA installs KEDA with its admission webhooks, as its project publishes it, and returns when it counts and checks. It is removed
// after the test. One that the cluster has already is used as it is; one of another test is waited for to go.
func (c *Cluster) KEDA(t testing.TB) {
	t.Helper()
	config := filepath.Join(moduleDir(t, "github.com/kedacore/keda/v2@v"+kedaVersion), "config")
	for _, folder := range kedaFolders {
		files, err := filepath.Glob(filepath.Join(config, filepath.FromSlash(folder), "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("KEDA has no manifests in %s (%v)", folder, err)
		}
		for _, file := range files {
			if filepath.Base(file) == "kustomization.yaml" {
				continue
			}
			for _, object := range manifests(t, file) {
				if object.GetKind() != "CustomResourceDefinition" {
					c.installKEDA(t, object)
				} else if own := c.define(t, object); own {
					return
				}
			}
		}
	}
	t.Cleanup(func() { c.releaseKEDA(t) })
	Eventually(t, 5*time.Minute, func() string { return c.kedaLacks(t) })
}

// resource is the client of the objects of a kind, in a namespace where they live in one.
func (c *Cluster) resource(t testing.TB, gvk schema.GroupVersionKind, namespace string) dynamic.ResourceInterface {
	t.Helper()
	gvr, _ := meta.UnsafeGuessKindToResource(gvk)
	return c.dynamic(t).Resource(gvr).Namespace(namespace)
}

// installKEDA creates one object of KEDA. What does not go with its namespace is deleted after the test.
func (c *Cluster) installKEDA(t testing.TB, object *unstructured.Unstructured) {
	t.Helper()
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[testLabel] = "true"
	object.SetLabels(labels)
	if object.GetKind() == "Deployment" {
		runKEDA(t, object)
	}
	name, client := object.GetKind()+"/"+object.GetName(), c.resource(t, object.GroupVersionKind(), object.GetNamespace())
	// The namespace of another test may be on its way out.
	Eventually(t, 2*time.Minute, func() string {
		_, err := client.Create(t.Context(), object, metav1.CreateOptions{})
		if err != nil {
			return fmt.Sprintf("%s of KEDA is not installed: %v", name, err)
		}
		return ""
	})
	if object.GetNamespace() == KEDANamespace {
		return
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := client.Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("%s of KEDA was not deleted: %v", name, err)
		}
	})
}

// runKEDA has a Deployment of KEDA run the version that its manifests are of, from an image that the node may have already, on a node
// that is shared.
func runKEDA(t testing.TB, deployment *unstructured.Unstructured) {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	if err != nil || len(containers) != 1 {
		t.Fatalf("%s has %d containers (%v)", deployment.GetName(), len(containers), err)
	}
	container, _ := containers[0].(map[string]any)
	image, _ := container["image"].(string)
	repository, _, _ := strings.Cut(image, ":")
	container["image"] = repository + ":" + kedaVersion
	container["imagePullPolicy"] = "IfNotPresent"
	container["resources"] = map[string]any{"requests": map[string]any{"cpu": "10m", "memory": "100Mi"}}
	if err := unstructured.SetNestedSlice(deployment.Object, containers, "spec", "template", "spec", "containers"); err != nil {
		t.Fatal(err)
	}
}

// kedaLacks says what keeps KEDA from its work, "" when nothing does.
func (c *Cluster) kedaLacks(t testing.TB) string {
	t.Helper()
	deployments, err := c.AppsV1().Deployments(KEDANamespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		return err.Error()
	}
	for _, d := range deployments.Items {
		if d.Status.AvailableReplicas == 0 {
			return "no pod of " + d.Name + " is available"
		}
	}
	// Its operator makes the certificates, and tells the API server.
	webhooks, err := c.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), "keda-admission", metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	for _, webhook := range webhooks.Webhooks {
		if len(webhook.ClientConfig.CABundle) == 0 {
			return "the API server does not know the certificate of the webhook " + webhook.Name
		}
	}
	if _, err := c.Discovery().ServerResourcesForGroupVersion("external.metrics.k8s.io/v1beta1"); err != nil {
		return "KEDA serves no metrics: " + err.Error()
	}
	return ""
}

// releaseKEDA deletes what KEDA looks after while it is still there to let it go, and lets go of the rest itself.
func (c *Cluster) releaseKEDA(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	patience := time.Now().Add(time.Minute)
	for _, kind := range []string{"ScaledObject", "ScaledJob", "TriggerAuthentication"} {
		gvk := schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: kind}
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
				return fmt.Sprintf("%d objects of kind %s are left", len(list.Items), kind)
			}
			return ""
		})
	}
}
