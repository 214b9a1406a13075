package pod

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Container runs beside the main container.
type Container struct {
	Image             string            `tfsdk:"image"`
	Command           []string          `tfsdk:"command"`
	Args              []string          `tfsdk:"args"`
	Env               map[string]string `tfsdk:"env"`
	EnvFromKeys       map[string]Key    `tfsdk:"env_from_keys"`
	EnvFromSecrets    []string          `tfsdk:"env_from_secrets"`
	EnvFromConfigMaps []string          `tfsdk:"env_from_config_maps"`
	Ports             map[string]int64  `tfsdk:"ports"`
	Resources         *Resources        `tfsdk:"resources"`
	Mounts            []ContainerMount  `tfsdk:"mounts"`
	Sidecar           *bool             `tfsdk:"sidecar"`
}

// ContainerMount makes a volume of the pod appear in the container.
type ContainerMount struct {
	Mount
	Volume string `tfsdk:"volume"`
}

func extraContainersAttribute() schema.Attribute {
	list := func(description string) schema.Attribute {
		return schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description}
	}
	mounts := mountAttributes()
	mounts["volume"] = required("Name of the volume: one of `volumes`, or one that the product's own container has.", validate.DNSLabel())
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Containers by name that run in each pod beside the main one. They are as restricted as it is: not as root, with a read-only root " +
			"file system and a `/tmp` of their own.",
		Validators: []validator.Map{validate.Keys{Text: validate.DNSLabel()}},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"image":   required("Image of the container.", validate.Image()),
			"command": list("Command to run. Default: the image's. `objects` shows a revision, since it may hold secrets."),
			"args":    list("Arguments of the command. Default: the image's. `objects` shows a revision, since they may hold secrets."),
			"env": schema.MapAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Map{mapvalidator.KeysAre(validate.EnvName())},
				MarkdownDescription: "Environment variables. Their values are kept in a Secret and shown in `objects` as a revision only.",
			},
			"env_from_keys":        envFromKeysAttribute(),
			"env_from_secrets":     names("Names of Secrets in the same namespace all of whose keys become environment variables."),
			"env_from_config_maps": names("Names of ConfigMaps in the same namespace all of whose keys become environment variables."),
			"ports": schema.MapAttribute{
				Optional: true, ElementType: types.Int64Type, MarkdownDescription: "TCP ports of the container by name.",
				Validators: []validator.Map{validate.Keys{Text: validate.PortName()}, mapvalidator.ValueInt64sAre(validate.Port())},
			},
			"resources": resourcesAttribute("CPU and memory of the container. Default: requests of `10m` CPU and `32Mi` memory, and no limits."),
			"mounts": schema.ListNestedAttribute{
				Optional: true, MarkdownDescription: "Where volumes of the pod appear in the container.",
				NestedObject: schema.NestedAttributeObject{Attributes: mounts},
			},
			"sidecar": schema.BoolAttribute{Optional: true, MarkdownDescription: "Start the container before the main one and end it after, so that it does not keep a " +
				"Job from completing (Kubernetes 1.29 or later). Default: `false`."},
		}},
	}
}

// extraContainers adds the user's containers.
func (r *renderer) extraContainers() {
	known := r.productVolumes()
	delete(known, initScriptsVolume)
	delete(known, TmpVolume)
	if r.in.Environment.CABundle == nil {
		delete(known, caVolume)
	}
	for volume := range r.s.Volumes {
		known[volume] = true
	}
	for _, name := range slices.Sorted(maps.Keys(r.s.ExtraContainers)) {
		r.extraContainer(name, r.s.ExtraContainers[name], known)
	}
}

func (r *renderer) extraContainer(name string, c Container, volumes map[string]bool) {
	at := r.at("extra_containers").AtMapKey(name)
	label := "extra_containers." + name
	out := corev1ac.Container().WithName(name).WithImage(c.Image).WithCommand(c.Command...).WithArgs(c.Args...).WithSecurityContext(Restricted())

	all := variables{}
	all.surroundings(r.secretName(), r.in.Environment)
	for variable, value := range c.Env {
		key := name + "." + variable
		r.secret[key] = secretEnv{value, label + ".env." + variable}
		all[variable] = FromSecret(variable, r.secretName(), key)
	}
	for _, variable := range slices.Sorted(maps.Keys(c.EnvFromKeys)) {
		at := at.AtName("env_from_keys").AtMapKey(variable)
		r.checkKey(c.EnvFromKeys[variable], at)
		if _, both := c.Env[variable]; both {
			r.diags.AddAttributeError(at, "An environment variable is set twice",
				variable+" stands in env and in env_from_keys. Remove it from one of them.")
		}
		all.fromKey(variable, c.EnvFromKeys[variable])
	}
	out.WithEnv(all.sorted()...).WithEnvFrom(Settings{EnvFromSecrets: c.EnvFromSecrets, EnvFromConfigMaps: c.EnvFromConfigMaps}.EnvFrom()...)

	for _, port := range slices.Sorted(maps.Keys(c.Ports)) {
		out.WithPorts(corev1ac.ContainerPort().WithName(port).WithContainerPort(int32(c.Ports[port])).WithProtocol(corev1.ProtocolTCP))
	}
	requirements, diags := c.Resources.over(corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi"),
	}, nil, at.AtName("resources"))
	r.diags.Append(diags...)
	out.WithResources(requirements)

	used := map[string]bool{}
	for i, m := range c.Mounts {
		at := at.AtName("mounts").AtListIndex(i)
		if !volumes[m.Volume] {
			r.diags.AddAttributeError(at.AtName("volume"), "There is no such volume",
				fmt.Sprintf("The pods have no volume %q to mount. They have: %s. Add it to volumes, or correct the name.", m.Volume, list(slices.Sorted(maps.Keys(volumes)))))
		}
		if used[m.Path] {
			r.diags.AddAttributeError(at.AtName("path"), "Two volumes are mounted at the same path", m.Path+" is taken already. Choose another path.")
		}
		used[m.Path] = true
		out.WithVolumeMounts(m.render(m.Volume))
	}
	if !used["/tmp"] {
		// Of its own, so that the containers cannot spoil each other's files.
		out.WithVolumeMounts(corev1ac.VolumeMount().WithName(TmpVolume).WithMountPath("/tmp").WithSubPath(name))
	}
	if r.in.Environment.CABundle != nil && !used[caPath] {
		out.WithVolumeMounts(caMount())
	}

	list := "containers"
	if ptr.Deref(c.Sidecar, false) {
		list = "initContainers"
		out.WithRestartPolicy(corev1.ContainerRestartPolicyAlways)
	}
	for _, field := range []string{"command", "args"} {
		r.mask["spec."+list+"["+name+"]."+field] = label + "." + field
	}
	if ptr.Deref(c.Sidecar, false) {
		r.addInitContainer(out, at)
	} else {
		r.addContainer(out, at)
	}
}
