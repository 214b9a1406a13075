package mlflow

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// GarbageCollection empties MLflow's trash from time to time.
type GarbageCollection struct {
	Cron          string  `tfsdk:"cron"`
	TimeZone      *string `tfsdk:"time_zone"`
	OlderThanDays *int64  `tfsdk:"older_than_days"`
}

// collection is the component that empties the trash.
const collection = "gc"

// defaultDays is how long the trash keeps what is in it.
const defaultDays = 30

func collectionAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Empty MLflow's trash at certain times, with `mlflow gc` in a CronJob: experiments, runs and logged models that were deleted, with their artifacts. " +
			"Default: never.",
		Attributes: map[string]schema.Attribute{
			"cron": schema.StringAttribute{
				Required: true, Validators: []validator.String{validate.Cron()},
				MarkdownDescription: "When: minute, hour, day of the month, month and day of the week, for instance `0 3 * * 0`; or `@daily`, `@weekly`, `@monthly`.",
			},
			"time_zone": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.TimeZone()},
				MarkdownDescription: "Time zone of `cron`, by its name in the IANA database. Default: `Etc/UTC`.",
			},
			"older_than_days": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.Between(0, 36500)},
				MarkdownDescription: "Keep what has been in the trash for fewer days. Default: 30.",
			},
		},
	}
}

// collectionJob renders the CronJob. It deletes rows itself, and artifacts by way of
// the servers.
func (r *renderer) collectionJob(c GarbageCollection) {
	admin := r.n.of("admin")
	container := corev1ac.Container().WithName(collection).
		WithCommand("mlflow", "gc", "--backend-store-uri="+databaseURI, fmt.Sprintf("--older-than=%dd", ptr.Deref(c.OlderThanDays, defaultDays))).
		WithEnv(corev1ac.EnvVar().WithName(connection.TrackingURI).WithValue(r.m.trackingURI(r.n)),
			pod.FromSecret(connection.TrackingUsername, admin, connection.TrackingUsername),
			pod.FromSecret(connection.TrackingPassword, admin, connection.TrackingPassword))
	settings := r.m.Settings
	settings.ExtraContainers = nil // the pod would not end before they do
	template := r.template(pod.TemplateInput{Name: r.n.of(collection), Role: collection, Container: container}, settings)
	template.Spec.Spec.WithRestartPolicy(corev1.RestartPolicyNever)
	r.objects = append(r.objects, template.Objects...)
	r.objects = append(r.objects, workload.Object{
		Key: "CronJob/" + collection, Stage: workload.StageServer, Mask: template.Mask("spec.jobTemplate.spec.template"),
		Manifest: run.Schedule{Cron: c.Cron, TimeZone: c.TimeZone}.CronJob(r.n.of(collection), r.n.env.Namespace, r.n.selector(collection), run.Pods{Template: template.Spec, Container: collection}).
			WithLabels(map[string]string{componentLabel: collection}),
	})
}
