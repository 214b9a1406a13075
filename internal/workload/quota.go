package workload

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	podresource "k8s.io/component-helpers/resource"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// The quota of a namespace acts on pods and volumes one by one. A dry run of one
// pod says nothing about the sum of all that an apply brings, which is what this
// file is about.

// demand is what an apply needs of a quota, at its height, beyond what is used
// now.
type demand struct {
	// rest has the objects, and the pods that are there to the end. Jobs have ended
	// before servers start, so these two are never there together.
	rest, jobs, servers corev1.ResourceList
}

// checkQuota compares what all changes need together with what the namespace's
// quotas leave. pods are the dry-run pods of those workloads that change, as the
// API server would admit them.
func (p *planner[M]) checkQuota(ctx context.Context, cluster *kube.Cluster, changes map[string]change, pods map[string]*corev1.Pod) diag.Diagnostics {
	refusal, err := p.quotaRefusal(ctx, cluster, changes, pods)
	if err != nil {
		// Who may not read quotas learns at apply what they say.
		tflog.Debug(ctx, "The namespace's quotas could not be compared with the plan.", map[string]any{"error": err.Error()})
		return nil
	}
	var diags diag.Diagnostics
	if refusal != "" {
		diags.AddError("The namespace's quota leaves too little", refusal+
			"\n\nThis is the sum over all pods that the apply adds, those that a rollout runs beside the old ones included, and over all volumes. "+
			"Ask for less, or have the ResourceQuota raised.")
	}
	return diags
}

func (p *planner[M]) quotaRefusal(ctx context.Context, cluster *kube.Cluster, changes map[string]change, pods map[string]*corev1.Pod) (string, error) {
	namespace := p.draft.env.Namespace
	quotas, err := p.plannedQuotas(ctx, cluster, namespace)
	if err != nil || len(quotas) == 0 {
		return "", err
	}
	d := demand{rest: corev1.ResourceList{}, jobs: corev1.ResourceList{}, servers: corev1.ResourceList{}}
	if p.create {
		if err := d.addObject(ctx, cluster, p.claimOf(cluster, namespace, commonOf(p.draft.models[0]).Name).ref); err != nil {
			return "", err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		t, c := p.draft.things[0][key], changes[key]
		if t == nil || t.remote() || c.deleted || t.manifest.GetNamespace() != namespace {
			continue
		}
		if c.created && t.manifest.GroupVersionKind() != claimKind {
			if err := d.addObject(ctx, cluster, kube.RefOf(t.manifest)); err != nil {
				return "", err
			}
		}
		if err := d.addClaims(ctx, cluster, t.manifest); err != nil {
			return "", err
		}
		if pods[key] == nil {
			continue
		}
		if t.manifest.GetKind() == "Job" {
			addTimes(d.jobs, footprint(pods[key]), wantedPods(t.manifest, nil))
			continue
		}
		into := d.rest
		if t.Stage > StageJob {
			into = d.servers
		}
		if err := addPods(ctx, cluster, into, t.manifest, pods[key], c); err != nil {
			return "", err
		}
	}
	height := d.height()
	p.noteDemand(namespace, height)
	return kube.QuotaRefusal(namespace, quotas, height), nil
}

// height is the most that is needed at any time.
func (d demand) height() corev1.ResourceList {
	out := d.rest.DeepCopy()
	for name, q := range d.servers {
		if more := d.jobs[name]; more.Cmp(q) > 0 {
			q = more
		}
		add(out, name, q)
	}
	for name, q := range d.jobs {
		if _, there := d.servers[name]; !there {
			add(out, name, q)
		}
	}
	return out
}

func add(list corev1.ResourceList, name corev1.ResourceName, q resource.Quantity) {
	sum := list[name]
	sum.Add(q)
	list[name] = sum
}

func addTimes(list, each corev1.ResourceList, n int64) {
	for name, q := range each {
		q.Mul(n)
		add(list, name, q)
	}
}

// addObject counts an object, unless it is there already.
func (d *demand) addObject(ctx context.Context, cluster *kube.Cluster, ref kube.Ref) error {
	live, err := cluster.Observe(ctx, ref)
	if err == nil && live == nil {
		add(d.rest, kube.QuotaCount(ref.GroupVersionKind), *resource.NewQuantity(1, resource.DecimalSI))
	}
	return err
}

// addPods adds the pods that a workload has more of, at the height of its rollout,
// than it has now.
func addPods(ctx context.Context, cluster *kube.Cluster, into corev1.ResourceList, manifest *unstructured.Unstructured, pod *corev1.Pod, c change) error {
	each := footprint(pod)
	live, err := cluster.Get(ctx, kube.RefOf(manifest))
	if err != nil {
		return err
	}
	if live == nil {
		addTimes(into, each, wantedPods(manifest, nil))
		return nil
	}
	old, err := livePods(ctx, cluster, live)
	if err != nil {
		return err
	}
	var surge int64
	if slices.ContainsFunc(c.paths, func(path string) bool { return strings.HasPrefix(path, "spec.template.") }) {
		surge = surgeOf(manifest)
	}
	for name, q := range rolloutDemand(each, old, wantedPods(manifest, live), surge) {
		add(into, name, q)
	}
	return nil
}

// rolloutDemand is what a rollout needs at most beyond what the old pods take:
// first as many old pods as are wanted and the first new ones, at last all new and
// the last old ones. Where others change at the same time, what it frees counts too.
func rolloutDemand(each corev1.ResourceList, old []corev1.ResourceList, wanted, surge int64) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, q := range each {
		var now, largest resource.Quantity
		for _, pod := range old {
			was := pod[name]
			now.Add(was)
			if was.Cmp(largest) > 0 {
				largest = was
			}
		}
		height := sumOf(q, wanted, largest, surge)
		if first := sumOf(q, surge, largest, wanted); surge > 0 && first.Cmp(height) > 0 {
			height = first
		}
		height.Sub(now)
		out[name] = height
	}
	return out
}

