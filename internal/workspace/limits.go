package workspace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Without them a pod that asks for nothing takes what it likes, or does not start
// at all where a quota wants to know.
var (
	defaultRequests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")}
	defaultLimits   = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}
	// quotaDefaults are for what a quota counts and pods seldom say.
	quotaDefaults = map[corev1.ResourceName]resource.Quantity{
		"limits.cpu": resource.MustParse("1"), "limits.ephemeral-storage": resource.MustParse("1Gi"), "requests.ephemeral-storage": resource.MustParse("256Mi"),
	}
)

// limitItem is one entry of a LimitRange.
type limitItem struct {
	kind                             corev1.LimitType
	at                               path.Path
	min, max, limits, defaultRequest quantities
}

func (m *Model) limitItems(hard quantities, diags *diag.Diagnostics) []limitItem {
	r := m.LimitRange
	if r == nil {
		r = &LimitRange{}
	}
	at := path.Root("limit_range")
	item := func(kind corev1.LimitType, attribute string) limitItem {
		return limitItem{kind, at.AtName(attribute), newQuantities(diags), newQuantities(diags), newQuantities(diags), newQuantities(diags)}
	}
	container := item(corev1.LimitTypeContainer, "container")
	c := r.Container
	if c == nil {
		c = &ContainerLimits{}
	}
	container.bounds(c.Min, c.Max)
	container.limits.amounts("", c.Default, container.at.AtName("default"))
	container.defaultRequest.amounts("", c.DefaultRequest, container.at.AtName("default_request"))
	container.complete(hard)
	items := []limitItem{container}
	if r.Pod != nil {
		i := item(corev1.LimitTypePod, "pod")
		i.bounds(r.Pod.Min, r.Pod.Max)
		items = append(items, i)
	}
	if r.Volume != nil {
		i := item(corev1.LimitTypePersistentVolumeClaim, "persistent_volume_claim")
		i.min.amount(corev1.ResourceStorage, r.Volume.Min, i.at.AtName("min"))
		i.max.amount(corev1.ResourceStorage, r.Volume.Max, i.at.AtName("max"))
		items = append(items, i)
	}
	return items
}

func (i limitItem) bounds(least, most *pod.Amounts) {
	i.min.amounts("", least, i.at.AtName("min"))
	i.max.amounts("", most, i.at.AtName("max"))
}

// complete fills in defaults that the user has not set. They keep within what the
// user has: a default is never a reason to refuse a configuration.
func (i limitItem) complete(hard quantities) {
	limits, requests := maps.Clone(defaultLimits), maps.Clone(defaultRequests)
	for name, q := range quotaDefaults {
		if _, counts := hard.list[name]; !counts {
			continue
		}
		if what, is := strings.CutPrefix(string(name), "limits."); is {
			limits[corev1.ResourceName(what)] = q
		} else {
			requests[corev1.ResourceName(strings.TrimPrefix(string(name), "requests."))] = q
		}
	}
	fill := func(into quantities, defaults corev1.ResourceList, prefix corev1.ResourceName, notAbove ...corev1.ResourceList) {
		for name, q := range defaults {
			if _, set := into.list[name]; set {
				continue
			}
			for _, bound := range append(notAbove, i.max.list, corev1.ResourceList{name: hardOr(hard, prefix+name, q)}) {
				if most, there := bound[name]; there && q.Cmp(most) > 0 {
					q = most
				}
			}
			for _, bound := range []corev1.ResourceList{i.min.list} {
				if least, there := bound[name]; there && q.Cmp(least) < 0 {
					q = least
				}
			}
			into.list[name] = q
		}
	}
	// A limit below a request that the user has set would refuse each pod.
	for name, request := range i.defaultRequest.list {
		if limit, is := limits[name]; is && limit.Cmp(request) < 0 {
			limits[name] = request
		}
	}
	fill(i.limits, limits, "limits.")
	fill(i.defaultRequest, requests, "requests.", i.limits.list)
}

func hardOr(hard quantities, name corev1.ResourceName, fallback resource.Quantity) resource.Quantity {
	if q, there := hard.list[name]; there {
		return q
	}
	return fallback
}

// check finds values that contradict each other: with these no pod could start.
func (i limitItem) check(hard quantities, diags *diag.Diagnostics) {
	if len(i.min.list)+len(i.max.list)+len(i.limits.list)+len(i.defaultRequest.list) == 0 {
		diags.AddAttributeError(i.at, "A group of limits sets none", "Set min, max or both, or remove it.")
	}
	compare := func(low quantities, lowName string, high quantities, highName string) {
		for _, name := range slices.Sorted(maps.Keys(low.list)) {
			l := low.list[name]
			h, there := high.list[name]
			if !there || l.Cmp(h) <= 0 {
				continue
			}
			at, set := low.paths[name]
			if !set {
				at = high.paths[name]
			}
			diags.AddAttributeError(at, "Limits that no "+strings.ToLower(string(i.kind))+" can keep",
				fmt.Sprintf("%s of %s is %s, and %s is %s. Lower the first or raise the second.", lowName, name, l.String(), highName, h.String()))
		}
	}
	compare(i.min, "min", i.max, "max")
	compare(i.min, "min", i.defaultRequest, "default_request")
	compare(i.min, "min", i.limits, "default")
	compare(i.defaultRequest, "default_request", i.limits, "default")
	compare(i.defaultRequest, "default_request", i.max, "max")
	compare(i.limits, "default", i.max, "max")
	for _, own := range []struct {
		quantities
		prefix corev1.ResourceName
	}{{i.limits, "limits."}, {i.defaultRequest, "requests."}} {
		for _, name := range slices.Sorted(maps.Keys(own.list)) {
			q := own.list[name]
			if sum, there := hard.list[own.prefix+name]; there && q.Cmp(sum) > 0 {
				diags.AddAttributeError(own.paths[name], "A container without limits gets more than the quota",
					fmt.Sprintf("It would get %s of %s, and the quota of %s is %s, so that it could never start. Lower the default or raise the quota.",
						q.String(), name, own.prefix+name, sum.String()))
			}
		}
	}
}

func limitRange(m *Model, items []limitItem) workload.Object {
	spec := corev1ac.LimitRangeSpec()
	for _, i := range items {
		item := corev1ac.LimitRangeItem().WithType(i.kind)
		for _, part := range []struct {
			list corev1.ResourceList
			set  func(corev1.ResourceList) *corev1ac.LimitRangeItemApplyConfiguration
		}{{i.min.list, item.WithMin}, {i.max.list, item.WithMax}, {i.limits.list, item.WithDefault}, {i.defaultRequest.list, item.WithDefaultRequest}} {
			if len(part.list) > 0 {
				part.set(part.list)
			}
		}
		spec.WithLimits(item)
	}
	return workload.Object{
		Key: "LimitRange/workspace", Stage: workload.StageIdentity, At: path.Root("limit_range"), Guard: true,
		Manifest: corev1ac.LimitRange("workspace", m.Name).WithSpec(spec),
	}
}
