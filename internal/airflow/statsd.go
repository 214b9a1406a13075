package airflow

import (
	"errors"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DefaultStatsDImage is that of the exporter.
const DefaultStatsDImage = "quay.io/prometheus/statsd-exporter:v0.29.0"

// StatsD is an exporter of the resource's own, which receives metrics by the protocol of
// StatsD and shows them to Prometheus.
type StatsD struct {
	pod.Settings
	Image      *string `tfsdk:"image"`
	Mappings   *string `tfsdk:"mappings"`
	PodMonitor *bool   `tfsdk:"pod_monitor"`
}

const (
	statsD            = "statsd"
	statsDMappings    = "mappings.yml"
	statsDPath        = "/etc/statsd-exporter"
	statsDPort        = 9125
	statsDMetricsPort = 9102
	// statsDUser is the uid, gid and fsGroup of the exporter: those of the image.
	statsDUser = 65534
)

// mappingFile is the form of the exporter's mappings, as far as it can be told without
// the exporter.
var mappingFile = validate.Text{
	Allowed: "the content of a mapping file of the StatsD exporter: a YAML object with a list mappings, each with match and name",
	Forms:   [2]string{"mappings: []", "mappings: [{match: standin.b, name: b}]"},
	Check: func(s string) error {
		var file struct {
			Defaults map[string]any `json:"defaults"`
			Mappings []struct {
				Match  string `json:"match"`
				Name   string `json:"name"`
				Action string `json:"action"`
			} `json:"mappings"`
		}
		if err := yaml.Unmarshal([]byte(s), &file); err != nil {
			return err
		}
		if file.Mappings == nil && file.Defaults == nil {
			return errors.New("it has no mappings")
		}
		for i, m := range file.Mappings {
			switch {
			case m.Match == "":
				return fmt.Errorf("mapping %d has no match", i+1)
			case m.Name == "" && m.Action != "drop":
				return fmt.Errorf("mapping %d, of %s, has no name", i+1, m.Match)
			}
		}
		return nil
	},
}

func statsDAttribute() schema.Attribute {
	attributes := pod.Attributes("Default: requests of `20m` CPU and `32Mi` memory, and a limit of `256Mi` memory.")
	maps.Copy(attributes, map[string]schema.Attribute{
		"image": schema.StringAttribute{Optional: true, Validators: []validator.String{validate.Image()}, MarkdownDescription: "Image of the exporter. Default: `" + pod.Pinned(DefaultStatsDImage) + "`."},
		"mappings": schema.StringAttribute{
			Optional: true, Validators: []validator.String{mappingFile},
			MarkdownDescription: "Content of a mapping file of the exporter, for instance `file(\"mappings.yml\")`, to give metrics other names or buckets. Default: none. For mappings that take labels out of names, " +
				"as those of the official chart do, set `config = { metrics = { legacy_names_on = \"True\", statsd_influxdb_enabled = \"False\" } }`, too.",
		},
		"pod_monitor": expose.PodMonitorAttribute(""),
	})
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: fmt.Sprintf("A StatsD exporter of the resource's own, which shows metrics in Prometheus' format at the port %d of its pod and of the Service `NAME-%s`, under the path `/metrics`. `{}` is enough. "+
			"Names begin with `airflow_`, and Airflow's tags, such as `dag_id`, `task_id` and `pool_name`, are labels.", statsDMetricsPort, statsD),
		Attributes: attributes,
	}
}

// statsDVariables send metrics to the exporter. With tags in place of names that hold the
// same, it has labels without a rule for each metric.
func statsDVariables(n names) map[string]string {
	return map[string]string{
		optionVariable("metrics", "statsd_on"):               "True",
		optionVariable("metrics", "statsd_host"):             fmt.Sprintf("%s.%s.svc.%s", n.of(statsD), n.env.Namespace, n.env.ClusterDomain),
		optionVariable("metrics", "statsd_port"):             fmt.Sprint(statsDPort),
		optionVariable("metrics", "statsd_prefix"):           productName,
		optionVariable("metrics", "statsd_influxdb_enabled"): "True",
		optionVariable("metrics", "legacy_names_on"):         "False",
	}
}

// statsD renders the exporter, where there is one.
func (r *renderer) statsD() {
	if r.m.Metrics == nil || r.m.Metrics.StatsD == nil {
		return
	}
	s := *r.m.Metrics.StatsD
	image := pod.Image(DefaultStatsDImage, r.n.env)
	if s.Image != nil {
		image = *s.Image
	}
	container := corev1ac.Container().WithName(statsD).WithImage(image).
		WithArgs(fmt.Sprintf("--statsd.listen-udp=:%d", statsDPort), "--statsd.listen-tcp=", fmt.Sprintf("--web.listen-address=:%d", statsDMetricsPort)).
		WithPorts(
			corev1ac.ContainerPort().WithName(statsD).WithContainerPort(statsDPort).WithProtocol(corev1.ProtocolUDP),
			corev1ac.ContainerPort().WithName("metrics").WithContainerPort(statsDMetricsPort).WithProtocol(corev1.ProtocolTCP)).
		WithReadinessProbe(get("/-/ready", "metrics").WithPeriodSeconds(3).WithTimeoutSeconds(5)).
		WithLivenessProbe(get("/-/healthy", "metrics").WithPeriodSeconds(30).WithTimeoutSeconds(10).WithFailureThreshold(6))
	in := pod.TemplateInput{
		Environment: r.n.env, At: path.Root("metrics").AtName(statsD), Name: r.n.of(statsD), Role: statsD, Selector: r.n.selector(statsD), Siblings: r.n.instance(), Container: container,
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
		User:     statsDUser,
	}
	if s.Mappings != nil {
		const key = "ConfigMap/" + statsD
		container.WithArgs("--statsd.mapping-config=" + statsDPath + "/" + statsDMappings).
			WithVolumeMounts(corev1ac.VolumeMount().WithName("mappings").WithMountPath(statsDPath).WithReadOnly(true))
		in.Volumes = []*corev1ac.VolumeApplyConfiguration{corev1ac.Volume().WithName("mappings").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(r.n.of(statsD)))}
		in.Annotations = map[string]string{pod.RevisionAnnotation + "mappings": workload.SecretRevision(key)}
		r.objects = append(r.objects, workload.Object{
			Key: key, Stage: workload.StageIdentity,
			Manifest: corev1ac.ConfigMap(r.n.of(statsD), r.n.env.Namespace).WithData(map[string]string{statsDMappings: *s.Mappings}),
		})
	}
	template, diags := s.Over(r.m.Placement()).Template(in)
	r.diags.Append(diags...)
	if diags.HasError() {
		return
	}
	r.service(statsD,
		corev1ac.ServicePort().WithName(statsD).WithPort(statsDPort).WithProtocol(corev1.ProtocolUDP).WithTargetPort(intstr.FromString(statsD)),
		expose.Port("metrics", statsDMetricsPort))
	r.deployment(statsD, workload.StageStorage, template, new(int64(1)), 1)
	if ptr.Deref(s.PodMonitor, false) {
		r.objects = append(r.objects, expose.PodMonitor(statsD, r.n.of(statsD), r.n.env.Namespace, r.n.selector(statsD), map[string]any{"port": "metrics"}))
	}
}
