package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// childrenShown is how many pods of a pod are told of, and childLog how much of the
	// log of each, in lines.
	childrenShown = 3
	childLog      = 8
)

// writeChildren tells of pods that a Job's pods made themselves, as Spark makes
// executors, and that ended badly.
func (c *Cluster) writeChildren(ctx context.Context, b *strings.Builder, live *unstructured.Unstructured) {
	if live.GetKind() != "Job" {
		return
	}
	lost, err := c.lostChildren(ctx, live)
	if err != nil {
		return
	}
	for _, pod := range lost[:min(len(lost), childrenShown)] {
		fmt.Fprintf(b, "\nPod %s, which it made, was lost: %s\n", pod.Name, lossOf(pod))
		for _, s := range pod.Status.ContainerStatuses {
			if t := s.State.Terminated; t == nil || t.ExitCode == 0 || t.Reason == "OOMKilled" {
				continue
			}
			if log, err := c.Logs(ctx, pod.Namespace, pod.Name, s.Name, causeTail, false); err == nil && strings.TrimSpace(log) != "" {
				lines, found := logCause(log)
				if !found {
					lines = logEnd(log, childLog)
				}
				writeLines(b, c.WithoutSecrets(ctx, pod, strings.Join(lines, "\n")))
			}
		}
	}
	if more := len(lost) - childrenShown; more > 0 {
		fmt.Fprintf(b, "\n%d more pods that it made were lost.\n", more)
	}
}

// lostChildren lists the pods that pods of a Job own and that did not end well, the
// first loss first.
func (c *Cluster) lostChildren(ctx context.Context, live *unstructured.Unstructured) ([]*corev1.Pod, error) {
	parents, err := c.podsOf(ctx, live)
	if err != nil {
		return nil, err
	}
	children, err := c.children(ctx, live.GetNamespace(), parents)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(children, func(pod *corev1.Pod) bool { return lossOf(pod) == "" }), nil
}

// waitingChildren are the findings of pods that pods of a Job made and that no node takes. They give no reason to give up: the Job may
// do with fewer of them, or have time until others end.
func (c *Cluster) waitingChildren(ctx context.Context, live *unstructured.Unstructured, parents []*corev1.Pod) []finding {
	running := slices.ContainsFunc(parents, func(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning })
	if live.GetKind() != "Job" || !running {
		return nil
	}
	children, err := c.children(ctx, live.GetNamespace(), parents)
	if err != nil {
		// The right to list all pods of the namespace may be missing.
		return nil
	}
	var out []finding
	for _, pod := range children {
		if message := unscheduled(pod); message != "" && pod.DeletionTimestamp == nil {
			f := c.unschedulable(ctx, pod, message)
			f.patience = 0
			out = append(out, f)
		}
	}
	return out
}

// PodsBelow refers to the pods of a Job and to those that these made, with their UIDs.
func (c *Cluster) PodsBelow(ctx context.Context, job *unstructured.Unstructured) (map[Ref]types.UID, error) {
	parents, err := c.podsOf(ctx, job)
	if err != nil {
		return nil, err
	}
	children, err := c.children(ctx, job.GetNamespace(), parents)
	if err != nil {
		return nil, err
	}
	out := map[Ref]types.UID{}
	for _, pod := range slices.Concat(parents, children) {
		out[RefOf(podObject(pod))] = pod.UID
	}
	return out, nil
}

// children lists the pods that the given pods own, the oldest first.
func (c *Cluster) children(ctx context.Context, namespace string, parents []*corev1.Pod) ([]*corev1.Pod, error) {
	owners := map[types.UID]bool{}
	for _, pod := range parents {
		owners[pod.UID] = true
	}
	list, err := c.List(ctx, podGVK, namespace, "")
	if err != nil {
		return nil, err
	}
	var out []*corev1.Pod
	for _, item := range list {
		if !slices.ContainsFunc(item.GetOwnerReferences(), func(r metav1.OwnerReference) bool { return owners[r.UID] }) {
			continue
		}
		pod := &corev1.Pod{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, pod); err != nil {
			return nil, err
		}
		out = append(out, pod)
	}
	slices.SortStableFunc(out, func(a, b *corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return out, nil
}

// lossOf says how a pod ended, "" where it runs or ended well.
func lossOf(pod *corev1.Pod) string {
	if pod.Status.Phase == corev1.PodFailed && pod.Status.Reason != "" {
		return strings.TrimSpace(pod.Status.Reason + ": " + pod.Status.Message)
	}
	for _, s := range pod.Status.ContainerStatuses {
		t := s.State.Terminated
		if t == nil || t.ExitCode == 0 {
			continue
		}
		if t.Reason == "OOMKilled" {
			return fmt.Sprintf("OOMKilled: container %s needed more memory than its limit of %s", s.Name, memoryLimit(pod, s.Name))
		}
		return fmt.Sprintf("container %s ended with exit code %d%s", s.Name, t.ExitCode, exitInWords(t.ExitCode))
	}
	return ""
}

func memoryLimit(pod *corev1.Pod, container string) string {
	for _, c := range pod.Spec.Containers {
		if limit, ok := c.Resources.Limits[corev1.ResourceMemory]; ok && c.Name == container {
			return limit.String()
		}
	}
	return "the node"
}

// exitInWords explains exit codes that stand for signals.
func exitInWords(code int32) string {
	switch code {
	case 134:
		return ", which is an abort"
	case 137:
		return ", which is a kill"
	case 139:
		return ", which is a segmentation fault"
	case 143:
		return ", which is a request to stop"
	}
	return ""
}
