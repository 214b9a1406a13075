package spark

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Metrics are what Prometheus reads.
type Metrics struct {
	PodMonitor *bool   `tfsdk:"pod_monitor"`
	Namespace  *string `tfsdk:"namespace"`
}

// Paths of the metrics. The driver has those of the executors too, which tell it of
// themselves with every heartbeat.
const (
	driverMetricsPath   = "/metrics/prometheus"
	executorMetricsPath = "/metrics/executors/prometheus"
	metricsPrefix       = "spark.metrics.conf.*.sink.prometheusServlet."
)

func metricsAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Metrics for Prometheus, on the port 4040 of the driver: its own at `" + driverMetricsPath + "`, and those of the executors at `" + executorMetricsPath + "`. " +
			"Their names begin with that of the resource, and not with that of a run.",
		Attributes: map[string]schema.Attribute{
			"pod_monitor": expose.PodMonitorAttribute(""),
			"namespace":   text("Namespace of Prometheus, whose pods may then connect to the port of the metrics. Default: only pods of the resource itself may.", validate.DNSLabel()),
		},
	}
}

// metricsConfig adds that metrics are served.
func (a *application) metricsConfig(out map[string]string) {
	if a.m.Metrics == nil {
		return
	}
	out["spark.ui.enabled"] = "true"
	out["spark.ui.prometheus.enabled"] = "true"
	out["spark.metrics.namespace"] = a.n.resource
	out[metricsPrefix+"class"] = "org.apache.spark.metrics.sink.PrometheusServlet"
	out[metricsPrefix+"path"] = driverMetricsPath
}

// metricsObjects has Prometheus find the metrics, and lets it in.
func (a *application) metricsObjects() []workload.Object {
	var out []workload.Object
	m := a.m.Metrics
	if m == nil {
		return nil
	}
	driver := a.n.selector(roleDriver)
	if m.Namespace != nil {
		from := networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{"kubernetes.io/metadata.name": *m.Namespace}))
		out = append(out, workload.Object{
			Key: "NetworkPolicy/metrics", Stage: workload.StageIdentity,
			Manifest: networkingv1ac.NetworkPolicy(a.n.resource+"-metrics", a.n.namespace).WithSpec(networkingv1ac.NetworkPolicySpec().
				WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(driver)).WithPolicyTypes("Ingress").
				WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithFrom(from).
					WithPorts(networkingv1ac.NetworkPolicyPort().WithProtocol("TCP").WithPort(intstr.FromInt32(uiPort))))),
		})
	}
	if ptr.Deref(m.PodMonitor, false) {
		out = append(out, expose.PodMonitor(roleDriver, a.n.resource, a.n.namespace, driver,
			map[string]any{"port": "ui", "path": driverMetricsPath}, map[string]any{"port": "ui", "path": executorMetricsPath}))
	}
	return out
}
