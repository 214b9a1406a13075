package postgres

import (
	_ "embed" // for the script
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Backups are dumps of the database that are made before its schema changes.
type Backups struct {
	Enabled      *bool   `tfsdk:"enabled"`
	Image        *string `tfsdk:"image"`
	Size         *string `tfsdk:"size"`
	StorageClass *string `tfsdk:"storage_class"`
}

// DefaultBackupSize is that of the volume for dumps.
const DefaultBackupSize = "8Gi"

const (
	backupVolume = "backups"
	backupPath   = "/backups"
)

// What a dump takes, which is written as it is read.
var (
	backupRequests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("64Mi")}
	backupLimits   = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")}
)

// backupName is the form of the name of a dump.
var backupName = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.]*$`)

func backupAttributes() (backups, restoreFrom schema.Attribute) {
	backups = schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Dumps of the database, made with `pg_dump` before each migration, on a volume that outlives a destroy. The one before the migration to a version is called " +
			"`before-VERSION`.",
		Attributes: map[string]schema.Attribute{
			"enabled": schema.BoolAttribute{Optional: true, MarkdownDescription: "Make them. Default: `true` for an embedded database, `false` for an external one."},
			"image": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.Image()},
				MarkdownDescription: "Image with `bash`, `psql`, `pg_dump` and `pg_restore`, which must not be older than the server. Default: the image of the embedded database, else `" + DefaultImage + "`.",
			},
			"size": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.Bytes()},
				MarkdownDescription: "Size of the volume. It can grow, and never shrink. Default: `" + DefaultBackupSize + "`.",
			},
			"storage_class": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.ObjectName()},
				MarkdownDescription: "StorageClass of the volume. Default: the cluster's default.",
			},
		},
	}
	restoreFrom = schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Name of a backup to restore, such as `before-3.3.2`. Everything in the database is replaced by it, once, when this is set to another name; what was there is kept as the " +
			"backup `before-restore`.",
		Validators: []validator.String{stringvalidator.RegexMatches(backupName, "must be the name of a backup: letters, digits, '-', '_' and '.'")},
	}
	return backups, restoreFrom
}

//go:embed backup.sh
var backupScript string

// backup renders the volume for dumps, and the container that makes one before a
// migration, or restores one.
func (in Input) backup(out *Output) diag.Diagnostics {
	var diags diag.Diagnostics
	d := Database{}
	if in.Database != nil {
		d = *in.Database
	}
	b := Backups{}
	if d.Backups != nil {
		b = *d.Backups
	}
	enabled := d.External == nil
	if b.Enabled != nil {
		enabled = *b.Enabled
	}
	at := path.Root("database")
	if !enabled {
		if d.RestoreFrom != nil {
			diags.AddAttributeError(at.AtName("restore_from"), "There are no backups", "Backups are off, and so is their volume. Set database.backups.enabled = true.")
		}
		return diags
	}
	spec, more := pod.ClaimSpec(b.Size, DefaultBackupSize, b.StorageClass, at.AtName("backups").AtName("size"))
	diags.Append(more...)
	if diags.HasError() {
		return diags
	}
	name := in.Resource + "-backups"
	out.Objects = append(out.Objects, workload.Object{
		Key: "PersistentVolumeClaim/backups", Stage: workload.StageStorage, Keep: true, NoWait: true, // it may be bound only when a pod uses it
		Manifest: corev1ac.PersistentVolumeClaim(name, in.Environment.Namespace).WithSpec(spec),
	})
	image := pod.Image(DefaultImage, in.Environment)
	switch {
	case b.Image != nil:
		image = *b.Image
	case d.Embedded != nil && d.Embedded.Image != nil:
		image = *d.Embedded.Image
	}
	restore := ""
	if d.RestoreFrom != nil {
		restore = *d.RestoreFrom
	}
	plain := func(name, value string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValue(value)
	}
	out.Restore = restore
	out.BeforeMigration = []*corev1ac.ContainerApplyConfiguration{corev1ac.Container().WithName("backup").WithImage(image).
		WithCommand("bash", "-euo", "pipefail", "-c", backupScript).
		WithEnv(pod.FromSecret("DATABASE_URL", out.Secret, KeyURL), plain("BACKUP_NAME", "before-"+in.Version), plain("RESTORE_FROM", restore)).WithEnv(out.Env...).
		WithResources(corev1ac.ResourceRequirements().WithRequests(backupRequests).WithLimits(backupLimits)).
		WithVolumeMounts(out.Mounts...).
		WithVolumeMounts(corev1ac.VolumeMount().WithName(backupVolume).WithMountPath(backupPath))}
	out.BackupVolumes = []*corev1ac.VolumeApplyConfiguration{corev1ac.Volume().WithName(backupVolume).
		WithPersistentVolumeClaim(corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(name))}
	return diags
}
