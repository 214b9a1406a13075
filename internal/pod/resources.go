package pod

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Resources are requests and limits.
type Resources struct {
	Requests *Amounts `tfsdk:"requests"`
	Limits   *Amounts `tfsdk:"limits"`
}

// Amounts are quantities in Kubernetes' notation.
type Amounts struct {
	CPU              *string `tfsdk:"cpu"`
	Memory           *string `tfsdk:"memory"`
	EphemeralStorage *string `tfsdk:"ephemeral_storage"`
}

func resourcesAttribute(description string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"requests": amounts("What is reserved on the node."),
			"limits":   amounts("What may be used at most. A container that uses more memory is ended."),
		},
	}
}

// AmountsAttribute is a group of quantities of CPU and memory.
func AmountsAttribute(description string) schema.SingleNestedAttribute { return amounts(description) }

func amounts(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"cpu":               textOf("CPU, in cores or with `m` in thousandths, for instance `500m`.", validate.CPU()),
			"memory":            textOf("Memory in bytes, for instance `2Gi`.", validate.Bytes()),
			"ephemeral_storage": textOf("Storage on the node for logs, temporary files and the container's own layer, in bytes.", validate.Bytes()),
		},
	}
}

// Requirements renders requests and limits over the product's defaults.
func (s Settings) Requirements(requests, limits corev1.ResourceList) (*corev1ac.ResourceRequirementsApplyConfiguration, diag.Diagnostics) {
	return s.Resources.over(requests, limits, path.Root("resources"))
}

// over renders requests and limits over defaults. It is nil where there are none.
func (r *Resources) over(requests, limits corev1.ResourceList, at path.Path) (*corev1ac.ResourceRequirementsApplyConfiguration, diag.Diagnostics) {
	var diags diag.Diagnostics
	requests, limits = maps.Clone(requests), maps.Clone(limits)
	if r == nil {
		r = &Resources{}
	}
	requests = r.Requests.over(requests, at.AtName("requests"), &diags)
	limits = r.Limits.over(limits, at.AtName("limits"), &diags)
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		request := requests[name]
		limit, ok := limits[name]
		if !ok || limit.Cmp(request) >= 0 {
			continue
		}
		switch {
		case r.Requests.sets(name) && r.Limits.sets(name):
			diags.AddAttributeError(at, "A request is above its limit",
				"The request of "+string(name)+" is "+request.String()+" and the limit "+limit.String()+". Lower the request or raise the limit.")
		// Only one of the two is the user's: the default gives way.
		case r.Limits.sets(name):
			requests[name] = limit
		default:
			limits[name] = request
		}
	}
	out := corev1ac.ResourceRequirements()
	if len(requests) > 0 {
		out.WithRequests(requests)
	}
	if len(limits) > 0 {
		out.WithLimits(limits)
	}
	return out, diags
}

func (a *Amounts) fields() map[corev1.ResourceName]*string {
	if a == nil {
		return nil
	}
	return map[corev1.ResourceName]*string{
		corev1.ResourceCPU: a.CPU, corev1.ResourceMemory: a.Memory, corev1.ResourceEphemeralStorage: a.EphemeralStorage,
	}
}

func (a *Amounts) sets(name corev1.ResourceName) bool { return a.fields()[name] != nil }

func (a *Amounts) over(list corev1.ResourceList, at path.Path, diags *diag.Diagnostics) corev1.ResourceList {
	if list == nil {
		list = corev1.ResourceList{}
	}
	fields := a.fields()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] == nil {
			continue
		}
		if q, ok := quantity(*fields[name], at.AtName(strings.ReplaceAll(string(name), "-", "_")), diags); ok {
			list[name] = q
		}
	}
	return list
}

// quantity parses a quantity. The attribute's validator has refused what is none,
// unless the value was not known then.
func quantity(text string, at path.Path, diags *diag.Diagnostics) (resource.Quantity, bool) {
	q, err := validate.ParseQuantity(text)
	if err != nil {
		diags.AddAttributeError(at, "Invalid quantity", "The value must be an amount such as \"500m\" or \"2Gi\": "+err.Error()+".")
	}
	return q, err == nil
}
