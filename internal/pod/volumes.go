package pod

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Volume is a volume of the pods with exactly one source, and where it is mounted
// in the main container and in init scripts.
type Volume struct {
	NewClaim  *Claim       `tfsdk:"new_claim"`
	Claim     *string      `tfsdk:"claim"`
	ConfigMap *Files       `tfsdk:"config_map"`
	Secret    *Files       `tfsdk:"secret"`
	EmptyDir  *EmptyDir    `tfsdk:"empty_dir"`
	Projected []Projection `tfsdk:"projected"`
	Ephemeral *Claim       `tfsdk:"ephemeral"`
	Mounts    []Mount      `tfsdk:"mounts"`
}

// Claim asks for storage.
type Claim struct {
	Size         string   `tfsdk:"size"`
	StorageClass *string  `tfsdk:"storage_class"`
	AccessModes  []string `tfsdk:"access_modes"`
}

// Files are those of a Secret or of a ConfigMap.
type Files struct {
	Name        string            `tfsdk:"name"`
	Items       map[string]string `tfsdk:"items"`
	DefaultMode *string           `tfsdk:"default_mode"`
	Optional    *bool             `tfsdk:"optional"`
}

// EmptyDir is storage that lives as long as the pod.
type EmptyDir struct {
	SizeLimit *string `tfsdk:"size_limit"`
	Medium    *string `tfsdk:"medium"`
}

// Projection is one of several sources of the same volume.
type Projection struct {
	ConfigMap           *ProjectedFiles `tfsdk:"config_map"`
	Secret              *ProjectedFiles `tfsdk:"secret"`
	ServiceAccountToken *ProjectedToken `tfsdk:"service_account_token"`
}

// ProjectedFiles are those of a Secret or of a ConfigMap.
type ProjectedFiles struct {
	Name     string            `tfsdk:"name"`
	Items    map[string]string `tfsdk:"items"`
	Optional *bool             `tfsdk:"optional"`
}

// ProjectedToken is a token of the pods' ServiceAccount for another audience.
type ProjectedToken struct {
	Path              string  `tfsdk:"path"`
	Audience          *string `tfsdk:"audience"`
	ExpirationSeconds *int64  `tfsdk:"expiration_seconds"`
}

// Mount makes a volume appear in a container.
type Mount struct {
	Path     string  `tfsdk:"path"`
	SubPath  *string `tfsdk:"sub_path"`
	ReadOnly *bool   `tfsdk:"read_only"`
}

func volumesAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Volumes of the pods by name. Each has exactly one of `new_claim`, `claim`, `config_map`, `secret`, `empty_dir`, " +
			"`projected` and `ephemeral`. ConfigMaps, Secrets and claims are in the same namespace.",
		Validators: []validator.Map{validate.Keys{Text: validate.DNSLabel()}},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"new_claim": claimAttribute("A PersistentVolumeClaim that this resource creates and all its pods share. It can grow and never shrink. " +
				"It outlives the resource unless `deletion_policy` is `Delete`."),
			"claim":      name("Name of a PersistentVolumeClaim that exists already."),
			"config_map": filesAttribute("The keys of a ConfigMap as files.", "ConfigMap"),
			"secret":     filesAttribute("The keys of a Secret as files.", "Secret"),
			"empty_dir": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "An empty directory on the node, which is lost with the pod.",
				Attributes: map[string]schema.Attribute{
					"size_limit": textOf("Largest size in bytes, for instance `5Gi`. A pod that exceeds it is evicted. Default: none.", validate.Bytes()),
					"medium": schema.StringAttribute{
						Optional: true, Validators: []validator.String{stringvalidator.OneOf("Memory")},
						MarkdownDescription: "`Memory` for a directory in memory, which counts against the memory limit. Default: the node's disk.",
					},
				},
			},
			"projected": projectedAttribute(),
			"ephemeral": claimAttribute("A PersistentVolumeClaim of its own for each pod, which is lost with the pod."),
			"mounts": schema.ListNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Where the volume appears in the main container and in init scripts. Extra containers have mounts of their own.",
				NestedObject:        schema.NestedAttributeObject{Attributes: mountAttributes()},
			},
		}},
	}
}

func mountAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"path":      required("Directory or file in the container.", validate.MountPath()),
		"sub_path":  textOf("Directory or file within the volume to mount. Default: the whole volume. What is mounted so from a ConfigMap or Secret never changes in a running pod.", validate.RelativePath()),
		"read_only": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether the container may not write to it. Default: `false`."},
	}
}

func claimAttribute(description string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"size":          required("Size in bytes, for instance `10Gi`.", validate.Bytes()),
			"storage_class": name("StorageClass of the volume. Default: the cluster's default."),
			"access_modes": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "`ReadWriteOnce` (default: by the pods of one node), `ReadWriteMany` (by the pods of all nodes), `ReadOnlyMany` or `ReadWriteOncePod`.",
				Validators: []validator.List{
					listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(),
					listvalidator.ValueStringsAre(stringvalidator.OneOf("ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod")),
				},
			},
		},
	}
}

func filesAttribute(description, kind string) schema.Attribute {
	attributes := projectedFileAttributes(kind)
	attributes["default_mode"] = textOf("Permissions of the files, as four octal digits. Default: `0644`.", validate.FileMode())
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: attributes}
}

func projectedFileAttributes(kind string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": required("Name of the "+kind+".", validate.ObjectName()),
		"items": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "File names, relative to the mount, by key. Default: every key as a file of its name.",
			Validators:          []validator.Map{validate.Keys{Text: validate.DataKey()}, validate.Each{Text: validate.RelativePath()}},
		},
		"optional": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether pods start without it. Default: `false`."},
	}
}

func projectedAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Several sources in one directory. Each element has exactly one of `config_map`, `secret` and `service_account_token`.",
		Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"config_map": schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "Keys of a ConfigMap.", Attributes: projectedFileAttributes("ConfigMap")},
			"secret":     schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "Keys of a Secret.", Attributes: projectedFileAttributes("Secret")},
			"service_account_token": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "A token of the pods' ServiceAccount, for instance for a cloud's workload identity.",
				Attributes: map[string]schema.Attribute{
					"path":     required("File name, relative to the mount.", validate.RelativePath()),
					"audience": schema.StringAttribute{Optional: true, MarkdownDescription: "Audience of the token. Default: the API server."},
					"expiration_seconds": schema.Int64Attribute{
						Optional: true, Validators: []validator.Int64{int64validator.Between(600, 1<<32)},
						MarkdownDescription: "How long a token is valid, in seconds; it is renewed before. Default: `3600`, at least `600`.",
					},
				},
			},
		}},
	}
}

// volumes adds the user's volumes, the claims that these need, and returns the
// mounts of the main container.
func (r *renderer) volumes() []*corev1ac.VolumeMountApplyConfiguration {
	taken := r.productVolumes()
	var mounts []*corev1ac.VolumeMountApplyConfiguration
	for _, volume := range slices.Sorted(maps.Keys(r.s.Volumes)) {
		at := r.at("volumes").AtMapKey(volume)
		if taken[volume] {
			r.diags.AddAttributeError(at, "The name of the volume is taken",
				fmt.Sprintf("The pods have a volume %q already. Choose a name other than %s.", volume, list(slices.Sorted(maps.Keys(taken)))))
			continue
		}
		v := r.s.Volumes[volume]
		r.spec.WithVolumes(r.volume(volume, v, at))
		for _, m := range v.Mounts {
			mounts = append(mounts, m.render(volume))
		}
	}
	r.checkMounts()
	return mounts
}

// productVolumes are the names of the volumes that are not the user's. Those of a
// StatefulSet's claim templates are known by their mounts alone.
func (r *renderer) productVolumes() map[string]bool {
	taken := map[string]bool{TmpVolume: true, caVolume: true, initScriptsVolume: true}
	for _, v := range r.in.Volumes {
		taken[ptr.Deref(v.Name, "")] = true
	}
	for _, m := range r.in.Container.VolumeMounts {
		taken[ptr.Deref(m.Name, "")] = true
	}
	return taken
}

