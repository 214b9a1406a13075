package pod

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// SuccessorFirst is the update of a Deployment in which each pod goes when its successor is ready, one at a time.
func SuccessorFirst() *appsv1ac.DeploymentStrategyApplyConfiguration {
	return appsv1ac.DeploymentStrategy().WithType(appsv1.RollingUpdateDeploymentStrategyType).WithRollingUpdate(
		appsv1ac.RollingUpdateDeployment().WithMaxSurge(intstr.FromInt32(1)).WithMaxUnavailable(intstr.FromInt32(0)))
}

// DisruptionBudget lets drains take one of the pods that a selector finds at a time. Its labels may be nil.
func DisruptionBudget(role, name, namespace string, labels, selector map[string]string) workload.Object {
	return workload.Object{
		Key: "PodDisruptionBudget/" + role, Stage: workload.StageIdentity,
		Manifest: policyv1ac.PodDisruptionBudget(name, namespace).WithLabels(labels).WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector))),
	}
}
