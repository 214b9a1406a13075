package script

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/requirements"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Requirements are Python packages, and where they are kept.
type Requirements struct {
	requirements.Requirements
	Cache *Cache `tfsdk:"cache"`
}

// Cache is a volume for installed packages that outlives the pods.
type Cache struct {
	Size         string   `tfsdk:"size"`
	StorageClass *string  `tfsdk:"storage_class"`
	AccessModes  []string `tfsdk:"access_modes"`
}

func requirementsAttribute() schema.Attribute {
	attributes := requirements.Attributes()
	attributes["cache"] = schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Keep what was installed in a volume that outlives the pods, so that a new pod finds it there. Default: each pod installs, and a container that is started again does not.",
		Attributes: map[string]schema.Attribute{
			"size":          schema.StringAttribute{Required: true, MarkdownDescription: "Size of the volume, for instance `2Gi`.", Validators: []validator.String{validate.Bytes()}},
			"storage_class": schema.StringAttribute{Optional: true, MarkdownDescription: "StorageClass of the volume. Default: the cluster's default.", Validators: []validator.String{validate.ObjectName()}},
			"access_modes": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(stringvalidator.OneOf("ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"))},
				MarkdownDescription: "Access modes of the volume. Default: `ReadWriteOnce`, with which all pods that use it run on one node.",
			},
		},
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Python packages that the program needs. pip installs them before the program starts, in a container without the program's environment. They stand in a folder " +
			"that is named after all that decides what they are, so that only a change has them installed again. The image must have Python, pip and a POSIX shell. " +
			"For what must start fast or without a package index, make an image that has them.",
		Attributes: attributes,
	}
}

// objects are those that the installer needs.
func (r *Requirements) objects(name string, env workload.Environment) ([]workload.Object, diag.Diagnostics) {
	var diags diag.Diagnostics
	out := []workload.Object{r.Object(name, env)}
	if r.Cache == nil {
		return out, diags
	}
	size, err := validate.ParseQuantity(r.Cache.Size)
	if err != nil {
		diags.AddAttributeError(path.Root("requirements").AtName("cache").AtName("size"), "Invalid quantity", err.Error())
		return nil, diags
	}
	modes := r.Cache.AccessModes
	if len(modes) == 0 {
		modes = []string{string(corev1.ReadWriteOnce)}
	}
	spec := corev1ac.PersistentVolumeClaimSpec().WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: size}))
	for _, mode := range modes {
		spec.WithAccessModes(corev1.PersistentVolumeAccessMode(mode))
	}
	if r.Cache.StorageClass != nil {
		spec.WithStorageClassName(*r.Cache.StorageClass)
	}
	// Nothing is lost with it, so it goes with the resource.
	return append(out, workload.Object{
		Key: "PersistentVolumeClaim/packages", Stage: workload.StageIdentity, NoWait: true,
		Manifest: corev1ac.PersistentVolumeClaim(name+"-packages", env.Namespace).WithSpec(spec),
	}), diags
}

// volumes are those of the packages.
func (r *Requirements) volumes(name string) []*corev1ac.VolumeApplyConfiguration {
	packages := corev1ac.Volume().WithName(requirements.Volume)
	if r.Cache != nil {
		packages.WithPersistentVolumeClaim(corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(name + "-packages"))
	} else {
		packages.WithEmptyDir(corev1ac.EmptyDirVolumeSource())
	}
	return []*corev1ac.VolumeApplyConfiguration{packages, requirements.FileVolume(name)}
}
