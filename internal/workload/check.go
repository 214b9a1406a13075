package workload

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// checkWithServer asks the API server, where it can be asked, what it would say
// to the objects that change. When the CLI plans once more in the middle of an
// apply, pods alone are worth the question: an object that is refused fails there
// and then, a pod would be waited for.
func (p *planner[M]) checkWithServer(ctx context.Context, next view) diag.Diagnostics {
	var diags diag.Diagnostics
	mode := p.settings.PlanChecks
	if mode == PlanChecksOff || p.unknownSettings() || next == nil {
		return nil
	}
	cluster, more := p.connect()
	if more.HasError() {
		return more
	}
	var prior map[string]map[string]string
	if p.state != nil && !p.moved {
		prior = p.state.Objects
	}
	changes := next.changesFrom(prior)
	if !p.settings.applying.Load() {
		p.announceNamespaces(ctx, cluster, next)
	}
	var things, early []*thing
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		t := p.draft.things[0][key]
		if t != nil && !t.remote() && fullyKnown(next[key]) && (!p.settings.applying.Load() || podOf(t.manifest) != nil) {
			if p.isFresh(t) {
				early = append(early, t)
			} else {
				things = append(things, t)
			}
		}
	}
	pods, stop := p.checkThings(ctx, cluster, things, changes, &diags)
	maps.Copy(pods, p.plannedPods(early, &diags))
	if !stop {
		diags.Append(p.checkLowered(ctx, cluster, things)...)
	}
	if !stop && !diags.HasError() {
		diags.Append(p.checkQuota(ctx, cluster, changes, pods)...)
	}
	if mode == PlanChecksWarn {
		diags = asWarnings(diags)
	}
	return diags
}

// checkThings dry-runs objects and returns the pods of those that make pods, by
// key. It reports whether asking on is pointless: the first object shows whether
// it is, the others are asked together.
func (p *planner[M]) checkThings(ctx context.Context, cluster *kube.Cluster, things []*thing, changes map[string]change, diags *diag.Diagnostics) (pods map[string]*corev1.Pod, stop bool) {
	answers := make([]struct {
		pod   *corev1.Pod
		diags diag.Diagnostics
		stop  bool
	}, len(things))
	ask := func(n int) {
		a := &answers[n]
		a.pod, a.stop = p.checkThing(ctx, cluster, things[n], changes[things[n].Key], &a.diags)
	}
	if len(things) > 0 {
		ask(0)
	}
	if len(things) > 1 && !answers[0].stop {
		var group errgroup.Group
		group.SetLimit(parallel)
		for n := range things[1:] {
			group.Go(func() error { ask(n + 1); return nil })
		}
		_ = group.Wait() // what is wrong stands in the answers
	}
	pods = map[string]*corev1.Pod{}
	for n, a := range answers {
		diags.Append(a.diags...)
		if a.pod != nil {
			pods[things[n].Key] = a.pod
		}
		if a.stop {
			return pods, true
		}
	}
	return pods, false
}

