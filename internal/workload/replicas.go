package workload

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// replicasManager holds the number of pods of a workload while it passes to an
// autoscaler or comes back.
const replicasManager = kube.FieldManager + "-replicas"

// passReplicas hands the number of pods over when the rendering leaves it to an
// autoscaler: a field that nobody holds falls back to its default, which is one
// pod. When the rendering has it again, it is taken back from whoever had it.
func (a *application[M]) passReplicas(ctx context.Context, t *thing, live *unstructured.Unstructured) error {
	want, wanted, _ := unstructured.NestedInt64(t.manifest.Object, "spec", "replicas")
	prior := a.prior[t.Key]
	_, had := prior[replicasPath]
	have, there, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
	switch {
	case prior == nil || had == wanted || !there:
		return nil
	case had:
		want = have
	}
	number := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"replicas": want}}}
	number.SetGroupVersionKind(live.GroupVersionKind())
	number.SetNamespace(live.GetNamespace())
	number.SetName(live.GetName())
	_, _, err := a.cluster.Apply(ctx, number, kube.ApplyOptions{Force: true, Manager: replicasManager})
	return err
}

const replicasPath = "spec.replicas"

// takesReplicas reports whether the number of pods of an object comes back from an
// autoscaler, so that its other manager is no conflict.
func (p *planner[M]) takesReplicas(key string) bool {
	if p.create || p.state.Objects[key] == nil {
		return false
	}
	_, had := p.state.Objects[key][replicasPath]
	return !had
}
