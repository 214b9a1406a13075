package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// Serves reports whether the API server knows a resource, such as "deployments" of
// "apps/v1".
func (c *Cluster) Serves(t testing.TB, groupVersion, resource string) bool {
	t.Helper()
	list, err := c.Discovery().ServerResourcesForGroupVersion(groupVersion)
	if apierrors.IsNotFound(err) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == resource })
}

// CustomResource installs a namespaced kind that takes any fields. It is deleted
// after the test.
func (c *Cluster) CustomResource(t testing.TB, group, version, kind, plural string) {
	t.Helper()
	c.define(t, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": plural + "." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced", "names": map[string]any{"kind": kind, "plural": plural},
			"versions": []any{map[string]any{
				"name": version, "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}})
}

// Definition is a CustomResourceDefinition as its project publishes it.
type Definition struct {
	// Module is a Go module with a version, and File the path of the definition in it.
	Module, File string
}

// PodMonitors is the definition of the kind PodMonitor.
var PodMonitors = Definition{
	Module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
	File:   "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
}

// Install installs a definition, which Go downloads, so that the API server checks objects by the real schema. It is deleted after the test. One
// of another test is waited for to go, and the cluster's own is left as it is.
func (c *Cluster) Install(t testing.TB, d Definition) {
	t.Helper()
	for _, definition := range manifests(t, filepath.Join(moduleDir(t, d.Module), filepath.FromSlash(d.File))) {
		c.define(t, definition)
	}
}

// moduleDir returns the folder of a Go module with a version, which Go downloads.
func moduleDir(t testing.TB, module string) string {
	t.Helper()
	download := exec.Command("go", "mod", "download", "-json", module)
	download.Dir = t.TempDir() // no module's own, whose versions would count
	out, err := download.Output()
	if err != nil {
		t.Fatalf("%s cannot be downloaded: %v\n%s", module, err, out)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(out, &downloaded); err != nil {
		t.Fatal(err)
	}
	return downloaded.Dir
}

// manifests reads the objects of a file.
func manifests(t testing.TB, file string) []*unstructured.Unstructured {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	var out []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(f, 4096); ; {
		var object unstructured.Unstructured
		switch err := decoder.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatalf("%s: %v", file, err)
		case len(object.Object) > 0:
			out = append(out, &object)
		}
	}
}

// dynamic is a client for objects of any kind.
func (c *Cluster) dynamic(t testing.TB) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// define creates a definition, and waits until its kind is served. own says that it is the cluster's own, which stays.
func (c *Cluster) define(t testing.TB, definition *unstructured.Unstructured) (own bool) {
	t.Helper()
	definitions := c.dynamic(t).Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	definition.SetLabels(map[string]string{testLabel: "true"})
	name := definition.GetName()
	Eventually(t, 5*time.Minute, func() string {
		_, err := definitions.Create(t.Context(), definition, metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			if err != nil {
				t.Fatal(err)
			}
			return ""
		}
		live, err := definitions.Get(t.Context(), name, metav1.GetOptions{})
		if own = err == nil && live.GetLabels()[testLabel] == ""; own {
			return ""
		}
		return "another test has " + name
	})
	if own {
		return own
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := definitions.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("the test's CustomResourceDefinition was not deleted: %v", err)
		}
	})
	Eventually(t, time.Minute, func() string {
		live, err := definitions.Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
		for _, condition := range conditions {
			if is, _ := condition.(map[string]any); is["type"] == "Established" && is["status"] == "True" {
				return ""
			}
		}
		return "the API server does not serve " + name
	})
	return own
}
