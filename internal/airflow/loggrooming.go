package airflow

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// LogGrooming removes old logs from the pods that write them.
type LogGrooming struct {
	RetentionDays *int64  `tfsdk:"retention_days"`
	Interval      *string `tfsdk:"interval"`
}

const (
	logGroomer = "log-groomer"
	logsPath   = home + "/logs"
	// logDays is how long logs stay, and groomingSeconds how often they are looked at.
	logDays         = 15
	groomingSeconds = 900
)

// groomLogs removes files that are older than so many minutes, and folders that have been
// empty for an hour: a task may be about to write into a new one. A file may go by
// itself meanwhile, which is no error.
const groomLogs = `trap exit TERM
while true; do
  find "$1" -mindepth 1 ! -type d -mmin +"$2" -print -delete
  find "$1" -mindepth 1 -type d -empty -mmin +60 -delete
  sleep "$3" &
  wait $!
done`

func logGroomingAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Remove old logs from the disks of the nodes, by a small container beside the scheduler, the DAG processor, the triggerer and each Celery worker. `{}` is enough. What is in the " +
			"storage of `logs` stays. Default: none, and logs stay as long as the pod that wrote them.",
		Attributes: map[string]schema.Attribute{
			"retention_days": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(1, 36500)},
				MarkdownDescription: fmt.Sprintf("How long a file stays after it was last written to, in days. Default: %d.", logDays),
			},
			"interval": schema.StringAttribute{Optional: true, Validators: []validator.String{validate.Duration()}, MarkdownDescription: "How often old files are looked for. Default: `15m`."},
		},
	}
}

// logSidecars are those of the pods of a component that keeps logs.
func (m *Model) logSidecars() []*corev1ac.ContainerApplyConfiguration {
	if m.LogGrooming == nil {
		return nil
	}
	seconds := int64(groomingSeconds)
	if m.LogGrooming.Interval != nil {
		seconds = run.Seconds(*m.LogGrooming.Interval)
	}
	minutes := ptr.Deref(m.LogGrooming.RetentionDays, logDays) * 24 * 60
	return []*corev1ac.ContainerApplyConfiguration{corev1ac.Container().WithName(logGroomer).
		WithCommand("bash", "-c", groomLogs, logGroomer, logsPath, fmt.Sprint(minutes), fmt.Sprint(seconds)).
		WithVolumeMounts(corev1ac.VolumeMount().WithName("logs").WithMountPath(logsPath)).
		WithResources(corev1ac.ResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("16Mi")}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")}))}
}
