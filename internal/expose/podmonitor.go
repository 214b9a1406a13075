package expose

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// PodMonitorAttribute is the attribute that asks for a PodMonitor. What the product wants beside it is added to the description, "" for nothing.
func PodMonitorAttribute(more string) schema.Attribute {
	return schema.BoolAttribute{
		Optional: true, MarkdownDescription: "Create a PodMonitor, for which the Prometheus operator must be installed. " + more + "Default: `false`.",
	}
}

// PodMonitor has Prometheus read the metrics of the pods with the given labels at endpoints, which are as the Prometheus operator has
// them. The kind is of a custom resource definition: there is no Go type for it here.
func PodMonitor(key, name, namespace string, selector map[string]string, endpoints ...map[string]any) workload.Object {
	labels := map[string]any{}
	for label, value := range selector {
		labels[label] = value
	}
	var all []any
	for _, endpoint := range endpoints {
		all = append(all, endpoint)
	}
	return workload.Object{
		Key: "PodMonitor/" + key, Stage: workload.StageLast, NoWait: true,
		Manifest: map[string]any{
			"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor",
			"metadata": map[string]any{"name": name, "namespace": namespace},
			"spec": map[string]any{
				"selector":            map[string]any{"matchLabels": labels},
				"podMetricsEndpoints": all,
			},
		},
	}
}
