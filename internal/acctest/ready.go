package acctest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Ready counts the pods that are ready and are to stay.
func Ready(pods []corev1.Pod) int {
	n := 0
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}) {
			n++
		}
	}
	return n
}

// AwaitReady waits until so many pods of a label selector are ready, and no more. It fails the test after four minutes.
func (c *Cluster) AwaitReady(t testing.TB, namespace, selector string, want int) {
	t.Helper()
	Eventually(t, 4*time.Minute, func() string {
		list, err := c.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return err.Error()
		}
		if n := Ready(list.Items); n != want {
			return fmt.Sprintf("%d pods of %s are ready, want %d", n, selector, want)
		}
		return ""
	})
}

// Evict takes a pod away as the drain of a node does, and returns when it is gone. It fails the test where a disruption budget forbids this
// for more than a minute.
func (c *Cluster) Evict(t testing.TB, pod corev1.Pod) {
	t.Helper()
	// A budget counts what has just become ready a moment later, so a refusal is not final.
	Eventually(t, time.Minute, func() string {
		err := c.PolicyV1().Evictions(pod.Namespace).Evict(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace}})
		if err != nil {
			return err.Error()
		}
		return ""
	})
	Eventually(t, 3*time.Minute, func() string {
		live, err := c.CoreV1().Pods(pod.Namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return ""
		case err != nil:
			return err.Error()
		case live.UID != pod.UID:
			return ""
		}
		return "the evicted pod " + pod.Name + " is still there"
	})
}
