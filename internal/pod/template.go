package pod

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// TemplateInput is what a product knows about one kind of its pods.
type TemplateInput struct {
	// Environment is that of the rendering.
	Environment workload.Environment
	// At is where the settings stand in the configuration, for diagnostics. Its
	// zero value is the root.
	At path.Path
	// Name begins the names of the objects that the pods need, for instance "lake"
	// or "flow-scheduler".
	Name string
	// Role begins the keys of these objects, for instance "server": there will be a
	// "Secret/server-env".
	Role string
	// Selector are the labels that tell these pods from all others. They are added
	// to the pods' labels.
	Selector map[string]string
	// Siblings are the labels of all pods of the resource, which a network policy
	// lets connect to each other. Default: Selector.
	Siblings map[string]string
	// Labels and Annotations are for the pods; the user's win over them.
	Labels, Annotations map[string]string
	// Container is the main container: name, image, command, environment, ports,
	// probes and the mounts of its own. Template adds all else.
	Container *corev1ac.ContainerApplyConfiguration
	// InitContainers run before the user's init scripts. They get the main
	// container's environment and mounts, and where they have none its image.
	InitContainers []*corev1ac.ContainerApplyConfiguration
	// Installers run before all else. They get the image and the settings of every
	// container, and nothing of the user's environment, which what they install must
	// not see.
	Installers []*corev1ac.ContainerApplyConfiguration
	// Sidecars run beside the main container. They get its image, and a /tmp of their own,
	// and nothing of the user's environment.
	Sidecars []*corev1ac.ContainerApplyConfiguration
	// Volumes are those that the main container mounts, without those of claim
	// templates.
	Volumes []*corev1ac.VolumeApplyConfiguration
	// Requests and Limits are those of the main container where the user sets none.
	Requests, Limits corev1.ResourceList
	// User is the user, group and file system group that the image is made for.
	User int64
	// ServiceAccount is one that the product renders itself. Without, Template
	// renders one that has no rights.
	ServiceAccount string
	// Token says that the pods need the token of their service account.
	Token bool
	// Replicated says that there are several such pods, which are spread over nodes
	// and zones where the user does not say otherwise.
	Replicated bool
}

func (in TemplateInput) siblings() map[string]string {
	if in.Siblings != nil {
		return in.Siblings
	}
	return in.Selector
}

// Template is a rendered pod template with all that its pods need.
type Template struct {
	// Spec is for the field "template" of what makes the pods. Its spec may still be
	// completed, for instance with a restart policy.
	Spec *corev1ac.PodTemplateSpecApplyConfiguration
	// Objects are those that the pods need: the Secret of their environment, the
	// ConfigMap of their init scripts, new volume claims, service account and
	// network policy. They depend on settings, Name and Role alone: where several
	// templates share these, the objects belong into the rendering once.
	Objects []workload.Object

	mask map[string]string
}

// Mask returns the masks of the template's leaves for [workload.Object], given the
// path of the template in the object, for instance "spec.template".
func (t Template) Mask(at string) map[string]string {
	out := make(map[string]string, len(t.mask))
	for leaf, label := range t.mask {
		out[at+"."+leaf] = label
	}
	return out
}

// Template renders the pods and what they need. It is pure, and it does not panic
// on settings that are not valid.
func (s Settings) Template(in TemplateInput) (Template, diag.Diagnostics) {
	r := &renderer{
		s: s, in: in, spec: corev1ac.PodSpec(), secret: map[string]secretEnv{}, mask: map[string]string{},
		annotations: map[string]string{}, containers: map[string]bool{},
	}
	r.environment()
	own := r.volumes()
	r.main = r.mainContainer(own)
	r.addContainer(r.main, r.in.At)
	for _, c := range in.Installers {
		r.addInitContainer(r.apart(c), r.in.At)
	}
	for _, c := range in.Sidecars {
		c.WithVolumeMounts(corev1ac.VolumeMount().WithName(TmpVolume).WithMountPath("/tmp").WithSubPath(*c.Name))
		r.addContainer(r.apart(c), r.in.At)
	}
	for _, c := range in.InitContainers {
		r.addInitContainer(r.likeMain(c), r.in.At)
	}
	// Sidecars first: what an init script asks for may be behind one.
	r.extraContainers()
	r.initScripts()
	r.envObject()
	r.identity()
	r.placement()
	r.hostsAndDNS()
	r.networkPolicy()
	r.pod()
	return Template{Spec: r.template(), Objects: r.objects, mask: r.mask}, r.diags
}