// checkMounts refuses mounts of the user that hide each other or something of the
// product's.
func (r *renderer) checkMounts() {
	own := map[string]bool{}
	for _, m := range r.in.Container.VolumeMounts {
		own[ptr.Deref(m.MountPath, "")] = true
	}
	if r.in.Environment.CABundle != nil {
		own[caPath] = true
	}
	if len(r.s.InitScripts) > 0 {
		own[initScriptsPath] = true
	}
	used := map[string]string{}
	for _, volume := range slices.Sorted(maps.Keys(r.s.Volumes)) {
		for i, m := range r.s.Volumes[volume].Mounts {
			at := r.at("volumes").AtMapKey(volume).AtName("mounts").AtListIndex(i).AtName("path")
			if other, twice := used[m.Path]; twice {
				r.diags.AddAttributeError(at, "Two volumes are mounted at the same path", fmt.Sprintf("%q is mounted at %s already. Choose another path.", other, m.Path))
			}
			used[m.Path] = volume
			for _, path := range slices.Sorted(maps.Keys(own)) {
				if path == m.Path || strings.HasPrefix(path, strings.TrimSuffix(m.Path, "/")+"/") {
					r.diags.AddAttributeError(at, "The volume would hide what the product needs",
						fmt.Sprintf("The product keeps something at %s, which a volume at %s hides. Choose another path.", path, m.Path))
				}
			}
		}
	}
}

func (m Mount) render(volume string) *corev1ac.VolumeMountApplyConfiguration {
	out := corev1ac.VolumeMount().WithName(volume).WithMountPath(m.Path)
	if m.SubPath != nil {
		out.WithSubPath(*m.SubPath)
	}
	if ptr.Deref(m.ReadOnly, false) {
		out.WithReadOnly(true)
	}
	return out
}

func (r *renderer) volume(name string, v Volume, at path.Path) *corev1ac.VolumeApplyConfiguration {
	out := corev1ac.Volume().WithName(name)
	var sources []string
	source := func(attribute string) { sources = append(sources, attribute) }
	if v.NewClaim != nil {
		source("new_claim")
		claim := r.in.Name + "-" + name
		r.newClaim(r.key("PersistentVolumeClaim", name), claim, *v.NewClaim, at.AtName("new_claim"))
		out.WithPersistentVolumeClaim(corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(claim))
	}
	if v.Claim != nil {
		source("claim")
		out.WithPersistentVolumeClaim(corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(*v.Claim))
	}
	if v.ConfigMap != nil {
		source("config_map")
		out.WithConfigMap(v.ConfigMap.configMap())
	}
	if v.Secret != nil {
		source("secret")
		out.WithSecret(v.Secret.secret())
	}
	if v.EmptyDir != nil {
		source("empty_dir")
		out.WithEmptyDir(r.emptyDir(*v.EmptyDir, at.AtName("empty_dir")))
	}
	if v.Projected != nil {
		source("projected")
		out.WithProjected(r.projected(v.Projected, at.AtName("projected")))
	}
	if v.Ephemeral != nil {
		source("ephemeral")
		out.WithEphemeral(corev1ac.EphemeralVolumeSource().WithVolumeClaimTemplate(
			corev1ac.PersistentVolumeClaimTemplate().WithSpec(r.claimSpec(*v.Ephemeral, at.AtName("ephemeral")))))
	}
	if len(sources) != 1 {
		found := "It has none."
		if len(sources) > 1 {
			found = "It has " + strings.Join(sources, " and ") + "."
		}
		r.diags.AddAttributeError(at, "A volume needs exactly one source",
			"Set one of new_claim, claim, config_map, secret, empty_dir, projected and ephemeral. "+found)
	}
	return out
}

// newClaim adds a claim that outlives the resource.
func (r *renderer) newClaim(key, name string, c Claim, at path.Path) {
	r.objects = append(r.objects, workload.Object{
		Key: key, Stage: workload.StageStorage, Keep: true,
		Manifest: corev1ac.PersistentVolumeClaim(name, r.in.Environment.Namespace).WithSpec(r.claimSpec(c, at)),
	})
}

