package workspace

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	keyQuota  = "ResourceQuota/workspace"
	quotaName = "workspace"
)

// quantities collects amounts by resource, with where they stand.
type quantities struct {
	list  corev1.ResourceList
	paths map[corev1.ResourceName]path.Path
	diags *diag.Diagnostics
}

func newQuantities(diags *diag.Diagnostics) quantities {
	return quantities{list: corev1.ResourceList{}, paths: map[corev1.ResourceName]path.Path{}, diags: diags}
}

// amount adds what the user has set.
func (l quantities) amount(name corev1.ResourceName, text *string, at path.Path) {
	if text == nil {
		return
	}
	q, err := validate.ParseQuantity(*text)
	if err != nil {
		l.diags.AddAttributeError(at, "Invalid quantity", "The value must be an amount such as \"500m\" or \"2Gi\": "+err.Error()+".")
		return
	}
	l.list[name], l.paths[name] = q, at
}

func (l quantities) count(name corev1.ResourceName, n *int64, at path.Path) {
	if n != nil {
		l.list[name], l.paths[name] = *resource.NewQuantity(*n, resource.DecimalSI), at
	}
}

// amounts adds CPU, memory and ephemeral storage under names that begin with prefix.
func (l quantities) amounts(prefix corev1.ResourceName, a *pod.Amounts, at path.Path) {
	if a == nil {
		return
	}
	l.amount(prefix+corev1.ResourceCPU, a.CPU, at.AtName("cpu"))
	l.amount(prefix+corev1.ResourceMemory, a.Memory, at.AtName("memory"))
	l.amount(prefix+corev1.ResourceEphemeralStorage, a.EphemeralStorage, at.AtName("ephemeral_storage"))
}

// hard is what the quota allows, by resource.
func (m *Model) hard(diags *diag.Diagnostics) quantities {
	l := newQuantities(diags)
	q := m.Quota
	if q == nil {
		return l
	}
	at := path.Root("quota")
	l.amounts("requests.", q.Requests, at.AtName("requests"))
	l.amounts("limits.", q.Limits, at.AtName("limits"))
	l.amount(corev1.ResourceRequestsStorage, q.Storage, at.AtName("storage"))
	l.count(corev1.ResourcePersistentVolumeClaims, q.Volumes, at.AtName("persistent_volume_claims"))
	for _, name := range slices.Sorted(maps.Keys(q.StorageClasses)) {
		class, at := q.StorageClasses[name], at.AtName("storage_classes").AtMapKey(name)
		l.amount(corev1.ResourceName(name+classSuffix+"requests.storage"), class.Storage, at.AtName("storage"))
		l.count(corev1.ResourceName(name+classSuffix+"persistentvolumeclaims"), class.Volumes, at.AtName("persistent_volume_claims"))
	}
	l.count(corev1.ResourcePods, q.Pods, at.AtName("pods"))
	l.count(corev1.ResourceServicesLoadBalancers, q.LoadBalancers, at.AtName("load_balancers"))
	l.count(corev1.ResourceServicesNodePorts, q.NodePorts, at.AtName("node_ports"))
	for _, name := range slices.Sorted(maps.Keys(q.Hard)) {
		text := q.Hard[name]
		l.amount(corev1.ResourceName(name), &text, at.AtName("hard").AtMapKey(name))
	}
	return l
}

func quota(m *Model, hard quantities) workload.Object {
	return workload.Object{
		Key: keyQuota, Stage: workload.StageIdentity, At: path.Root("quota"), Guard: true,
		Manifest: corev1ac.ResourceQuota(quotaName, m.Name).WithSpec(corev1ac.ResourceQuotaSpec().WithHard(hard.list)),
	}
}
