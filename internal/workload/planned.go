package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// A resource that makes a namespace decides what the plans of those in it may
// bring. Terraform plans it before them, in the same process, so they can count
// with the quota as it will be. An apply asks the cluster, where it is by then.

// plannedNamespaces are those that plans of this process make or change, by name.
type plannedNamespaces struct {
	mu     sync.Mutex
	byName map[string]*plannedNamespace
}

// plannedNamespace is what the plan of its resource says about a namespace.
type plannedNamespace struct {
	// fresh is set when the cluster does not have it yet, or not for long any more, so
	// that nothing in it can be asked about.
	fresh  bool
	quotas map[string]corev1.ResourceQuota
	limits []corev1.LimitRange
	// demands is what the resources planned so far bring into it, by their ids.
	demands map[string]corev1.ResourceList
}

// of returns the plan of a namespace, nil where there is none.
func (n *plannedNamespaces) of(name string) *plannedNamespace {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byName[name]
}

// plannedNamespace is the plan of the namespace with the given name, nil where no
// resource of this run has planned it.
func (p *planner[M]) plannedNamespace(name string) *plannedNamespace {
	if p.settings.applying.Load() {
		return nil
	}
	return p.settings.namespaces.of(name)
}

// isFresh reports whether a thing is to be in a namespace that is not there yet,
// because this very run makes it.
func (p *planner[M]) isFresh(t *thing) bool {
	n := p.plannedNamespace(t.manifest.GetNamespace())
	return n != nil && n.fresh
}

// announceNamespaces notes the namespaces that the resource makes.
func (p *planner[M]) announceNamespaces(ctx context.Context, cluster *kube.Cluster, next view) {
	for _, key := range slices.Sorted(maps.Keys(p.draft.things[0])) {
		t := p.draft.things[0][key]
		if t.remote() || t.manifest.GetKind() != namespaceKind || !fullyKnown(next[key]) {
			continue
		}
		live, err := cluster.Observe(ctx, kube.RefOf(t.manifest))
		if err != nil {
			// Nothing is known, so the others ask the cluster, as always.
			continue
		}
		n := &plannedNamespace{fresh: live == nil || live.GetDeletionTimestamp() != nil, quotas: map[string]corev1.ResourceQuota{}, demands: map[string]corev1.ResourceList{}}
		for key, other := range p.draft.things[0] {
			if other.remote() || other.manifest.GetNamespace() != t.manifest.GetName() || !fullyKnown(next[key]) {
				continue
			}
			n.add(other.manifest)
		}
		p.settings.namespaces.mu.Lock()
		if p.settings.namespaces.byName == nil {
			p.settings.namespaces.byName = map[string]*plannedNamespace{}
		}
		p.settings.namespaces.byName[t.manifest.GetName()] = n
		p.settings.namespaces.mu.Unlock()
	}
}

func (n *plannedNamespace) add(manifest *unstructured.Unstructured) {
	switch manifest.GetKind() {
	case "ResourceQuota":
		var quota corev1.ResourceQuota
		if runtime.DefaultUnstructuredConverter.FromUnstructured(manifest.Object, &quota) == nil {
			n.quotas[quota.Name] = quota
		}
	case "LimitRange":
		var limits corev1.LimitRange
		if runtime.DefaultUnstructuredConverter.FromUnstructured(manifest.Object, &limits) == nil {
			n.limits = append(n.limits, limits)
		}
	}
}

// over returns the live quotas as the plan will have them, with what the other
// resources of the plan bring counted as used where nothing else can be. id is that
// of the resource that asks.
func (n *plannedNamespace) over(live []corev1.ResourceQuota, id string) []corev1.ResourceQuota {
	out := slices.Clone(live)
	for _, name := range slices.Sorted(maps.Keys(n.quotas)) {
		i := slices.IndexFunc(out, func(q corev1.ResourceQuota) bool { return q.Name == name })
		if i < 0 {
			out = append(out, corev1.ResourceQuota{ObjectMeta: n.quotas[name].ObjectMeta})
			i = len(out) - 1
		}
		out[i].Spec = n.quotas[name].Spec
		if !n.fresh {
			continue
		}
		used := corev1.ResourceList{}
		for other, demand := range n.demands {
			for resource, q := range demand {
				if other != id {
					add(used, resource, q)
				}
			}
		}
		out[i].Status.Used = corev1.ResourceList{}
		for resource := range out[i].Spec.Hard {
			out[i].Status.Used[resource] = used[kube.QuotaName(resource)]
		}
	}
	return out
}

