package airflow

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const worker = "worker"

// kubernetesExecutor renders the template of the pods in which tasks run, and the
// rights to start them and to read their logs.
func (r *renderer) kubernetesExecutor() {
	r.podTemplate()
	r.rights(scheduler,
		rule([]string{"pods"}, "create", "delete", "get", "list", "patch", "watch"),
		rule([]string{"pods/log"}, "get"),
		rule([]string{"pods/exec"}, "create", "get"),
		rule([]string{"events"}, "list", "watch"))
	r.rights(apiServer,
		rule([]string{"pods"}, "get", "list", "watch"),
		rule([]string{"pods/log"}, "get", "list"))
}

func rule(resources []string, verbs ...string) *rbacv1ac.PolicyRuleApplyConfiguration {
	return rbacv1ac.PolicyRule().WithAPIGroups("").WithResources(resources...).WithVerbs(verbs...)
}

// rights renders a service account with rules for the namespace.
func (r *renderer) rights(component string, rules ...*rbacv1ac.PolicyRuleApplyConfiguration) {
	name, namespace := r.n.of(component), r.n.env.Namespace
	add := func(kind string, manifest any) {
		r.objects = append(r.objects, workload.Object{Key: kind + "/" + component, Stage: workload.StageIdentity, Manifest: manifest})
	}
	add("ServiceAccount", corev1ac.ServiceAccount(name, namespace).WithAutomountServiceAccountToken(false))
	add("Role", rbacv1ac.Role(name, namespace).WithRules(rules...))
	add("RoleBinding", rbacv1ac.RoleBinding(name, namespace).
		WithRoleRef(rbacv1ac.RoleRef().WithAPIGroup("rbac.authorization.k8s.io").WithKind("Role").WithName(name)).
		WithSubjects(rbacv1ac.Subject().WithKind("ServiceAccount").WithName(name).WithNamespace(namespace)))
}

// podTemplate renders the pods of tasks. They talk to the API server alone, so they
// hold none of the database's or Airflow's secrets.
func (r *renderer) podTemplate() {
	container := corev1ac.Container().WithName("base").
		WithEnv(r.m.variables(r.m.shared(r.n))...).WithEnv(r.m.taskVariables(r.n)...).WithEnvFrom(r.m.sources(r.n)...)
	volumes, mounts := r.m.dagVolume(r.n)
	container.WithVolumeMounts(mounts...)
	template := r.airflow(pod.TemplateInput{
		At: path.Root("workers"), Name: r.n.of(worker), Role: worker, Selector: r.n.selector(worker), Container: container, Volumes: volumes,
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
	}, ptr.Deref(r.m.Workers, Workers{}).Settings, true)
	template.Spec.Spec.WithRestartPolicy(corev1.RestartPolicyNever)
	r.objects = append(r.objects, template.Objects...)
	annotations := map[string]string{}
	for key, value := range template.Spec.Annotations {
		// Every pod is new, and reads what is there when it starts.
		if !strings.HasPrefix(key, pod.RevisionAnnotation) {
			annotations[key] = value
		}
	}
	text, err := yaml.Marshal(corev1ac.PodTemplateSpec().WithLabels(template.Spec.Labels).WithAnnotations(annotations).WithSpec(template.Spec.Spec))
	if err != nil {
		r.diags.AddAttributeError(path.Root("workers"), "The template of the pods cannot be written", err.Error())
		return
	}
	o := workload.Object{
		Key: keyPodTemplate, Stage: workload.StageIdentity,
		Manifest: corev1ac.ConfigMap(r.n.of("pod-template"), r.n.env.Namespace).
			WithData(map[string]string{templateFile: "apiVersion: v1\nkind: Pod\n" + string(text)}),
	}
	if len(template.Mask("")) > 0 {
		o.Mask = map[string]string{"data[" + templateFile + "]": "workers"}
	}
	r.objects = append(r.objects, o)
}
