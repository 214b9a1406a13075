package kube

import (
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// RemoveBrokenPods deletes the pods of a workload that stand in the way of its repair: unready ones of an old revision of a
// StatefulSet, whose controller waits for them before it goes on to the new revision, which a broken one never lets it; and those
// of the current revision that wait for minutes before they try again what failed until now.
func (c *Cluster) RemoveBrokenPods(ctx context.Context, ref Ref) error {
	live, err := c.Get(ctx, ref)
	for err == nil && live != nil && hasRevision(live) && !isObserved(live) {
		if !sleep(ctx, time.Second/4) {
			return context.Cause(ctx)
		}
		live, err = c.Get(ctx, ref)
	}
	if err != nil || live == nil {
		return err
	}
	selector, _, _ := unstructured.NestedStringMap(live.Object, "spec", "selector", "matchLabels")
	if len(selector) == 0 {
		return nil
	}
	revision, _, _ := unstructured.NestedString(live.Object, "status", "updateRevision")
	pods, err := c.List(ctx, podGVK, ref.Namespace, labels.SelectorFromSet(selector).String())
	if err != nil {
		return err
	}
	for _, item := range pods {
		pod := corev1.Pod{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &pod); err != nil {
			return err
		}
		old := revision != "" && pod.Labels[appsv1.ControllerRevisionHashLabelKey] != revision
		if pod.DeletionTimestamp != nil || isReady(&pod) || !old && !backsOff(&pod) {
			continue
		}
		if err := c.Delete(ctx, RefOf(&item), DeleteOptions{UID: pod.UID}); err != nil {
			return err
		}
	}
	return nil
}

// hasRevision tells whether the object's status names the revision that its pods shall have, which is right once the controller has
// seen the object's last change.
func hasRevision(live *unstructured.Unstructured) bool { return live.GetKind() == "StatefulSet" }

// isObserved tells whether the controller has seen the object's last change.
func isObserved(live *unstructured.Unstructured) bool {
	observed, _, _ := unstructured.NestedInt64(live.Object, "status", "observedGeneration")
	return observed >= live.GetGeneration()
}

// backsOff tells whether a container of the pod waits before it is tried again.
func backsOff(pod *corev1.Pod) bool {
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if w := s.State.Waiting; w != nil && (w.Reason == "CrashLoopBackOff" || w.Reason == "ImagePullBackOff") {
			return true
		}
	}
	return false
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
