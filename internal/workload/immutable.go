package workload

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// runAnnotation keeps on a Job which run key it ran with, so that an apply which was killed does not run it twice.
const runAnnotation = BookkeepingPrefix + "run"

const jobKind = "Job"

// makeWay deletes what stands in the way of a change that the API server does not
// allow in place, so that nothing that runs or is stored is lost by it. done is
// true when the object is to stay as it is.
func (a *application[M]) makeWay(ctx context.Context, t *thing, live *unstructured.Unstructured) (done bool, err error) {
	switch live.GetKind() {
	case "StatefulSet":
		want, _, _ := unstructured.NestedMap(t.manifest.Object, "spec", "selector")
		if have, _, _ := unstructured.NestedMap(live.Object, "spec", "selector"); !equality.Semantic.DeepEqual(want, have) {
			// Pods that the new selector does not match would be nobody's.
			return false, a.replace(ctx, live, false)
		}
	case jobKind:
		if a.runsAgain(t.Key, live) {
			return false, a.replace(ctx, live, false)
		}
		// The run is over or under way: nothing but its run key makes it run again.
		return true, nil
	case claimKind.Kind:
		if !isBound(live) && a.differs(ctx, live, t.manifest.Object) {
			return false, a.replace(ctx, live, false)
		}
	case "Service":
		want, ok, _ := unstructured.NestedString(t.manifest.Object, "spec", "clusterIP")
		if have, _, _ := unstructured.NestedString(live.Object, "spec", "clusterIP"); ok && want != have {
			return false, a.replace(ctx, live, false)
		}
		if have, _, _ := unstructured.NestedString(live.Object, "spec", "clusterIP"); !ok && have == corev1.ClusterIPNone {
			return false, a.replace(ctx, live, false)
		}
	}
	return false, nil
}

// replaceable are the kinds that can be deleted and made anew where a field cannot
// change in place: nothing is stored in them.
var replaceable = map[string]bool{
	"Deployment": true, "DaemonSet": true, "Service": true, "RoleBinding": true, "ClusterRoleBinding": true, "Ingress": true,
	"NetworkPolicy": true, "PodDisruptionBudget": true, "HorizontalPodAutoscaler": true, "ConfigMap": true,
}

// isHandled tells the refusals that a dry run gives and the apply deals with.
func isHandled(p kube.Problem) bool {
	return p.Verdict == kube.Immutable || keepsStrategy(p) || isOwnConflict(p)
}

// keepsStrategy tells the refusal of another update strategy because the defaults
// of the one before are there. Server-side apply leaves them: they are nobody's.
func keepsStrategy(p kube.Problem) bool {
	return p.Verdict == kube.Invalid && (p.Field == "spec.strategy.rollingUpdate" || p.Field == "spec.updateStrategy.rollingUpdate")
}

// isOwnConflict tells a conflict with nothing but what the engine itself changed
// otherwise than by its apply.
func isOwnConflict(p kube.Problem) bool {
	return p.Verdict == kube.Conflict && len(p.Managers) > 0 && !slices.ContainsFunc(p.Managers, func(manager string) bool {
		return manager != kube.FieldManager && manager != replicasManager
	})
}

// dropStrategy makes the update strategy that of the manifest, without what
// belongs to the one before.
func (a *application[M]) dropStrategy(ctx context.Context, manifest *unstructured.Unstructured) error {
	field := "updateStrategy"
	if manifest.GetKind() == "Deployment" {
		field = "strategy"
	}
	kind, _, _ := unstructured.NestedString(manifest.Object, "spec", field, "type")
	patch := map[string]any{"spec": map[string]any{field: map[string]any{"type": kind, "rollingUpdate": nil}}}
	_, err := a.cluster.MergePatch(ctx, kube.RefOf(manifest), patch)
	return err
}

// lasting reports whether an object holds what exists nowhere else, so that the
// engine never replaces it.
func lasting(t *thing) bool {
	if t.manifest.GetKind() == claimKind.Kind {
		return true
	}
	for _, v := range t.Data {
		if v.kind == secretGenerated {
			return true
		}
	}
	return false
}

