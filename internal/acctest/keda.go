package acctest

import (
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
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
	var objects []*unstructured.Unstructured
	for _, folder := range kedaFolders {
		files, err := filepath.Glob(filepath.Join(config, filepath.FromSlash(folder), "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("KEDA has no manifests in %s (%v)", folder, err)
		}
		for _, file := range files {
			if filepath.Base(file) == "kustomization.yaml" {
				continue
			}
			objects = append(objects, manifests(t, file)...)
		}
	}
	keda := system{name: "KEDA", namespace: KEDANamespace, image: withTag(kedaVersion)}
	if own := c.installSystem(t, keda, objects); own {
		return
	}
	t.Cleanup(func() {
		for _, kind := range []string{"ScaledObject", "ScaledJob", "TriggerAuthentication"} {
			c.release(t, schema.GroupVersionKind{Group: "keda.sh", Version: "v1alpha1", Kind: kind})
		}
	})
	Eventually(t, 5*time.Minute, func() string { return c.kedaLacks(t, keda, objects) })
}

// kedaLacks says what keeps KEDA from its work, "" when nothing does.
func (c *Cluster) kedaLacks(t testing.TB, keda system, objects []*unstructured.Unstructured) string {
	t.Helper()
	if lacks := c.lacks(t, keda, objects); lacks != "" {
		return lacks
	}
	if _, err := c.Discovery().ServerResourcesForGroupVersion("external.metrics.k8s.io/v1beta1"); err != nil {
		return "KEDA serves no metrics: " + err.Error()
	}
	return ""
}
