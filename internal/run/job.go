package run

import (
	"math"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Pods are what a run is made of: a template, and the container that runs the program.
type Pods struct {
	Template  *corev1ac.PodTemplateSpecApplyConfiguration
	Container string
}

// Job renders the one run.
func (o Once) Job(name, namespace string, pods Pods) *batchv1ac.JobApplyConfiguration {
	spec := jobSpec(pods, o.Retries, o.TimeLimit, o.NoRetryExitCodes)
	if o.TTL != nil {
		spec.WithTTLSecondsAfterFinished(int32(Seconds(*o.TTL)))
	}
	return batchv1ac.Job(name, namespace).WithSpec(spec)
}

// CronJob renders the schedule. The Jobs get the labels.
func (s Schedule) CronJob(name, namespace string, labels map[string]string, pods Pods) *batchv1ac.CronJobApplyConfiguration {
	spec := batchv1ac.CronJobSpec().WithSchedule(s.Cron).WithTimeZone(ptr.Deref(s.TimeZone, validate.DefaultTimeZone)).WithSuspend(ptr.Deref(s.Suspend, false)).
		WithConcurrencyPolicy(batchv1.ConcurrencyPolicy(ptr.Deref(s.Concurrency, defaultConcurrency))).
		WithSuccessfulJobsHistoryLimit(int32(ptr.Deref(s.KeepSucceeded, defaultKept))).WithFailedJobsHistoryLimit(int32(ptr.Deref(s.KeepFailed, defaultKept))).
		WithJobTemplate(batchv1ac.JobTemplateSpec().WithLabels(labels).WithSpec(jobSpec(pods, s.Retries, s.TimeLimit, s.NoRetryExitCodes)))
	if s.StartingDeadline != nil {
		spec.WithStartingDeadlineSeconds(Seconds(*s.StartingDeadline))
	}
	return batchv1ac.CronJob(name, namespace).WithSpec(spec)
}

// jobSpec is what a single and a scheduled run have in common. A pod that the cluster
// took away for its own reasons, such as a drained node or a preemption, is no failure
// of the program; one that ended with a final exit code is not tried again.
func jobSpec(pods Pods, retries *int64, limit *string, final []int64) *batchv1ac.JobSpecApplyConfiguration {
	policy := batchv1ac.PodFailurePolicy().WithRules(batchv1ac.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionIgnore).
		WithOnPodConditions(batchv1ac.PodFailurePolicyOnPodConditionsPattern().WithType(corev1.DisruptionTarget).WithStatus(corev1.ConditionTrue)))
	if len(final) > 0 {
		codes := batchv1ac.PodFailurePolicyOnExitCodesRequirement().WithContainerName(pods.Container).WithOperator(batchv1.PodFailurePolicyOnExitCodesOpIn)
		for _, code := range final {
			codes.WithValues(int32(code))
		}
		policy.WithRules(batchv1ac.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionFailJob).WithOnExitCodes(codes))
	}
	spec := batchv1ac.JobSpec().WithTemplate(pods.Template).WithBackoffLimit(int32(ptr.Deref(retries, 0))).WithPodFailurePolicy(policy)
	if limit != nil {
		spec.WithActiveDeadlineSeconds(Seconds(*limit))
	}
	return spec
}

// Seconds reads a duration, in whole seconds, at least one and no more than Kubernetes
// counts. What is no duration is refused by the attribute's validator.
func Seconds(text string) int64 {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 1
	}
	return min(max(1, int64(d.Round(time.Second)/time.Second)), math.MaxInt32)
}