// renderer renders one template.
type renderer struct {
	s           Settings
	in          TemplateInput
	diags       diag.Diagnostics
	spec        *corev1ac.PodSpecApplyConfiguration
	main        *corev1ac.ContainerApplyConfiguration
	annotations map[string]string
	// secret is what the Secret of the environment holds.
	secret  map[string]secretEnv
	objects []workload.Object
	mask    map[string]string
	// containers are the names that are taken.
	containers map[string]bool
}

// at is the path of one of the settings.
func (r *renderer) at(attribute string) path.Path { return r.in.At.AtName(attribute) }

// key is the key of an object that belongs to the pods.
func (r *renderer) key(kind, part string) string {
	words := slices.DeleteFunc([]string{r.in.Role, part}, func(s string) bool { return s == "" })
	if len(words) == 0 {
		words = []string{"pods"}
	}
	return kind + "/" + strings.Join(words, "-")
}

func (r *renderer) addContainer(c *corev1ac.ContainerApplyConfiguration, at path.Path) {
	r.claimName(*c.Name, at)
	r.spec.WithContainers(c)
}

func (r *renderer) addInitContainer(c *corev1ac.ContainerApplyConfiguration, at path.Path) {
	r.claimName(*c.Name, at)
	r.spec.WithInitContainers(c)
}

func (r *renderer) claimName(name string, at path.Path) {
	if r.containers[name] {
		r.diags.AddAttributeError(at, "The name of the container is taken",
			fmt.Sprintf("The pods have a container %q already. Choose a name other than %s.", name, list(slices.Sorted(maps.Keys(r.containers)))))
	}
	r.containers[name] = true
}

// mainContainer completes the product's container.
func (r *renderer) mainContainer(mounts []*corev1ac.VolumeMountApplyConfiguration) *corev1ac.ContainerApplyConfiguration {
	c := *r.in.Container
	c.Env = nil
	c.WithEnv(r.s.Environment(r.secretName(), r.in.Environment, pointers(r.in.Container.Env)...)...)
	c.EnvFrom = slices.Clone(c.EnvFrom)
	c.WithEnvFrom(r.s.EnvFrom()...)
	c.VolumeMounts = slices.Clone(c.VolumeMounts)
	c.WithVolumeMounts(mounts...)
	if !mountedAt(c.VolumeMounts, "/tmp") {
		c.WithVolumeMounts(corev1ac.VolumeMount().WithName(TmpVolume).WithMountPath("/tmp"))
	}
	if r.in.Environment.CABundle != nil {
		c.WithVolumeMounts(caMount())
	}
	requirements, diags := r.s.Resources.over(r.in.Requests, r.in.Limits, r.at("resources"))
	r.diags.Append(diags...)
	c.WithResources(requirements)
	if c.SecurityContext == nil {
		c.WithSecurityContext(Restricted())
	}
	return &c
}

// likeMain completes a container that runs before the main one with its image,
// environment, mounts and resources, so that it needs no more than the pod has.
func (r *renderer) likeMain(c *corev1ac.ContainerApplyConfiguration) *corev1ac.ContainerApplyConfiguration {
	out := *c
	if out.Image == nil {
		out.Image = r.main.Image
	}
	all := variables{}
	all.add(pointers(r.main.Env)...)
	all.add(pointers(c.Env)...)
	out.Env = nil
	out.WithEnv(all.sorted()...)
	out.EnvFrom = slices.Concat(r.main.EnvFrom, c.EnvFrom)
	out.VolumeMounts = slices.Clone(c.VolumeMounts)
	for _, m := range r.main.VolumeMounts {
		if !mountedAt(c.VolumeMounts, ptr.Deref(m.MountPath, "")) {
			out.WithVolumeMounts(&m)
		}
	}
	if out.Resources == nil {
		out.Resources = r.main.Resources
	}
	if out.SecurityContext == nil {
		out.WithSecurityContext(Restricted())
	}
	return &out
}

