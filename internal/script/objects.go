package script

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	// container is the name of the program's container.
	container  = "main"
	codeVolume = "code"
	codePath   = "/code"
	// user runs the program. No image needs to know it.
	user = 1000

	keyCode        = "ConfigMap/code"
	keyCredentials = "Secret/credentials"
)

// What a program asks for where the user says nothing.
var (
	defaultRequests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}
	defaultLimits   = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")}
)

// render turns the configuration of either resource into objects.
func render(s *Script, a access, product string, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
	r := &renderer{Script: s, access: a, product: product, env: env}
	r.check()
	objects := r.code()
	t, more := r.template()
	objects = append(objects, more...)
	switch {
	case s.Once != nil:
		objects = append(objects, r.job(t))
	case s.Schedule != nil:
		objects = append(objects, r.cronJob(t))
	case s.Continuous != nil:
		objects = append(objects, r.deployment(t)...)
	}
	objects = append(objects, s.policies(a, r.selector(), env)...)
	return workload.Rendering{Objects: objects}, r.diags
}

type renderer struct {
	*Script
	access  access
	product string
	env     workload.Environment
	diags   diag.Diagnostics
	// spread is set where there are several pods at a time.
	spread bool
}

func (r *renderer) selector() map[string]string { return workload.InstanceLabels(r.product, r.Name) }

// isExecutable tells a program that says itself what runs it.
func isExecutable(code string) bool { return strings.HasPrefix(code, "#!") }

func (s *Script) codeFile() string {
	if isExecutable(*s.Code) {
		return "main"
	}
	return "main.py"
}

// dataKey is the key of a file in the ConfigMap, which can hold no slashes.
func dataKey(file string) string { return strings.ReplaceAll(file, "/", "__") }

// code is the ConfigMap with script and files.
func (r *renderer) code() []workload.Object {
	files := r.codeFiles()
	if len(files) == 0 {
		return nil
	}
	data := map[string]string{}
	size := 0
	for _, file := range slices.Sorted(maps.Keys(files)) {
		key := dataKey(file)
		if _, taken := data[key]; taken {
			r.diags.AddAttributeError(path.Root("files").AtMapKey(file), "Two files cannot be told apart",
				"In the ConfigMap a slash becomes \"__\", and so this file and another one would be the same. Rename one of them.")
		}
		data[key] = files[file]
		size += len(key) + len(files[file])
	}
	if size > maxCode {
		r.diags.AddAttributeError(path.Root("files"), "The files are too large",
			fmt.Sprintf("Script and files have %d bytes together, and a ConfigMap holds at most %d. Put them into an image, or let the program fetch what is large.", size, maxCode))
	}
	return []workload.Object{{Key: keyCode, Stage: workload.StageIdentity, Manifest: corev1ac.ConfigMap(r.Name+"-code", r.env.Namespace).WithData(data)}}
}

func (r *renderer) codeFiles() map[string]string {
	files := maps.Clone(r.Files)
	if files == nil {
		files = map[string]string{}
	}
	if r.Code != nil {
		name := r.codeFile()
		if _, taken := files[name]; taken {
			r.diags.AddAttributeError(path.Root("files").AtMapKey(name), "The file is there twice", "The script itself stands at "+codePath+"/"+name+". Give the file another name.")
		}
		files[name] = *r.Code
	}
	return files
}