func sumOf(a resource.Quantity, n int64, b resource.Quantity, m int64) resource.Quantity {
	sum, more := a.DeepCopy(), b.DeepCopy()
	sum.Mul(n)
	more.Mul(m)
	sum.Add(more)
	return sum
}

// livePods are the footprints of the pods that a workload has and that a quota
// counts.
func livePods(ctx context.Context, cluster *kube.Cluster, live *unstructured.Unstructured) ([]corev1.ResourceList, error) {
	items, err := podsOf(ctx, cluster, live)
	if err != nil {
		return nil, err
	}
	var out []corev1.ResourceList
	for i := range items {
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(items[i].Object, &pod); err != nil {
			return nil, err
		}
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			out = append(out, footprint(&pod))
		}
	}
	return out, nil
}

// footprint is what one pod takes of a quota.
func footprint(pod *corev1.Pod) corev1.ResourceList {
	out := corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(1, resource.DecimalSI)}
	for name, q := range podresource.PodRequests(pod, podresource.PodResourcesOptions{}) {
		out["requests."+name] = q
	}
	for name, q := range podresource.PodLimits(pod, podresource.PodResourcesOptions{}) {
		out["limits."+name] = q
	}
	return out
}

// wantedPods is how many pods a workload has. Where an autoscaler decides, the live
// one tells.
func wantedPods(manifest, live *unstructured.Unstructured) int64 {
	field := "replicas"
	switch manifest.GetKind() {
	case "Deployment", "StatefulSet":
	case "Job":
		field = "parallelism"
	default:
		return 0
	}
	n, ok, _ := unstructured.NestedInt64(manifest.Object, "spec", field)
	switch {
	case ok:
		return n
	case live != nil:
		return wantedPods(live, nil)
	default:
		return 1
	}
}

// surgeOf is how many pods the rollout of a workload runs beside those that are
// wanted.
func surgeOf(manifest *unstructured.Unstructured) int64 {
	if manifest.GetKind() != "Deployment" {
		return 0
	}
	strategy, _, _ := unstructured.NestedMap(manifest.Object, "spec", "strategy")
	if strategy["type"] == string(appsv1.RecreateDeploymentStrategyType) {
		return 0
	}
	surge := intstr.FromString("25%")
	rolling, _ := strategy["rollingUpdate"].(map[string]any)
	switch v := rolling["maxSurge"].(type) {
	case int64:
		surge = intstr.FromInt(int(v))
	case string:
		surge = intstr.FromString(v)
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(&surge, int(wantedPods(manifest, nil)), true)
	if err != nil {
		return 0
	}
	return int64(n)
}

// addClaims adds the volumes of a workload's claim templates, and claims
// themselves, except for what those that are there already hold.
func (d *demand) addClaims(ctx context.Context, cluster *kube.Cluster, manifest *unstructured.Unstructured) error {
	switch manifest.GetKind() {
	case "StatefulSet":
		classes, templates := templateClasses(manifest), claimTemplates(manifest)
		for _, c := range claimsOf(manifest) {
			if err := d.addClaim(ctx, cluster, c.Ref, requestOf(templates[c.template]), classes[c.template]); err != nil {
				return err
			}
		}
	case claimKind.Kind:
		class, _, _ := unstructured.NestedString(manifest.Object, "spec", "storageClassName")
		return d.addClaim(ctx, cluster, kube.RefOf(manifest), requestOf(manifest.Object), class)
	}
	return nil
}

func (d *demand) addClaim(ctx context.Context, cluster *kube.Cluster, ref kube.Ref, size resource.Quantity, class string) error {
	live, err := cluster.Observe(ctx, ref)
	if err != nil {
		return err
	}
	more := size.DeepCopy()
	if live == nil {
		add(d.rest, corev1.ResourcePersistentVolumeClaims, *resource.NewQuantity(1, resource.DecimalSI))
	} else {
		more.Sub(requestOf(live.Object))
	}
	add(d.rest, corev1.ResourceRequestsStorage, more)
	if class != "" {
		add(d.rest, corev1.ResourceName(class+".storageclass.storage.k8s.io/requests.storage"), more)
	}
	return nil
}

// templateClasses are the classes that a StatefulSet's claim templates name.
func templateClasses(statefulSet *unstructured.Unstructured) map[string]string {
	classes := map[string]string{}
	templates, _, _ := unstructured.NestedSlice(statefulSet.Object, "spec", "volumeClaimTemplates")
	for _, t := range templates {
		m, _ := t.(map[string]any)
		name, _, _ := unstructured.NestedString(m, "metadata", "name")
		classes[name], _, _ = unstructured.NestedString(m, "spec", "storageClassName")
	}
	return classes
}
