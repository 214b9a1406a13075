package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Quotas are those of a namespace.
func (c *Cluster) Quotas(ctx context.Context, namespace string) ([]corev1.ResourceQuota, error) {
	live, err := c.List(ctx, schema.GroupVersionKind{Version: "v1", Kind: "ResourceQuota"}, namespace, "")
	if err != nil {
		return nil, err
	}
	quotas := make([]corev1.ResourceQuota, len(live))
	for i := range live {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live[i].Object, &quotas[i]); err != nil {
			return nil, fmt.Errorf("reading ResourceQuota %s/%s: %w", namespace, live[i].GetName(), err)
		}
	}
	return quotas, nil
}

// QuotaRefusal tells what the quotas of a namespace would refuse of what is wanted in addition to what is used now, or "". The names
// in want are those of a ResourceQuota: requests.cpu, limits.memory, requests.storage, pods, persistentvolumeclaims. Quotas that count
// only some pods (by scope) are left out, since they may not apply.
func QuotaRefusal(namespace string, quotas []corev1.ResourceQuota, want corev1.ResourceList) string {
	var lines []string
	for i := range quotas {
		lines = append(lines, quotaExcess(&quotas[i], want)...)
	}
	if len(lines) == 0 {
		return ""
	}
	return fmt.Sprintf("namespace %q has no room for this:\n%s", namespace, strings.Join(lines, "\n"))
}

// QuotaBelowUse tells of which resources a quota would allow less than is used of it, a line for each, or "".
func QuotaBelowUse(live *corev1.ResourceQuota, hard corev1.ResourceList) string {
	var lines []string
	for name, allowed := range hard {
		used, counted := live.Status.Used[name]
		before, limited := live.Spec.Hard[name]
		if counted && used.Cmp(allowed) > 0 && (!limited || allowed.Cmp(before) < 0) {
			lines = append(lines, fmt.Sprintf("  %s: %s is used, and the quota would be %s", name, used.String(), allowed.String()))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// QuotaCount is the name under which a quota counts the objects of a kind.
func QuotaCount(gvk schema.GroupVersionKind) corev1.ResourceName {
	gvr, _ := resourceFor(gvk)
	name := "count/" + gvr.Resource
	if gvr.Group != "" {
		name += "." + gvr.Group
	}
	return QuotaName(corev1.ResourceName(name))
}

// quotaAliases are the older names of some resources of a quota.
var quotaAliases = map[corev1.ResourceName]corev1.ResourceName{
	corev1.ResourceCPU:              corev1.ResourceRequestsCPU,
	corev1.ResourceMemory:           corev1.ResourceRequestsMemory,
	corev1.ResourceEphemeralStorage: corev1.ResourceRequestsEphemeralStorage,
	"count/pods":                    corev1.ResourcePods,
	"count/persistentvolumeclaims":  corev1.ResourcePersistentVolumeClaims,
	"count/services":                corev1.ResourceServices,
	"count/secrets":                 corev1.ResourceSecrets,
	"count/configmaps":              corev1.ResourceConfigMaps,
}

// QuotaName is the one name for a resource in quotas, which have several for some.
func QuotaName(name corev1.ResourceName) corev1.ResourceName {
	if now, ok := quotaAliases[name]; ok {
		return now
	}
	return name
}

// quotaExcess lists the resources of which a quota leaves less than wanted.
func quotaExcess(quota *corev1.ResourceQuota, want corev1.ResourceList) []string {
	if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
		return nil
	}
	wanted := corev1.ResourceList{}
	for name, quantity := range want {
		sum := wanted[QuotaName(name)]
		sum.Add(quantity)
		wanted[QuotaName(name)] = sum
	}
	var lines []string
	for name, hard := range quota.Spec.Hard {
		more, ok := wanted[QuotaName(name)]
		if !ok || more.Sign() <= 0 {
			continue
		}
		used := quota.Status.Used[name]
		left := hard.DeepCopy()
		left.Sub(used)
		if more.Cmp(left) <= 0 {
			continue
		}
		if left.Sign() < 0 {
			left.Set(0)
		}
		lines = append(lines, fmt.Sprintf("  %s: %s more is needed, but quota %q leaves %s (%s of %s is used)",
			name, more.String(), quota.Name, left.String(), used.String(), hard.String()))
	}
	slices.Sort(lines)
	return lines
}
