package airflow

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Components, as Airflow's command line names them.
const (
	apiServer    = "api-server"
	scheduler    = "scheduler"
	dagProcessor = "dag-processor"
	triggerer    = "triggerer"
)

const (
	// imageUser is the uid that the image is made for. Its files belong to group 0.
	imageUser  = 50000
	imageGroup = 0
)

// server is what distinguishes one component from the others.
type server struct {
	component string
	attribute string
	settings  *Component
	memory    string
	// grace is how long a pod that is to stop may take, in seconds.
	grace  int64
	ports  map[string]int32
	dags   bool
	launch bool // starts pods, or reads the logs of those
	probes func(*corev1ac.ContainerApplyConfiguration)
}

// renderer renders what runs Airflow's image.
type renderer struct {
	m        *Model
	n        names
	database postgres.Output
	objects  []workload.Object
	diags    diag.Diagnostics
}

func (r *renderer) servers() {
	kubernetes := r.m.startsPods()
	for _, s := range []server{
		{apiServer, "api_server", r.m.APIServer, "512Mi", 60, map[string]int32{"http": apiPort}, false, kubernetes, r.apiServerProbes},
		{scheduler, "scheduler", r.m.Scheduler, "512Mi", 60, map[string]int32{"logs": logPort, "health": healthPort}, true, kubernetes, schedulerProbes},
		{dagProcessor, "dag_processor", r.m.DAGProcessor, "384Mi", 60, nil, true, false, heartbeatProbes("DagProcessorJob")},
		{triggerer, "triggerer", r.m.Triggerer, "384Mi", 60, map[string]int32{"logs": 8794}, true, false, heartbeatProbes("TriggererJob")},
	} {
		r.server(s)
	}
}

func (r *renderer) server(s server) {
	settings := or(s.settings, Component{})
	replicas := or(settings.Replicas, 1)
	container := corev1ac.Container().WithName(s.component).WithArgs("airflow", s.component)
	for _, name := range sortedKeys(s.ports) {
		container.WithPorts(corev1ac.ContainerPort().WithName(name).WithContainerPort(s.ports[name]).WithProtocol(corev1.ProtocolTCP))
	}
	s.probes(container)
	in := pod.TemplateInput{
		At: path.Root(s.attribute), Name: r.n.of(s.component), Role: s.component, Selector: r.n.selector(s.component), Container: container,
		Requests:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse(s.memory)},
		Limits:     corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2Gi")},
		Replicated: replicas > 1,
	}
	if s.launch {
		in.ServiceAccount, in.Token = r.n.of(s.component), true
	}
	if s.component == scheduler && s.launch {
		in.Volumes = append(in.Volumes, corev1ac.Volume().WithName("pod-template").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(r.n.of("pod-template"))))
		container.WithVolumeMounts(corev1ac.VolumeMount().WithName("pod-template").WithMountPath(templatePath).WithReadOnly(true))
		in.Annotations = map[string]string{pod.RevisionAnnotation + "pod-template": workload.SecretRevision(keyPodTemplate)}
	}
	template := r.template(in, settings.Settings, s.dags, false)
	template.Spec.Spec.WithTerminationGracePeriodSeconds(s.grace)
	r.objects = append(r.objects, template.Objects...)
	labels := map[string]string{componentLabel: s.component}
	r.objects = append(r.objects, workload.Object{
		Key: "Deployment/" + s.component, Stage: workload.StageServer, Mask: template.Mask("spec.template"),
		Manifest: appsv1ac.Deployment(r.n.of(s.component), r.n.env.Namespace).WithLabels(labels).WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(int32(replicas)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(r.n.selector(s.component))).
			WithStrategy(appsv1ac.DeploymentStrategy().WithType(appsv1.RollingUpdateDeploymentStrategyType).WithRollingUpdate(
				appsv1ac.RollingUpdateDeployment().WithMaxSurge(intstr.FromInt32(1)).WithMaxUnavailable(intstr.FromInt32(0)))).
			WithTemplate(template.Spec)),
	})
	if replicas > 1 {
		r.objects = append(r.objects, workload.Object{
			Key: "PodDisruptionBudget/" + s.component, Stage: workload.StageIdentity,
			Manifest: policyv1ac.PodDisruptionBudget(r.n.of(s.component), r.n.env.Namespace).WithLabels(labels).WithSpec(policyv1ac.PodDisruptionBudgetSpec().
				WithMaxUnavailable(intstr.FromInt32(1)).WithSelector(metav1ac.LabelSelector().WithMatchLabels(r.n.selector(s.component)))),
		})
	}
}

// template renders pods that run Airflow with all that servers and jobs need.
func (r *renderer) template(in pod.TemplateInput, own pod.Settings, dags, ends bool) pod.Template {
	secrets, annotations := r.m.secretVariables(r.n, r.database)
	in.Container.WithEnv(r.m.variables(r.m.serving(r.n))...).WithEnv(secrets...).WithEnv(r.m.taskVariables(r.n)...).WithEnvFrom(r.m.sources(r.n)...).
		WithVolumeMounts(r.database.Mounts...)
	in.Volumes = append(in.Volumes, r.database.Volumes...)
	if dags {
		volumes, mounts := r.m.dagVolume(r.n)
		in.Volumes = append(in.Volumes, volumes...)
		in.Container.WithVolumeMounts(mounts...)
	}
	for key, value := range annotations {
		if in.Annotations == nil {
			in.Annotations = map[string]string{}
		}
		in.Annotations[key] = value
	}
	return r.airflow(in, own, ends)
}

// airflow renders pods that run Airflow's image. ends says that they end by
// themselves: no container that does not may be in them.
func (r *renderer) airflow(in pod.TemplateInput, own pod.Settings, ends bool) pod.Template {
	all := r.m.Settings
	if ends {
		all.ExtraContainers = nil
	}
	in.Environment, in.Siblings, in.User = r.n.env, r.n.instance(), imageUser
	in.Container.WithImage(r.m.image(r.n.env)).
		WithVolumeMounts(corev1ac.VolumeMount().WithName("logs").WithMountPath(home + "/logs"))
	in.Volumes = append(in.Volumes, corev1ac.Volume().WithName("logs").WithEmptyDir(corev1ac.EmptyDirVolumeSource()))
	settings := own.Over(all)
	if r.n.env.Platform != workload.PlatformOpenShift {
		context := or(settings.SecurityContext, pod.SecurityContext{})
		group := int64(imageGroup)
		if context.RunAsGroup == nil {
			context.RunAsGroup = &group
		}
		if context.FSGroup == nil {
			context.FSGroup = &group
		}
		settings.SecurityContext = &context
	}
	template, diags := settings.Template(in)
	r.diags.Append(diags...)
	return template
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