// template renders the pods, and the objects that they need.
func (r *renderer) template() (pod.Template, []workload.Object) {
	image := r.image(r.env)
	c := corev1ac.Container().WithName(container).WithImage(image).WithEnv(
		corev1ac.EnvVar().WithName("HOME").WithValue("/tmp"),
		run.OutputVariable(),
		corev1ac.EnvVar().WithName("PYTHONUNBUFFERED").WithValue("1"),
	)
	r.command(c)
	in := pod.TemplateInput{
		Environment: r.env, Name: r.Name, Selector: r.selector(), Container: c, Annotations: map[string]string{}, Labels: map[string]string{},
		Requests: defaultRequests, Limits: defaultLimits, User: user, Replicated: r.spread,
	}
	if r.access.egress != nil {
		in.Labels[pod.OwnEgressLabel] = "true"
	}
	r.mountCode(&in)
	objects := r.addCredentials(&in)
	if r.Requirements != nil {
		more, diags := r.Requirements.objects(r.Name, r.env)
		r.diags.Append(diags...)
		objects = append(objects, more...)
		in.Installers = append(in.Installers, r.Requirements.Installer(image, false))
		in.Volumes = append(in.Volumes, r.Requirements.volumes(r.Name)...)
		r.Requirements.Use(c, image)
	}
	t, diags := r.Template(in)
	r.diags.Append(diags...)
	return t, append(objects, t.Objects...)
}

// command says what the container runs.
func (r *renderer) command(c *corev1ac.ContainerApplyConfiguration) {
	switch {
	case r.Code != nil && isExecutable(*r.Code):
		c.WithCommand(codePath + "/" + r.codeFile())
	case r.Code != nil:
		c.WithCommand("python3", codePath+"/"+r.codeFile())
	default:
		c.WithCommand(r.Command...)
	}
	c.WithArgs(r.Args...)
	switch {
	case r.WorkingDir != nil:
		c.WithWorkingDir(*r.WorkingDir)
	case r.Code != nil:
		c.WithWorkingDir("/tmp")
	}
}

func (r *renderer) mountCode(in *pod.TemplateInput) {
	files := r.codeFiles()
	if len(files) == 0 {
		return
	}
	source := corev1ac.ConfigMapVolumeSource().WithName(r.Name + "-code")
	for _, file := range slices.Sorted(maps.Keys(files)) {
		item := corev1ac.KeyToPath().WithKey(dataKey(file)).WithPath(file)
		if isExecutable(files[file]) {
			item.WithMode(0o555)
		}
		source.WithItems(item)
	}
	in.Volumes = append(in.Volumes, corev1ac.Volume().WithName(codeVolume).WithConfigMap(source))
	in.Container.WithVolumeMounts(corev1ac.VolumeMount().WithName(codeVolume).WithMountPath(codePath).WithReadOnly(true))
	in.Annotations[pod.RevisionAnnotation+"code"] = workload.SecretRevision(keyCode)
}

// addCredentials gives the pods what connections and APIs need, and returns the
// Secret that holds what is secret of it.
func (r *renderer) addCredentials(in *pod.TemplateInput) []workload.Object {
	secret := r.Name + "-credentials"
	variables, data, diags := r.connect(secret)
	r.diags.Append(diags...)
	apis := r.access.collect(secret)
	r.diags.Append(apis.diags...)
	in.Container.WithEnv(variables...).WithEnv(apis.variables...).WithVolumeMounts(apis.mounts...)
	in.Volumes = append(in.Volumes, apis.volumes...)
	maps.Copy(data, apis.data)
	if len(data) == 0 {
		return nil
	}
	in.Annotations[pod.RevisionAnnotation+"credentials"] = workload.SecretRevision(keyCredentials)
	return []workload.Object{{
		Key: keyCredentials, Stage: workload.StageIdentity, Data: data,
		Manifest: corev1ac.Secret(secret, r.env.Namespace).WithType(corev1.SecretTypeOpaque),
	}}
}

// runKey is all of the configuration that a run depends on, and nothing that the
// provider adds to it.
func (r *renderer) runKey() string {
	a := r.access
	key, err := json.Marshal([]any{
		r.Code, r.Files, r.Command, r.Args, r.WorkingDir, r.Image, r.PythonVersion, r.Requirements, r.Inputs, r.Outputs, r.MLflow,
		r.Env, r.EnvFromKeys, r.EnvFromSecrets, r.EnvFromConfigMaps, r.InitScripts, r.Once.Triggers,
		withoutSecrets(a.entra), withoutSecrets(a.databricks), withoutSecrets(a.http),
	})
	if err != nil {
		// Plain data can always be marshalled.
		panic(err)
	}
	return string(key)
}
