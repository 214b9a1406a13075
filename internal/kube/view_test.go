package kube

import (
	"testing"

	"gotest.tools/v3/assert"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What a Deployment's leaves are called rests on the API's types: what a list's elements are matched by, what their keys default to,
// and which fields are quantities.
func TestFlattenByTheTypesOfTheAPI(t *testing.T) {
	got := Flatten(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "web", "finalizers": []any{"a/b"}},
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "web"}},
			"template": map[string]any{"spec": map[string]any{
				"containers": []any{map[string]any{
					"name":      "web",
					"args":      []any{"serve", "serve"},
					"ports":     []any{map[string]any{"containerPort": int64(80)}, map[string]any{"containerPort": int64(80), "protocol": "UDP"}},
					"resources": map[string]any{"limits": map[string]any{"memory": "1024Mi", "cpu": "1000m"}},
				}},
				"tolerations": []any{map[string]any{"key": "gpu"}},
			}},
		},
	}})
	const container = "spec.template.spec.containers[web]"
	assert.DeepEqual(t, map[string]string(got), map[string]string{
		"metadata.name": "web",
		"spec.selector.matchLabels[app.kubernetes.io/name]": "web",
		container + ".name":                        "web",
		container + ".args[0]":                     "serve",
		container + ".args[1]":                     "serve",
		container + ".ports[80/TCP].containerPort": "80",
		container + ".ports[80/UDP].containerPort": "80",
		container + ".ports[80/UDP].protocol":      "UDP",
		container + ".resources.limits.memory":     "1Gi",
		container + ".resources.limits.cpu":        "1",
		"spec.template.spec.tolerations[0].key":    "gpu",
	})
}

// Of a kind that only the cluster knows, elements are told apart by their names where they have some.
func TestFlattenAnUnknownKind(t *testing.T) {
	got := Flatten(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Thing",
		"spec": map[string]any{"parts": []any{map[string]any{"name": "a", "size": "1024Mi"}}, "order": []any{"x"}},
	}})
	assert.DeepEqual(t, map[string]string(got), map[string]string{
		"spec.parts[a].name": "a", "spec.parts[a].size": "1024Mi", "spec.order[0]": "x",
	})
}
