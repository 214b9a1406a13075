package airflow

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/autoscale"
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

// serverGrace is how long a server that is to stop may take, in seconds.
const serverGrace = 60

const (
	// imageUser is the uid that the image is made for. Its files belong to group 0.
	imageUser  = 50000
	imageGroup = 0
)

// server is what distinguishes one component from the others.
type server struct {
	component string
	// at is where its settings stand in the configuration.
	at       path.Path
	settings pod.Settings
	replicas int64
	// scaled has an autoscaler choose the number of pods instead.
	scaled *autoscale.Autoscaling
	// args are those of the command airflow.
	args []string
	// plain are variables beside those of all components, secrets those whose values
	// are in Secrets.
	plain   map[string]string
	secrets []secretVariable
	memory  string
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
	all := r.serverSecrets()
	r.apiServers()
	for _, s := range []server{
		{
			component: scheduler, settings: settingsOf(r.m.Scheduler), replicas: replicasOf(r.m.Scheduler), secrets: append(all, r.celerySecrets()...), memory: "512Mi",
			ports: map[string]int32{"logs": logPort, "health": healthPort}, dags: true, launch: kubernetes, probes: schedulerProbes,
		},
		{component: dagProcessor, settings: settingsOf(r.m.DAGProcessor), replicas: replicasOf(r.m.DAGProcessor), secrets: all, memory: "384Mi", dags: true, probes: heartbeatProbes("DagProcessorJob")},
		{component: triggerer, settings: settingsOf(r.m.Triggerer), replicas: replicasOf(r.m.Triggerer), secrets: all, memory: "384Mi", ports: map[string]int32{"logs": 8794}, dags: true, probes: heartbeatProbes("TriggererJob")},
	} {
		s.at, s.args, s.plain, s.grace = path.Root(strings.ReplaceAll(s.component, "-", "_")), []string{s.component}, r.m.serving(r.n), serverGrace
		r.server(s)
	}
}

// least and most are how many pods there are at least and at most.
func (s server) least() int64 {
	if s.scaled != nil {
		return s.scaled.Min
	}
	return s.replicas
}

func (s server) most() int64 {
	if s.scaled != nil {
		return s.scaled.Max
	}
	return s.replicas
}

func settingsOf(c *Component) pod.Settings { return ptr.Deref(c, Component{}).Settings }

func replicasOf(c *Component) int64 { return ptr.Deref(ptr.Deref(c, Component{}).Replicas, 1) }

func (r *renderer) server(s server) {
	container := corev1ac.Container().WithName(s.component).WithArgs("airflow").WithArgs(s.args...)
	for _, name := range sortedKeys(s.ports) {
		container.WithPorts(corev1ac.ContainerPort().WithName(name).WithContainerPort(s.ports[name]).WithProtocol(corev1.ProtocolTCP))
	}
	s.probes(container)
	in := pod.TemplateInput{
		At: s.at, Name: r.n.of(s.component), Role: s.component, Selector: r.n.selector(s.component), Container: container,
		Requests:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse(s.memory)},
		Limits:     corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2Gi")},
		Replicated: s.most() > 1,
	}
	if s.dags {
		in.Sidecars = r.m.logSidecars() // what reads DAGs writes logs of them
	}
	if s.launch {
		in.ServiceAccount, in.Token = r.n.of(s.component), true
	}
	if s.component == scheduler && s.launch {
		in.Volumes = append(in.Volumes, corev1ac.Volume().WithName("pod-template").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(r.n.of("pod-template"))))
		container.WithVolumeMounts(corev1ac.VolumeMount().WithName("pod-template").WithMountPath(templatePath).WithReadOnly(true))
		in.Annotations = map[string]string{pod.RevisionAnnotation + "pod-template": workload.SecretRevision(keyPodTemplate)}
	}
	template := r.template(in, s.settings, process{plain: s.plain, secrets: s.secrets, dags: s.dags})
	template.Spec.Spec.WithTerminationGracePeriodSeconds(s.grace)
	var replicas *int64
	if s.scaled == nil {
		replicas = &s.replicas
	}
	r.deployment(s.component, workload.StageServer, template, replicas, s.least())
}

// deployment renders a Deployment of the pods of a component, each of which goes only
// when its successor is ready, and a budget of disruptions where there are several at
// least. Without replicas, an autoscaler chooses their number.
func (r *renderer) deployment(component string, stage workload.Stage, template pod.Template, replicas *int64, least int64) {
	labels := map[string]string{componentLabel: component}
	spec := appsv1ac.DeploymentSpec().WithSelector(metav1ac.LabelSelector().WithMatchLabels(r.n.selector(component))).
		WithStrategy(pod.SuccessorFirst()).
		WithTemplate(template.Spec)
	if replicas != nil {
		spec.WithReplicas(int32(*replicas))
	}
	r.objects = append(r.objects, template.Objects...)
	r.objects = append(r.objects, workload.Object{
		Key: "Deployment/" + component, Stage: stage, Mask: template.Mask("spec.template"),
		Manifest: appsv1ac.Deployment(r.n.of(component), r.n.env.Namespace).WithLabels(labels).WithSpec(spec),
	})
	if least > 1 {
		r.objects = append(r.objects, pod.DisruptionBudget(component, r.n.of(component), r.n.env.Namespace, labels, r.n.selector(component)))
	}
}

// process is what a server or job of Airflow reads.
type process struct {
	plain   map[string]string
	secrets []secretVariable
	dags    bool
	// ends says that it ends by itself.
	ends bool
}

// template renders pods that run Airflow with all that servers and jobs need.
func (r *renderer) template(in pod.TemplateInput, own pod.Settings, p process) pod.Template {
	in.Container.WithEnv(r.m.variables(p.plain)...).WithEnv(r.secretVariables(p.secrets)...).WithEnv(r.m.taskVariables(r.n)...).WithEnvFrom(r.m.sources(r.n)...)
	if r.readsDatabase(p.secrets) {
		in.Container.WithEnv(r.database.Env...).WithVolumeMounts(r.database.Mounts...)
		in.Volumes = append(in.Volumes, r.database.Volumes...)
	}
	if p.dags {
		volumes, mounts := r.m.dagVolume(r.n)
		in.Volumes = append(in.Volumes, volumes...)
		in.Container.WithVolumeMounts(mounts...)
	}
	annotations := r.revisions(p.secrets)
	maps.Copy(annotations, in.Annotations)
	in.Annotations = annotations
	return r.airflow(in, own, p.ends)
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
		WithVolumeMounts(corev1ac.VolumeMount().WithName("logs").WithMountPath(logsPath))
	in.Volumes = append(in.Volumes, corev1ac.Volume().WithName("logs").WithEmptyDir(corev1ac.EmptyDirVolumeSource()))
	r.m.installs(&in, r.n)
	settings := own.Over(all)
	if r.n.env.Platform != workload.PlatformOpenShift {
		context := ptr.Deref(settings.SecurityContext, pod.SecurityContext{})
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