// fixed refuses a change that only a new object could have, where a new one would
// lose what the old one holds.
func fixed(key string, ref kube.Ref, p kube.Problem) diag.Diagnostic {
	detail := ref.String() + ": " + p.Detail + " The provider does not do that, because "
	if ref.Kind == claimKind.Kind {
		detail += "the data of the volume would be lost. Of a volume only the size can change, and only grow: undo the change, or add a volume with another name " +
			"and move the data."
	} else {
		detail += "the credentials that were generated into it would be lost. Undo the change; where somebody has set immutable: true, " +
			"replace the Secret with kubectl by one of the same data and labels without it."
	}
	return diag.NewErrorDiagnostic(key+" cannot change like this", detail)
}

// refuseFixed adds the diagnostic of a change that the engine never makes, if the
// answer to a dry run tells one.
func (p *planner[M]) refuseFixed(ctx context.Context, cluster *kube.Cluster, t *thing, answer error, diags *diag.Diagnostics) bool {
	ref, problem := kube.RefOf(t.manifest), kube.Classify(answer)
	if problem.Verdict != kube.Immutable || !lasting(t) {
		return false
	}
	live, err := cluster.Get(ctx, ref)
	if err != nil || live == nil || ref.Kind == claimKind.Kind && !isBound(live) {
		// A claim that holds no volume yet is made anew.
		return false
	}
	diags.Append(fixed(t.Key, ref, problem))
	return true
}

// ranWith is the fingerprint of the run key that the live Job has run with.
func (a *application[M]) ranWith(live *unstructured.Unstructured) string {
	if mark, marked := live.GetAnnotations()[runAnnotation]; marked {
		return mark
	}
	for _, old := range a.memory.Records {
		if old.ref() == kube.RefOf(live) {
			return old.RunKey
		}
	}
	return ""
}

// runsAgain reports whether a Job makes way for another run, by its key.
func (a *application[M]) runsAgain(key string, live *unstructured.Unstructured) bool {
	ran := a.records[key].hasRun(a.memory.Records[key])
	return hasFailed(live) && !ran || a.ranWith(live) != a.records[key].RunKey
}

// hasFailed reports whether a Job has ended without success.
func hasFailed(job *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(job.Object, "status", "conditions")
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == "Failed" && m["status"] == "True" {
			return true
		}
	}
	return false
}

const selectorPath = "spec.selector."

// isRemade tells the fields of a StatefulSet that cannot change in place, and for
// which it is made anew while its pods go on.
func isRemade(path string) bool {
	return strings.HasPrefix(path, templatesPath) || path == "spec.serviceName" || path == "spec.podManagementPolicy"
}

// followService restarts, one by one, the pods of a StatefulSet that were made
// while it had another governing Service: their names are of that one.
func (a *application[M]) followService(ctx context.Context, t *thing) error {
	if t.manifest.GetKind() != "StatefulSet" {
		return nil
	}
	service, _, _ := unstructured.NestedString(t.manifest.Object, "spec", "serviceName")
	live, err := a.settled(ctx, kube.RefOf(t.manifest))
	if err != nil || service == "" {
		return err
	}
	target, _, _ := unstructured.NestedString(live.Object, "status", "updateRevision")
	pods, err := podsOf(ctx, a.cluster, live)
	if err != nil {
		return err
	}
	slices.SortFunc(pods, func(x, y unstructured.Unstructured) int { return strings.Compare(y.GetName(), x.GetName()) })
	for _, pod := range pods {
		if subdomain, _, _ := unstructured.NestedString(pod.Object, "spec", "subdomain"); subdomain == service || pod.GetDeletionTimestamp() != nil {
			continue
		}
		if err := a.restart(ctx, &pod); err != nil {
			return err
		}
		if err := a.awaitPod(ctx, kube.RefOf(live), kube.RefOf(&pod), target); err != nil {
			return err
		}
	}
	return nil
}

// replace deletes the object and waits until it is gone.
func (a *application[M]) replace(ctx context.Context, live *unstructured.Unstructured, orphan bool) error {
	ref := kube.RefOf(live)
	if err := a.cluster.Delete(ctx, ref, kube.DeleteOptions{UID: live.GetUID(), Orphan: orphan}); err != nil {
		return err
	}
	return a.cluster.WaitGone(ctx, ref, live.GetUID())
}
