package mlflow

import (
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	// imageUser is the uid and gid of the pods. The image is made for none.
	imageUser = 1000
	// patienceSeconds is how long a server may take to start, or go on without an
	// answer, on a slow or busy machine, before it is restarted.
	patienceSeconds = 300
	// farewellSeconds is how long a server that is to stop still takes requests, since
	// clients learn of it late, and graceSeconds how long it may take for the rest.
	farewellSeconds = 5
	graceSeconds    = 60
)

// What a server takes with one process.
var (
	requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("512Mi")}
	limits   = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2Gi")}
)

// renderer renders what runs MLflow's image.
type renderer struct {
	m        *Model
	n        names
	database postgres.Output
	objects  []workload.Object
	diags    diag.Diagnostics
}

func (r *renderer) servers() {
	replicas := r.m.replicas()
	container := corev1ac.Container().WithName(serverComponent).
		WithCommand("mlflow", "server", "--host=0.0.0.0", "--port="+strconv.Itoa(serverPort), "--workers="+strconv.FormatInt(ptr.Deref(r.m.Workers, 1), 10), "--app-name=basic-auth").
		WithPorts(corev1ac.ContainerPort().WithName("http").WithContainerPort(serverPort).WithProtocol(corev1.ProtocolTCP)).
		WithStartupProbe(r.health().WithPeriodSeconds(2).WithTimeoutSeconds(5).WithFailureThreshold(patienceSeconds / 2)).
		WithReadinessProbe(r.health().WithPeriodSeconds(5).WithTimeoutSeconds(10).WithFailureThreshold(3)).
		WithLivenessProbe(r.health().WithPeriodSeconds(15).WithTimeoutSeconds(20).WithFailureThreshold(patienceSeconds / 15)).
		WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().WithSleep(corev1ac.SleepAction().WithSeconds(farewellSeconds))))
	if r.m.Metrics != nil {
		container.WithCommand("--expose-prometheus=" + metricsDirectory)
	}
	template := r.template(pod.TemplateInput{Name: r.n.of(serverComponent), Role: serverComponent, Container: container, Replicated: replicas > 1}, r.m.Settings)
	template.Spec.Spec.WithTerminationGracePeriodSeconds(graceSeconds)
	labels, selector := map[string]string{componentLabel: serverComponent}, r.n.selector(serverComponent)
	r.objects = append(r.objects, template.Objects...)
	r.objects = append(r.objects, workload.Object{
		Key: "Deployment/server", Stage: workload.StageServer, Mask: template.Mask("spec.template"),
		Manifest: appsv1ac.Deployment(r.n.of(serverComponent), r.n.env.Namespace).WithLabels(labels).WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(int32(replicas)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector)).
			WithStrategy(pod.SuccessorFirst()).
			WithTemplate(template.Spec)),
	})
	if replicas > 1 {
		r.objects = append(r.objects, pod.DisruptionBudget("server", r.n.of(serverComponent), r.n.env.Namespace, labels, selector))
	}
}

// health asks whether a server answers. It names a host that every version lets
// through, also below a prefix.
func (r *renderer) health() *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPath(r.m.prefix() + "/health").WithPort(intstr.FromString("http")).
		WithHTTPHeaders(corev1ac.HTTPHeader().WithName("Host").WithValue("localhost")))
}

// template renders pods that run MLflow with all that servers and jobs need.
func (r *renderer) template(in pod.TemplateInput, settings pod.Settings) pod.Template {
	variables, annotations := r.m.variables(r.n, r.database)
	in.Environment, in.Siblings, in.Selector, in.User = r.n.env, r.n.instance(), r.n.selector(in.Role), imageUser
	in.Requests, in.Limits, in.Annotations = requests, limits, annotations
	in.Container.WithImage(r.m.image(r.n.env)).WithEnv(variables...).WithVolumeMounts(r.database.Mounts...).
		WithVolumeMounts(corev1ac.VolumeMount().WithName("auth").WithMountPath(authPath).WithReadOnly(true))
	in.Volumes = append(in.Volumes, r.database.Volumes...)
	in.Volumes = append(in.Volumes, corev1ac.Volume().WithName("auth").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(r.n.of("auth"))))
	template, diags := settings.Template(in)
	r.diags.Append(diags...)
	return template
}
