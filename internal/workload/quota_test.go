package workload

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestRolloutDemand(t *testing.T) {
	const memory = corev1.ResourceRequestsMemory
	list := func(text string) corev1.ResourceList { return corev1.ResourceList{memory: resource.MustParse(text)} }
	for name, test := range map[string]struct {
		old           []string
		each          string
		wanted, surge int64
		want          string
	}{
		"more pods":                        {[]string{"1Gi"}, "1Gi", 3, 0, "2Gi"},
		"fewer pods":                       {[]string{"1Gi", "1Gi", "1Gi"}, "1Gi", 1, 0, "-2Gi"},
		"a rollout":                        {[]string{"1Gi", "1Gi"}, "1Gi", 2, 1, "1Gi"},
		"a rollout of larger pods":         {[]string{"1Gi", "1Gi"}, "3Gi", 2, 1, "5Gi"},
		"a rollout of smaller pods":        {[]string{"3Gi", "3Gi"}, "1Gi", 2, 1, "1Gi"},
		"a rollout and fewer pods":         {[]string{"1Gi", "1Gi", "1Gi"}, "1Gi", 1, 1, "-1Gi"},
		"a rollout and more pods":          {[]string{"1Gi"}, "1Gi", 2, 1, "2Gi"},
		"smaller pods in place":            {[]string{"3Gi", "3Gi"}, "1Gi", 2, 0, "-4Gi"},
		"no pods yet":                      {nil, "1Gi", 2, 1, "2Gi"},
		"a rollout of pods that are lost":  {[]string{"1Gi"}, "1Gi", 3, 1, "3Gi"},
		"a rollout of pods of two origins": {[]string{"1Gi", "2Gi"}, "1Gi", 2, 1, "2Gi"},
	} {
		t.Run(name, func(t *testing.T) {
			var old []corev1.ResourceList
			for _, text := range test.old {
				old = append(old, list(text))
			}
			got := rolloutDemand(list(test.each), old, test.wanted, test.surge)[memory]
			if want := resource.MustParse(test.want); got.Cmp(want) != 0 {
				t.Errorf("got %s, want %s", got.String(), test.want)
			}
		})
	}
}

func TestSurge(t *testing.T) {
	for name, test := range map[string]struct {
		kind     string
		strategy map[string]any
		replicas int64
		want     int64
	}{
		"the default":      {"Deployment", nil, 5, 2},
		"a number":         {"Deployment", map[string]any{"rollingUpdate": map[string]any{"maxSurge": int64(3)}}, 5, 3},
		"a share":          {"Deployment", map[string]any{"rollingUpdate": map[string]any{"maxSurge": "50%"}}, 3, 2},
		"none":             {"Deployment", map[string]any{"rollingUpdate": map[string]any{"maxSurge": int64(0)}}, 5, 0},
		"Recreate":         {"Deployment", map[string]any{"type": "Recreate"}, 5, 0},
		"another workload": {"StatefulSet", nil, 5, 0},
	} {
		t.Run(name, func(t *testing.T) {
			spec := map[string]any{"replicas": test.replicas}
			if test.strategy != nil {
				spec["strategy"] = test.strategy
			}
			if got := surgeOf(&unstructured.Unstructured{Object: map[string]any{"kind": test.kind, "spec": spec}}); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestDemandHeight(t *testing.T) {
	list := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory)}
	}
	d := demand{rest: list("1", "1Gi"), jobs: list("2", "1Gi"), servers: list("1", "4Gi")}
	d.jobs["gpu"] = resource.MustParse("1")
	got := d.height()
	for name, text := range map[corev1.ResourceName]string{"cpu": "3", "memory": "5Gi", "gpu": "1"} {
		if q, want := got[name], resource.MustParse(text); q.Cmp(want) != 0 {
			t.Errorf("%s: got %s, want %s", name, q.String(), text)
		}
	}
}