// plannedQuotas are the quotas of the namespace as they will be once the run has
// changed them; the live ones where it does not.
func (p *planner[M]) plannedQuotas(ctx context.Context, cluster *kube.Cluster, namespace string) ([]corev1.ResourceQuota, error) {
	quotas, err := cluster.Quotas(ctx, namespace)
	n := p.plannedNamespace(namespace)
	if err != nil || n == nil {
		return quotas, err
	}
	p.settings.namespaces.mu.Lock()
	defer p.settings.namespaces.mu.Unlock()
	return n.over(quotas, p.plannedID().ValueString()), nil
}

// noteDemand remembers what the resource brings into a namespace that the run makes.
func (p *planner[M]) noteDemand(namespace string, demand corev1.ResourceList) {
	n := p.plannedNamespace(namespace)
	if n == nil || !n.fresh {
		return
	}
	named := corev1.ResourceList{}
	for name, q := range demand {
		add(named, kube.QuotaName(name), q)
	}
	p.settings.namespaces.mu.Lock()
	defer p.settings.namespaces.mu.Unlock()
	n.demands[p.plannedID().ValueString()] = named
}

// plannedPods are the pods of workloads in namespaces that this run makes, with
// what the planned LimitRanges give them.
func (p *planner[M]) plannedPods(things []*thing, diags *diag.Diagnostics) map[string]*corev1.Pod {
	pods := map[string]*corev1.Pod{}
	for _, t := range things {
		manifest := podOf(t.manifest)
		if manifest == nil {
			continue
		}
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(manifest.Object, &pod); err != nil {
			continue
		}
		for _, limits := range p.plannedNamespace(t.manifest.GetNamespace()).limits {
			for _, item := range limits.Spec.Limits {
				if item.Type == corev1.LimitTypeContainer {
					giveDefaults(&pod, item)
				}
			}
		}
		for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			for name, request := range c.Resources.Requests {
				if limit, there := c.Resources.Limits[name]; there && request.Cmp(limit) > 0 {
					diags.AddError(t.Key+": The planned LimitRange forbids this pod", fmt.Sprintf("Container %s asks for %s of %s, and its limit, which it has from the "+
						"LimitRange of namespace %q, is %s. Set the limit of the container, or raise the default.",
						c.Name, request.String(), name, t.manifest.GetNamespace(), limit.String()))
				}
			}
		}
		pods[t.Key] = &pod
	}
	return pods
}

// giveDefaults does to a pod what admission does with a LimitRange.
func giveDefaults(pod *corev1.Pod, item corev1.LimitRangeItem) {
	give := func(r *corev1.ResourceRequirements) {
		if r.Requests == nil {
			r.Requests = corev1.ResourceList{}
		}
		if r.Limits == nil {
			r.Limits = corev1.ResourceList{}
		}
		// The API server's own default comes first: who has a limit asks for as much.
		for name, limit := range r.Limits {
			if _, there := r.Requests[name]; !there {
				r.Requests[name] = limit
			}
		}
		for name, q := range item.Default {
			if _, there := r.Limits[name]; !there {
				r.Limits[name] = q
			}
		}
		for name, q := range item.DefaultRequest {
			if _, there := r.Requests[name]; !there {
				r.Requests[name] = q
			}
		}
	}
	for i := range pod.Spec.InitContainers {
		give(&pod.Spec.InitContainers[i].Resources)
	}
	for i := range pod.Spec.Containers {
		give(&pod.Spec.Containers[i].Resources)
	}
}

// checkLowered refuses a quota below what is used of it: Kubernetes takes it, and
// then nothing starts any more.
func (p *planner[M]) checkLowered(ctx context.Context, cluster *kube.Cluster, things []*thing) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, t := range things {
		if t.manifest.GetKind() != "ResourceQuota" {
			continue
		}
		live, err := cluster.Get(ctx, kube.RefOf(t.manifest))
		if err != nil || live == nil {
			// The dry run says what is wrong with it.
			continue
		}
		var was, is corev1.ResourceQuota
		if runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, &was) != nil ||
			runtime.DefaultUnstructuredConverter.FromUnstructured(t.manifest.Object, &is) != nil {
			continue
		}
		lines := kube.QuotaBelowUse(&was, is.Spec.Hard)
		if lines == "" {
			continue
		}
		diags.AddAttributeError(t.At, "The quota would be below what is used", fmt.Sprintf("%s:\n%s\n\nKubernetes ends nothing for that, but nothing new would start, not even a "+
			"pod in place of one that was lost. Leave the quota at what is used or above, or first have less running.", kube.RefOf(t.manifest), lines))
	}
	return diags
}
