package spark

import (
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// executorTemplate renders the file that Spark makes its executors from, and what
// these need. Spark adds command, environment, image, CPU and memory.
func (a *application) executorTemplate() ([]workload.Object, diag.Diagnostics) {
	settings := a.executorPods
	if r := settings.Resources; r != nil {
		// Spark keeps of the template's what it does not set.
		settings.Resources = &pod.Resources{Requests: onlyStorage(r.Requests), Limits: onlyStorage(r.Limits)}
	}
	t, diags := settings.Template(pod.TemplateInput{
		Environment: a.env, At: path.Root("executor"), Name: a.n.executor(), Role: roleExecutor,
		Selector: a.n.selector(roleExecutor), Siblings: a.n.siblings(),
		Container: corev1ac.Container().WithName(executorContainer).WithImage(a.image).WithEnv(a.connectionVariables()...).
			WithVolumeMounts(mount("work", workPath), mount(scratchVolume, scratchPath)),
		Volumes: []*corev1ac.VolumeApplyConfiguration{emptyDir("work"), a.scratch()},
		User:    sparkUser, Replicated: a.executors() > 1,
	})
	if diags.HasError() {
		return nil, diags
	}
	a.schedule(roleExecutor, t)
	manifest := corev1ac.Pod("", "")
	manifest.Name, manifest.Namespace = nil, nil
	manifest.WithLabels(t.Spec.Labels).WithSpec(t.Spec.Spec)
	// No executor outlives a change of what it reads: the driver shows the revisions.
	annotations := maps.Clone(t.Spec.Annotations)
	maps.DeleteFunc(annotations, func(key, _ string) bool { return strings.HasPrefix(key, pod.RevisionAnnotation) })
	if len(annotations) > 0 {
		manifest.WithAnnotations(annotations)
	}
	file, err := yaml.Marshal(manifest)
	if err != nil {
		diags.AddAttributeError(path.Root("executor"), "The executors' template cannot be written", err.Error())
		return nil, diags
	}
	object := workload.Object{
		Key: keyTemplate, Stage: workload.StageIdentity,
		Manifest: corev1ac.ConfigMap(a.n.template(), a.n.namespace).WithData(map[string]string{templateFile: string(file)}),
	}
	if len(t.Mask("")) > 0 {
		// Commands and arguments of extra containers may be secrets.
		object.Mask = map[string]string{"data[" + templateFile + "]": "executor"}
	}
	return append(t.Objects, object), diags
}

func onlyStorage(a *pod.Amounts) *pod.Amounts {
	if a == nil {
		return nil
	}
	return &pod.Amounts{EphemeralStorage: a.EphemeralStorage}
}
