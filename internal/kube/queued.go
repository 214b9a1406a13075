package kube

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// workloadVersions are those in which Kueue serves what it queues, the newest first.
var workloadVersions = []string{"v1beta2", "v1beta1"}

const (
	// workloadOwner is the label by which a Workload of Kueue tells the Job or the pod that it stands for.
	workloadOwner = "kueue.x-k8s.io/job-uid"
	// inadmissible is Kueue's reason for what cannot be admitted as it is, such as a queue that does not exist.
	inadmissible = "Inadmissible"
)

// suspended is the finding of a Job that is held back, nil where it is not.
func (c *Cluster) suspended(ctx context.Context, live *unstructured.Unstructured) *finding {
	if !isSuspended(live) {
		return nil
	}
	f := c.queued(ctx, live.GetNamespace(), live.GetUID())
	if f == nil {
		f = &finding{reason: "it is suspended, and no queue says why", wayOut: "Set its spec.suspend to false, or find out who holds it back."}
	}
	f.key = "suspended"
	return f
}

// isSuspended tells whether a Job begins no pods until it may go on.
func isSuspended(live *unstructured.Unstructured) bool {
	suspended, _, _ := unstructured.NestedBool(live.Object, "spec", "suspend")
	return live.GetKind() == "Job" && suspended
}

// queued is the finding of a Job or a pod that Kueue has not admitted, in its own words. It is nil where Kueue does not say so, or may not be
// asked.
func (c *Cluster) queued(ctx context.Context, namespace string, uid types.UID) *finding {
	for _, version := range workloadVersions {
		workload := schema.GroupVersionKind{Group: "kueue.x-k8s.io", Version: version, Kind: "Workload"}
		list, err := c.List(ctx, workload, namespace, labels.Set{workloadOwner: string(uid)}.String())
		if err != nil {
			continue // it may serve the other one
		}
		for _, item := range list {
			if f := notAdmitted(&item); f != nil {
				return f
			}
		}
		return nil
	}
	return nil
}

// notAdmitted is the finding of a Workload, nil where it is admitted.
func notAdmitted(workload *unstructured.Unstructured) *finding {
	queue, _, _ := unstructured.NestedString(workload.Object, "spec", "queueName")
	f := &finding{
		reason: fmt.Sprintf("Kueue has not admitted it to the queue %s yet", queue),
		wayOut: "Wait until others in the queue are over, lower the requests, or raise the quota of its ClusterQueue.",
	}
	if active, ok, _ := unstructured.NestedBool(workload.Object, "spec", "active"); ok && !active {
		f.reason, f.wayOut = fmt.Sprintf("it was taken out of the queue %s", queue), "Set spec.active of its Workload "+workload.GetName()+" to true."
		return f
	}
	conditions, _, _ := unstructured.NestedSlice(workload.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		switch {
		case condition["type"] == "Admitted" && condition["status"] == "True":
			return nil
		case condition["type"] == "QuotaReserved" && condition["status"] == "False":
			f.reason += fmt.Sprintf(": %v", condition["message"])
			if condition["reason"] == inadmissible {
				f.patience = patienceSchedule
				f.wayOut = "Create the queue that the message names, or correct its name."
			}
		}
	}
	return f
}
