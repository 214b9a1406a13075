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

// QuotaRefusal tells what the quotas of a namespace would refuse of what is wanted in addition to what is used now, or "". The names
// in want are those of a ResourceQuota: requests.cpu, limits.memory, requests.storage, pods, persistentvolumeclaims. Quotas that count
// only some pods (by scope) are left out, since they may not apply.
func (c *Cluster) QuotaRefusal(ctx context.Context, namespace string, want corev1.ResourceList) (string, error) {
	quotas, err := c.List(ctx, schema.GroupVersionKind{Version: "v1", Kind: "ResourceQuota"}, namespace, "")
	if err != nil {
		return "", err
	}
	var lines []string
	for i := range quotas {
		var quota corev1.ResourceQuota
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(quotas[i].Object, &quota); err != nil {
			return "", fmt.Errorf("reading ResourceQuota %s/%s: %w", namespace, quotas[i].GetName(), err)
		}
		lines = append(lines, quotaExcess(&quota, want)...)
	}
	if len(lines) == 0 {
		return "", nil
	}
	return fmt.Sprintf("namespace %q has no room for this:\n%s", namespace, strings.Join(lines, "\n")), nil
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

// quotaName is the one name for a resource in quotas.
func quotaName(name corev1.ResourceName) corev1.ResourceName {
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
		sum := wanted[quotaName(name)]
		sum.Add(quantity)
		wanted[quotaName(name)] = sum
	}
	var lines []string
	for name, hard := range quota.Spec.Hard {
		more, ok := wanted[quotaName(name)]
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