// apart completes a container of the product's that sees nothing of the user's
// environment.
func (r *renderer) apart(c *corev1ac.ContainerApplyConfiguration) *corev1ac.ContainerApplyConfiguration {
	out := *c
	if out.Image == nil {
		out.Image = r.main.Image
	}
	all := variables{}
	all.surroundings(r.secretName(), r.in.Environment)
	all.add(pointers(c.Env)...)
	out.Env = nil
	out.WithEnv(all.sorted()...)
	out.VolumeMounts = slices.Clone(c.VolumeMounts)
	if !mountedAt(out.VolumeMounts, "/tmp") {
		out.WithVolumeMounts(corev1ac.VolumeMount().WithName(TmpVolume).WithMountPath("/tmp"))
	}
	if r.in.Environment.CABundle != nil {
		out.WithVolumeMounts(caMount())
	}
	if out.Resources == nil {
		out.Resources = r.main.Resources
	}
	if out.SecurityContext == nil {
		out.WithSecurityContext(Restricted())
	}
	return &out
}

// identity renders the service account and who the pods are to others.
func (r *renderer) identity() {
	account := r.in.ServiceAccount
	switch {
	case r.s.ServiceAccount != nil:
		account = *r.s.ServiceAccount
	case account == "":
		account = r.in.Name
		r.objects = append(r.objects, workload.Object{
			Key: r.key("ServiceAccount", ""), Stage: workload.StageIdentity,
			Manifest: corev1ac.ServiceAccount(account, r.in.Environment.Namespace).WithAutomountServiceAccountToken(false),
		})
	}
	token := r.in.Token
	if r.s.ServiceAccountToken != nil {
		token = *r.s.ServiceAccountToken
	}
	r.spec.WithServiceAccountName(account).WithAutomountServiceAccountToken(token)
}

// placement renders where the pods run.
func (r *renderer) placement() {
	r.checkTolerations()
	if affinity := r.affinity(); affinity != nil {
		r.spec.WithAffinity(affinity)
	}
	r.spread()
}

// pod renders what no other part does.
func (r *renderer) pod() {
	r.s.scheduling(r.spec, r.in.Environment)
	r.spec.WithEnableServiceLinks(false).WithSecurityContext(r.s.securityContext(r.in.Environment, r.in.User)).WithVolumes(r.in.Volumes...)
	if r.needsTmp() {
		r.spec.WithVolumes(tmpVolume())
	}
	if r.in.Environment.CABundle != nil {
		r.spec.WithVolumes(caBundle(*r.in.Environment.CABundle))
	}
	if len(r.spec.Containers) > 1 {
		// What kubectl logs and kubectl exec choose.
		r.annotations["kubectl.kubernetes.io/default-container"] = *r.main.Name
	}
}

// needsTmp reports whether a container mounts the volume for /tmp.
func (r *renderer) needsTmp() bool {
	for _, v := range r.in.Volumes {
		if ptr.Deref(v.Name, "") == TmpVolume {
			return false
		}
	}
	for _, c := range slices.Concat(r.spec.InitContainers, r.spec.Containers) {
		for _, m := range c.VolumeMounts {
			if ptr.Deref(m.Name, "") == TmpVolume {
				return true
			}
		}
	}
	return false
}

// template puts labels and annotations to the pod's spec.
func (r *renderer) template() *corev1ac.PodTemplateSpecApplyConfiguration {
	for _, key := range slices.Sorted(maps.Keys(r.s.PodLabels)) {
		_, selects := r.in.Selector[key]
		_, common := r.in.siblings()[key]
		if selects || common || strings.HasPrefix(key, workload.BookkeepingPrefix) {
			r.diags.AddAttributeError(r.at("pod_labels").AtMapKey(key), "The label is taken",
				"The pods are found by the label "+key+". Choose another key.")
		}
	}
	out := corev1ac.PodTemplateSpec().WithSpec(r.spec)
	for _, labels := range []map[string]string{r.in.Environment.Labels, r.in.Labels, r.s.PodLabels, r.s.policyLabels(), r.in.siblings(), r.in.Selector} {
		out.WithLabels(labels)
	}
	for _, annotations := range []map[string]string{r.in.Annotations, r.s.PodAnnotations, r.annotations} {
		if len(annotations) > 0 {
			out.WithAnnotations(annotations)
		}
	}
	return out
}

func mountedAt(mounts []corev1ac.VolumeMountApplyConfiguration, path string) bool {
	return slices.ContainsFunc(mounts, func(m corev1ac.VolumeMountApplyConfiguration) bool { return ptr.Deref(m.MountPath, "") == path })
}

func pointers[T any](values []T) []*T {
	out := make([]*T, len(values))
	for i := range values {
		out[i] = &values[i]
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }
