package expose

import (
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// PodMonitor has Prometheus read the metrics of the pods with the given labels at an endpoint, which is as the Prometheus operator has
// it. The kind is of a custom resource definition: there is no Go type for it here.
func PodMonitor(key, name, namespace string, selector map[string]string, endpoint map[string]any) workload.Object {
	labels := map[string]any{}
	for label, value := range selector {
		labels[label] = value
	}
	return workload.Object{
		Key: "PodMonitor/" + key, Stage: workload.StageLast, NoWait: true,
		Manifest: map[string]any{
			"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor",
			"metadata": map[string]any{"name": name, "namespace": namespace},
			"spec": map[string]any{
				"selector":            map[string]any{"matchLabels": labels},
				"podMetricsEndpoints": []any{endpoint},
			},
		},
	}
}
