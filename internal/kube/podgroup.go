package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// podGroupAnnotation names the group that a pod belongs to for Volcano.
const podGroupAnnotation = "scheduling.k8s.io/group-name"

var podGroupGVK = schema.GroupVersionKind{Group: "scheduling.volcano.sh", Version: "v1beta1", Kind: "PodGroup"}

// grouped says of a pod that Volcano does not place what its group waits for; it is nil for one without a group. A group has its turn when
// others end, however long that takes, so that it gives no reason to give up.
func (c *Cluster) grouped(ctx context.Context, pod *corev1.Pod, message string) *finding {
	name := pod.Annotations[podGroupAnnotation]
	if name == "" {
		return nil
	}
	group, err := c.Get(ctx, Ref{GroupVersionKind: podGroupGVK, Namespace: pod.Namespace, Name: name})
	if err != nil || group == nil {
		return nil
	}
	phase, _, _ := unstructured.NestedString(group.Object, "status", "phase")
	f := &finding{
		key: pod.Name + "/group", pod: pod, reason: fmt.Sprintf("%s, whose phase is %s, does not place it: %s", RefOf(group), phase, message),
		wayOut: "Wait until it has its turn (timeouts), lower the requests of driver and executors, or give its queue or the cluster more room.",
	}
	// The pod's own message does not tell why a whole group waits.
	for _, e := range c.events(ctx, RefOf(group), group.GetUID()) {
		if e.Type == corev1.EventTypeNormal && e.Reason == "Unschedulable" {
			f.reason = fmt.Sprintf("%s, whose phase is %s, waits: %s", RefOf(group), phase, e.Message)
		}
	}
	return f
}
