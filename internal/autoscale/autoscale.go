// Package autoscale leaves the number of a Deployment's pods to an autoscaler.
package autoscale

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Autoscaling chooses the number of pods by how busy they are.
type Autoscaling struct {
	Min    int64  `tfsdk:"min"`
	Max    int64  `tfsdk:"max"`
	CPU    *int64 `tfsdk:"cpu_percent"`
	Memory *int64 `tfsdk:"memory_percent"`
}

// mostPods is the largest number of pods that can be asked for.
const mostPods = 1000

// Attributes are those of Autoscaling. least is the smallest value of min.
func Attributes(least int64) map[string]schema.Attribute {
	percent := func(of string) schema.Attribute {
		return schema.Int64Attribute{Optional: true, MarkdownDescription: "Average use of " + of + " to aim at, in percent of the request.", Validators: []validator.Int64{int64validator.Between(1, 1000)}}
	}
	return map[string]schema.Attribute{
		"min":            schema.Int64Attribute{Required: true, MarkdownDescription: "Least number of pods.", Validators: []validator.Int64{int64validator.Between(least, mostPods)}},
		"max":            schema.Int64Attribute{Required: true, MarkdownDescription: "Largest number of pods.", Validators: []validator.Int64{int64validator.Between(1, mostPods)}},
		"cpu_percent":    percent("CPU"),
		"memory_percent": percent("memory"),
	}
}

// Attribute is the attribute "autoscaling" of what a HorizontalPodAutoscaler scales.
func Attribute() schema.Attribute {
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "Choose the number of pods by how busy they are (HorizontalPodAutoscaler).", Attributes: Attributes(1)}
}

// Replicas is the validator of the attribute "replicas" beside "autoscaling".
func Replicas() validator.Int64 {
	return int64validator.ConflictsWith(path.MatchRelative().AtParent().AtName("autoscaling"))
}

// Check refuses limits that contradict each other. at is the attribute's path.
func (a Autoscaling) Check(at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	if a.Max < a.Min {
		diags.AddAttributeError(at.AtName("max"), "There are more pods at least than at most", fmt.Sprintf("max is %d and min %d. Raise max or lower min.", a.Max, a.Min))
	}
	return diags
}

// Render renders the HorizontalPodAutoscaler of a Deployment. Both are called name, and
// role is the end of the key. at is the attribute's path.
func (a Autoscaling) Render(role, name, namespace string, annotations map[string]string, at path.Path) (workload.Object, diag.Diagnostics) {
	diags := a.Check(at)
	spec := autoscalingv2ac.HorizontalPodAutoscalerSpec().WithMinReplicas(int32(a.Min)).WithMaxReplicas(int32(a.Max)).
		WithScaleTargetRef(autoscalingv2ac.CrossVersionObjectReference().WithAPIVersion("apps/v1").WithKind("Deployment").WithName(name))
	metric := func(of corev1.ResourceName, percent *int64) {
		if percent != nil {
			spec.WithMetrics(autoscalingv2ac.MetricSpec().WithType(autoscalingv2.ResourceMetricSourceType).WithResource(autoscalingv2ac.ResourceMetricSource().
				WithName(of).WithTarget(autoscalingv2ac.MetricTarget().WithType(autoscalingv2.UtilizationMetricType).WithAverageUtilization(int32(*percent)))))
		}
	}
	metric(corev1.ResourceCPU, a.CPU)
	metric(corev1.ResourceMemory, a.Memory)
	if a.CPU == nil && a.Memory == nil {
		diags.AddAttributeError(at, "Nothing says how busy the pods are", "Set cpu_percent, memory_percent or both.")
	}
	return workload.Object{
		Key: "HorizontalPodAutoscaler/" + role, Stage: workload.StageLast, NoWait: true,
		Manifest: autoscalingv2ac.HorizontalPodAutoscaler(name, namespace).WithAnnotations(annotations).WithSpec(spec),
	}, diags
}
