package workload

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// replacePerRun deletes what exists for one run, if anything, where another begins in this apply. What the run before it has left goes first: its
// pods would be taken for those of the next one.
func (a *application[M]) replacePerRun(ctx context.Context, t *thing, live *unstructured.Unstructured) error {
	ref := kube.RefOf(a.things[t.PerRun].manifest)
	job, err := a.cluster.Get(ctx, ref)
	if err != nil {
		return err
	}
	if job == nil {
		if live == nil || a.records[t.PerRun].hasRun(a.memory.Records[t.PerRun]) {
			return nil
		}
		return a.replace(ctx, live, false)
	}
	if job.GetLabels()[ownerLabel] != a.memory.Owner || !a.runsAgain(t.PerRun, job) {
		return nil
	}
	pods, err := a.cluster.PodsBelow(ctx, job)
	if err != nil {
		return err
	}
	if err := a.replace(ctx, job, false); err != nil {
		return err
	}
	for pod, uid := range pods {
		if err := a.cluster.WaitGone(ctx, pod, uid); err != nil {
			return err
		}
	}
	if live == nil {
		return nil
	}
	return a.replace(ctx, live, false)
}

// goWithJobs has the cluster delete what exists for one run together with its Job, whoever deletes that. key is that of either: the later one
// of the two to be applied finds both.
func (a *application[M]) goWithJobs(ctx context.Context, key string) error {
	for _, t := range a.things {
		if t.PerRun == "" || t.Key != key && t.PerRun != key {
			continue
		}
		job, err := a.own(ctx, kube.RefOf(a.things[t.PerRun].manifest))
		if err != nil {
			return err
		}
		live, err := a.own(ctx, kube.RefOf(t.manifest))
		if err != nil {
			return err
		}
		if job == nil || live == nil {
			continue
		}
		owners := live.GetOwnerReferences()
		if slices.ContainsFunc(owners, func(r metav1.OwnerReference) bool { return r.UID == job.GetUID() }) {
			continue
		}
		owners = append(owners, metav1.OwnerReference{APIVersion: job.GetAPIVersion(), Kind: job.GetKind(), Name: job.GetName(), UID: job.GetUID()})
		patch := map[string]any{"metadata": map[string]any{"uid": live.GetUID(), "ownerReferences": owners}}
		if _, err := a.cluster.MergePatch(ctx, kube.RefOf(live), patch); err != nil {
			return err
		}
	}
	return nil
}

// own reads an object of the resource. It is nil where there is none, or one of somebody else.
func (a *application[M]) own(ctx context.Context, ref kube.Ref) (*unstructured.Unstructured, error) {
	live, err := a.cluster.Get(ctx, ref)
	if err != nil || live == nil || live.GetLabels()[ownerLabel] != a.memory.Owner {
		return nil, err
	}
	return live, nil
}
