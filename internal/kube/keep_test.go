package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// TestKeepLive leaves fields of each form to others.
func TestKeepLive(t *testing.T) {
	const head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {team: ours, terraform-provider-analytics/owner: us}}\n"
	pod := func(text string) string { return head + "spec: {template: {spec: " + text + "}}" }
	secret := func(data string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\ndata: " + data
	}
	for name, test := range map[string]struct {
		ours, live, want string
		keep             []string
	}{
		"nothing": {
			head + "spec: {replicas: 1}", head + "spec: {replicas: 5}", head + "spec: {replicas: 1}", nil,
		},
		"a field": {
			head + "spec: {replicas: 1, paused: false}", head + "spec: {replicas: 5, paused: true}", head + "spec: {replicas: 5, paused: false}",
			[]string{"spec.replicas"},
		},
		"a field that is gone": {
			head + "spec: {replicas: 1, paused: false}", head + "spec: {paused: true}", head + "spec: {paused: false}",
			[]string{"spec.replicas"},
		},
		"a label, and never the owner's": {
			head, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {team: theirs, terraform-provider-analytics/owner: them}}",
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {team: theirs, terraform-provider-analytics/owner: us}}",
			[]string{"metadata.labels.team", "metadata.labels[terraform-provider-analytics/owner]"},
		},
		"a field of one element of a list, in another order": {
			pod("{containers: [{name: a, image: a1}, {name: b, image: b1}]}"), pod("{containers: [{name: x, image: x}, {name: b, image: b2}, {name: a, image: a2}]}"),
			pod("{containers: [{name: a, image: a1}, {name: b, image: b2}]}"),
			[]string{"spec.template.spec.containers[b].image"},
		},
		"an element that is gone": {
			pod("{containers: [{name: a, image: a1}, {name: b, image: b1}]}"), pod("{containers: [{name: a, image: a2}]}"),
			pod("{containers: [{name: a, image: a1}]}"),
			[]string{"spec.template.spec.containers[b]"},
		},
		"a list without names": {
			pod("{containers: [{name: a, args: [one, two]}]}"), pod("{containers: [{name: a, args: [three]}]}"),
			pod("{containers: [{name: a, args: [three]}]}"),
			[]string{"spec.template.spec.containers[a].args"},
		},
		"an element of a list without names": {
			pod("{containers: [{name: a, args: [one, two]}]}"), pod("{containers: [{name: a, args: [three, four]}]}"),
			pod("{containers: [{name: a, args: [one, four]}]}"),
			[]string{"spec.template.spec.containers[a].args[1]"},
		},
		"keys of a Secret": {
			secret("{a: YQ==, b: Yg==, c: Yw==}"), secret("{a: eA==, b: eA==}"), secret("{a: eA==, b: Yg==}"), []string{"data[a]", "data[c]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			parse := func(text string) *unstructured.Unstructured {
				object := &unstructured.Unstructured{}
				raw, err := yaml.YAMLToJSON([]byte(text))
				if err == nil {
					err = object.UnmarshalJSON(raw)
				}
				if err != nil {
					t.Fatal(err)
				}
				return object
			}
			keep := map[string]bool{}
			for _, path := range test.keep {
				keep[path] = true
			}
			ours, live := parse(test.ours), parse(test.live)
			KeepLive(ours, live, func(path string) bool { return keep[path] })
			if diff := cmp.Diff(parse(test.want).Object, ours.Object); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(parse(test.live).Object, live.Object); diff != "" {
				t.Errorf("the live object changed (-want +got):\n%s", diff)
			}
		})
	}
}
