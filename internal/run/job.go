package run

import (
	"math"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// JobSpec is what a single and a scheduled run have in common. A pod that the cluster
// took away for its own reasons, such as a drained node or a preemption, is no failure
// of the program.
func JobSpec(pods *corev1ac.PodTemplateSpecApplyConfiguration, retries *int64, limit *string) *batchv1ac.JobSpecApplyConfiguration {
	spec := batchv1ac.JobSpec().WithTemplate(pods).WithBackoffLimit(0).
		WithPodFailurePolicy(batchv1ac.PodFailurePolicy().WithRules(batchv1ac.PodFailurePolicyRule().WithAction(batchv1.PodFailurePolicyActionIgnore).
			WithOnPodConditions(batchv1ac.PodFailurePolicyOnPodConditionsPattern().WithType(corev1.DisruptionTarget).WithStatus(corev1.ConditionTrue))))
	if retries != nil {
		spec.WithBackoffLimit(int32(*retries))
	}
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