func (r *renderer) claimSpec(c Claim, at path.Path) *corev1ac.PersistentVolumeClaimSpecApplyConfiguration {
	out := corev1ac.PersistentVolumeClaimSpec()
	if size, ok := quantity(c.Size, at.AtName("size"), &r.diags); ok {
		out.WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: size}))
	}
	if c.StorageClass != nil {
		out.WithStorageClassName(*c.StorageClass)
	}
	modes := c.AccessModes
	if len(modes) == 0 {
		modes = []string{string(corev1.ReadWriteOnce)}
	}
	for _, mode := range modes {
		out.WithAccessModes(corev1.PersistentVolumeAccessMode(mode))
	}
	return out
}

func (f Files) configMap() *corev1ac.ConfigMapVolumeSourceApplyConfiguration {
	out := corev1ac.ConfigMapVolumeSource().WithName(f.Name).WithItems(items(f.Items)...)
	if mode, ok := fileMode(f.DefaultMode); ok {
		out.WithDefaultMode(mode)
	}
	if f.Optional != nil {
		out.WithOptional(*f.Optional)
	}
	return out
}

func (f Files) secret() *corev1ac.SecretVolumeSourceApplyConfiguration {
	out := corev1ac.SecretVolumeSource().WithSecretName(f.Name).WithItems(items(f.Items)...)
	if mode, ok := fileMode(f.DefaultMode); ok {
		out.WithDefaultMode(mode)
	}
	if f.Optional != nil {
		out.WithOptional(*f.Optional)
	}
	return out
}

// fileMode reads octal digits, which the attribute's validator has checked.
func fileMode(text *string) (int32, bool) {
	mode, err := strconv.ParseInt(ptr.Deref(text, ""), 8, 32)
	return int32(mode), err == nil
}

func items(paths map[string]string) []*corev1ac.KeyToPathApplyConfiguration {
	var out []*corev1ac.KeyToPathApplyConfiguration
	for _, key := range slices.Sorted(maps.Keys(paths)) {
		out = append(out, corev1ac.KeyToPath().WithKey(key).WithPath(paths[key]))
	}
	return out
}

func (r *renderer) emptyDir(e EmptyDir, at path.Path) *corev1ac.EmptyDirVolumeSourceApplyConfiguration {
	out := corev1ac.EmptyDirVolumeSource()
	if e.SizeLimit != nil {
		if limit, ok := quantity(*e.SizeLimit, at.AtName("size_limit"), &r.diags); ok {
			out.WithSizeLimit(limit)
		}
	}
	if e.Medium != nil {
		out.WithMedium(corev1.StorageMedium(*e.Medium))
	}
	return out
}

func (r *renderer) projected(sources []Projection, at path.Path) *corev1ac.ProjectedVolumeSourceApplyConfiguration {
	out := corev1ac.ProjectedVolumeSource()
	for i, p := range sources {
		projection := corev1ac.VolumeProjection()
		count := 0
		if f := p.ConfigMap; f != nil {
			count++
			source := corev1ac.ConfigMapProjection().WithName(f.Name).WithItems(items(f.Items)...)
			if f.Optional != nil {
				source.WithOptional(*f.Optional)
			}
			projection.WithConfigMap(source)
		}
		if f := p.Secret; f != nil {
			count++
			source := corev1ac.SecretProjection().WithName(f.Name).WithItems(items(f.Items)...)
			if f.Optional != nil {
				source.WithOptional(*f.Optional)
			}
			projection.WithSecret(source)
		}
		if t := p.ServiceAccountToken; t != nil {
			count++
			source := corev1ac.ServiceAccountTokenProjection().WithPath(t.Path)
			if t.Audience != nil {
				source.WithAudience(*t.Audience)
			}
			if t.ExpirationSeconds != nil {
				source.WithExpirationSeconds(*t.ExpirationSeconds)
			}
			projection.WithServiceAccountToken(source)
		}
		if count != 1 {
			r.diags.AddAttributeError(at.AtListIndex(i), "Exactly one source is needed", "Set one of config_map, secret and service_account_token.")
		}
		out.WithSources(projection)
	}
	return out
}

// list joins names for people.
func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