// checkThing dry-runs one object, and one pod of those that it makes, which it
// returns as the API server would admit it. It reports whether asking on is
// pointless.
func (p *planner[M]) checkThing(ctx context.Context, cluster *kube.Cluster, t *thing, c change, diags *diag.Diagnostics) (admitted *corev1.Pod, stop bool) {
	if p.meetNamespace(ctx, cluster, t, diags) {
		return nil, true
	}
	manifest := t.manifest.DeepCopy()
	manifest.Object, _ = replaceRevisionsIn(manifest.Object, p.records).(map[string]any)
	if t.Data != nil {
		leaveOutData(manifest)
	}
	if p.checkGrowth(ctx, cluster, t, manifest, diags) {
		return nil, true
	}
	if p.takesReplicas(t.Key) {
		unstructured.RemoveNestedField(manifest.Object, "spec", "replicas")
	}
	p.leaveToOthers(ctx, cluster, t.Key, manifest, c, diags)
	_, warnings, err := p.dryRun(ctx, cluster, t, manifest, diags)
	for _, w := range warnings {
		diags.AddWarning("The API server warns about "+t.Key, w)
	}
	if p.create && kube.Classify(err).Verdict == kube.Conflict {
		return nil, p.meet(ctx, cluster, t.Key, kube.RefOf(manifest), err, diags)
	}
	if p.refuseFixed(ctx, cluster, t, err, diags) {
		return nil, false
	}
	// What else cannot change in place is handled by kind when it is applied.
	if err != nil && !isHandled(kube.Classify(err)) {
		return nil, p.verdict(t.Key, kube.RefOf(manifest), err, diags)
	}
	pod := podOf(manifest)
	if pod == nil || p.ranAlready(t) {
		return nil, false
	}
	live, _, err := cluster.Create(ctx, pod, true)
	switch {
	case err == nil:
		pod = live
	case kube.IsQuotaExceeded(err) && (!c.created || p.plannedNamespace(manifest.GetNamespace()) != nil):
		// New pods may take the place of old ones, and the quota may rise in the same
		// run: checkQuota knows how much is needed, and of what.
	case p.plannedNamespace(manifest.GetNamespace()) != nil && kube.Classify(err).Verdict == kube.Refused:
		diags.AddWarning(t.Key+": "+kube.Classify(err).Summary, kube.Classify(err).Detail+
			"\n\nThe namespace itself changes in the same run, so that this may be settled by then.")
		return nil, false
	default:
		return nil, p.verdict(t.Key, kube.RefOf(manifest), err, diags)
	}
	admitted = &corev1.Pod{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(pod.Object, admitted); err != nil {
		return nil, false
	}
	return admitted, false
}

// dryRun asks what an apply of the object would do. It warns of fields that
// force_conflicts takes over from their managers.
func (p *planner[M]) dryRun(ctx context.Context, cluster *kube.Cluster, t *thing, manifest *unstructured.Unstructured, diags *diag.Diagnostics) (*unstructured.Unstructured, []string, error) {
	c := commonOf(p.draft.models[0])
	options := kube.ApplyOptions{DryRun: true, Force: isTrue(c.Adopt) || t.Adopt || t.Data != nil || !p.create && p.memory.Baseline[t.Key] != nil}
	live, warnings, err := cluster.Apply(ctx, manifest, options)
	conflict := kube.Classify(err)
	if p.create || conflict.Verdict != kube.Conflict || len(conflict.Managers) == 0 || !isTrue(c.ForceConflicts) || isOwnConflict(conflict) {
		return live, warnings, err
	}
	diags.AddWarning(t.Key+": fields of other managers are taken over",
		fmt.Sprintf("%s: %s. force_conflicts = true takes that over.", kube.RefOf(manifest), strings.Join(conflict.Owned, ", ")))
	options.Force = true
	return cluster.Apply(ctx, manifest, options)
}

// leaveOutData takes the data of a Secret out, which only an apply knows, except for
// what the API server asks for in Secrets of its type.
func leaveOutData(secret *unstructured.Unstructured) {
	delete(secret.Object, "data")
	if secret.Object["type"] == string(corev1.SecretTypeDockerConfigJson) {
		secret.Object["data"] = map[string]any{corev1.DockerConfigJsonKey: base64.StdEncoding.EncodeToString([]byte("{}"))}
	}
}

// meet describes an object that is there although it is to be created. Whether one
// of this provider may be taken over, or is to be replaced, shows when it is
// applied.
func (p *planner[M]) meet(ctx context.Context, cluster *kube.Cluster, key string, ref kube.Ref, conflict error, diags *diag.Diagnostics) (stop bool) {
	live, err := cluster.Get(ctx, ref)
	switch {
	case err != nil || live == nil:
		return p.verdict(key, ref, conflict, diags)
	case live.GetLabels()[ownerLabel] == "":
		diags.Append(foreign(key, ref, live))
	}
	return false
}

// ranAlready reports whether the thing is a Job that does not run again.
func (p *planner[M]) ranAlready(t *thing) bool {
	if p.create || t.manifest.GetKind() != jobKind {
		return false
	}
	old := p.memory.Records[t.Key]
	return old != nil && old.RunKey == p.memory.fingerprint(t.RunKey)
}

// verdict turns the API server's answer into a diagnostic.
func (p *planner[M]) verdict(key string, ref kube.Ref, err error, diags *diag.Diagnostics) (stop bool) {
	problem := kube.Classify(err)
	detail := fmt.Sprintf("%s: %s", ref, problem.Detail)
	switch problem.Verdict {
	case kube.Note, kube.Transient, kube.Absent:
		diags.AddWarning(key+" could not be checked with the API server", detail)
		// That a custom kind is not installed says nothing about the others.
		return !kube.IsNotServed(err) || !isCustom(ref)
	case kube.Credentials:
		diags.AddError("The API server does not accept the provider's credentials", detail)
		return true
	default:
		diags.AddError(key+": "+problem.Summary, detail)
	}
	return false
}

// isCustom reports whether a kind comes from a CustomResourceDefinition.
func isCustom(ref kube.Ref) bool {
	return strings.Contains(ref.Group, ".") && !strings.HasSuffix(ref.Group, ".k8s.io")
}

// podOf is a pod as the object's template makes it: quotas and Pod Security act
// on pods, not on what makes them.
func podOf(manifest *unstructured.Unstructured) *unstructured.Unstructured {
	fields := []string{"spec", "template"}
	switch manifest.GetKind() {
	case "Deployment", "StatefulSet", "DaemonSet", "Job":
	case "CronJob":
		fields = []string{"spec", "jobTemplate", "spec", "template"}
	default:
		return nil
	}
	template, ok, _ := unstructured.NestedMap(manifest.Object, fields...)
	if !ok {
		return nil
	}
	spec, _ := template["spec"].(map[string]any)
	if spec == nil {
		return nil
	}
	// The service account may come with the same apply.
	delete(spec, "serviceAccountName")
	addClaimedVolumes(spec, manifest)
	labels, _, _ := unstructured.NestedStringMap(template, "metadata", "labels")
	pod := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": spec}}
	pod.SetNamespace(manifest.GetNamespace())
	pod.SetGenerateName(manifest.GetName() + "-")
	// Without the labels that select it, no controller can mistake it for its own.
	delete(labels, instanceLabel)
	pod.SetLabels(labels)
	return pod
}

// addClaimedVolumes adds the volumes that a StatefulSet's controller adds to its
// pods.
func addClaimedVolumes(podSpec map[string]any, manifest *unstructured.Unstructured) {
	volumes, _ := podSpec["volumes"].([]any)
	for name := range claimTemplates(manifest) {
		volumes = append(volumes, map[string]any{
			"name": name, "persistentVolumeClaim": map[string]any{"claimName": name + "-" + manifest.GetName() + "-0"},
		})
	}
	if len(volumes) > 0 {
		podSpec["volumes"] = volumes
	}
}

func fullyKnown(leaves map[string]*string) bool {
	for _, text := range leaves {
		if text == nil {
			return false
		}
	}
	return leaves != nil
}

func asWarnings(diags diag.Diagnostics) diag.Diagnostics {
	var out diag.Diagnostics
	for _, d := range diags {
		out.AddWarning(d.Summary(), d.Detail())
	}
	return out
}
