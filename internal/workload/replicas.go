package workload

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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
		// Autoscalers leave alone what has no pods.
		want = max(have, 1)
	}
	return a.setReplicas(ctx, live, want)
}

// setReplicas sets the number of pods of a workload that an autoscaler is to choose.
func (a *application[M]) setReplicas(ctx context.Context, live *unstructured.Unstructured, want int64) error {
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

// autoscalers are the kinds that choose the number of pods of what spec.scaleTargetRef
// names.
var autoscalers = map[string]bool{"HorizontalPodAutoscaler": true, "ScaledObject": true}

// dropAutoscalers deletes the autoscalers that are not wanted any more before what they
// scale changes: they would go on to choose its number of pods, and refuse others beside
// them. One that went down to no pod leaves one to the next autoscaler, which could not
// begin with none.
func (a *application[M]) dropAutoscalers(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, r := range a.memory.unwanted(a.records) {
		if !autoscalers[r.Kind] {
			continue
		}
		live, err := a.cluster.Get(ctx, r.ref())
		if err != nil {
			diags.Append(problem(r.ref().String(), r.ref(), err))
			return diags
		}
		if live == nil {
			continue
		}
		goes, more := removeLive(ctx, a.cluster, r.ref().String(), live, a.memory.Owner)
		if diags.Append(more...); diags.HasError() {
			return diags
		}
		if goes == "" {
			continue
		}
		err = a.cluster.WaitGone(ctx, r.ref(), goes)
		if err == nil {
			err = a.wake(ctx, live)
		}
		if err != nil {
			diags.Append(problem(r.ref().String(), r.ref(), err))
			return diags
		}
	}
	return diags
}

// wake gives the workload of an autoscaler that is gone a pod, where it has none and
// another autoscaler is to choose their number.
func (a *application[M]) wake(ctx context.Context, autoscaler *unstructured.Unstructured) error {
	target, _, _ := unstructured.NestedString(autoscaler.Object, "spec", "scaleTargetRef", "name")
	for _, t := range a.things {
		if t.remote() || t.manifest.GetKind() != "Deployment" || t.manifest.GetName() != target {
			continue
		}
		if _, wanted, _ := unstructured.NestedInt64(t.manifest.Object, "spec", "replicas"); wanted {
			continue
		}
		live, err := a.cluster.Get(ctx, kube.RefOf(t.manifest))
		if err != nil || live == nil {
			return err
		}
		if have, there, _ := unstructured.NestedInt64(live.Object, "spec", "replicas"); there && have == 0 {
			return a.setReplicas(ctx, live, 1)
		}
	}
	return nil
}
