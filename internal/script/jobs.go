package script

import (
	"encoding/json"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	keyJob     = "Job/run"
	keyCronJob = "CronJob/run"
)

// jobSpec is what a single and a scheduled run have in common.
func (r *renderer) jobSpec(t pod.Template, retries *int64, limit *string, final []int64) *batchv1ac.JobSpecApplyConfiguration {
	t.Spec.Spec.WithRestartPolicy(corev1.RestartPolicyNever)
	spec := run.JobSpec(t.Spec, retries, limit)
	if len(final) > 0 {
		codes := batchv1ac.PodFailurePolicyOnExitCodesRequirement().WithContainerName(container).WithOperator(batchv1.PodFailurePolicyOnExitCodesOpIn)
		for _, code := range final {
			codes.WithValues(int32(code))
		}
		spec.PodFailurePolicy.WithRules(batchv1ac.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionFailJob).WithOnExitCodes(codes))
	}
	return spec
}

func (r *renderer) job(t pod.Template) workload.Object {
	o := r.Once
	spec := r.jobSpec(t, o.Retries, o.TimeLimit, o.NoRetryExitCodes)
	if o.TTL != nil {
		spec.WithTTLSecondsAfterFinished(int32(run.Seconds(*o.TTL)))
	}
	return workload.Object{
		Key: keyJob, Stage: workload.StageJob, RunKey: r.runKey(), Mask: t.Mask("spec.template"), NoWait: o.Wait != nil && !*o.Wait,
		Manifest: batchv1ac.Job(r.Name, r.env.Namespace).WithSpec(spec),
	}
}

func (r *renderer) cronJob(t pod.Template) workload.Object {
	s := r.Schedule
	concurrency, zone := string(batchv1.ForbidConcurrent), validate.DefaultTimeZone
	if s.Concurrency != nil {
		concurrency = *s.Concurrency
	}
	if s.TimeZone != nil {
		zone = *s.TimeZone
	}
	spec := batchv1ac.CronJobSpec().WithSchedule(s.Cron).WithTimeZone(zone).WithConcurrencyPolicy(batchv1.ConcurrencyPolicy(concurrency)).
		WithSuspend(deref(s.Suspend)).
		WithSuccessfulJobsHistoryLimit(history(s.KeepSucceeded)).WithFailedJobsHistoryLimit(history(s.KeepFailed)).
		WithJobTemplate(batchv1ac.JobTemplateSpec().WithLabels(r.selector()).WithSpec(r.jobSpec(t, s.Retries, s.TimeLimit, s.NoRetryExitCodes)))
	if s.StartingDeadline != nil {
		spec.WithStartingDeadlineSeconds(run.Seconds(*s.StartingDeadline))
	}
	return workload.Object{
		Key: keyCronJob, Stage: workload.StageServer, Mask: t.Mask("spec.jobTemplate.spec.template"),
		Manifest: batchv1ac.CronJob(r.Name, r.env.Namespace).WithSpec(spec),
	}
}

func history(kept *int64) int32 {
	if kept == nil {
		return 3
	}
	return int32(*kept)
}

// withoutSecrets is a configuration without the values of write-only attributes,
// whose versions stand for them: a plan that does not know them must not differ.
func withoutSecrets(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(err) // it was just marshalled
	}
	dropWriteOnly(out)
	return out
}

func dropWriteOnly(v any) {
	members, ok := v.(map[string]any)
	if !ok {
		return
	}
	for name, member := range members {
		if strings.HasSuffix(name, "WO") {
			delete(members, name)
			continue
		}
		dropWriteOnly(member)
	}
}
