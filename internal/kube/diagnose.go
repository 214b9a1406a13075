package kube

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

var (
	podGVK   = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	eventGVK = schema.GroupVersionKind{Version: "v1", Kind: "Event"}
	claimGVK = schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"}
)

const (
	logTail      = 20
	eventTail    = 5
	crashesFatal = 3
)

// How long a state that can heal by itself may last before a wait gives up.
const (
	patienceConfig   = 20 * time.Second // what is missing may come with the same apply
	patiencePull     = 40 * time.Second // a registry may be away for a moment
	patienceSchedule = 60 * time.Second // other pods may go, or nodes come
)

// Diagnosis says why something is not ready and what to do.
type Diagnosis struct {
	Summary, Detail string
}

// finding is one reason why an object is not ready.
type finding struct {
	key    string // the same as long as the state is the same
	pod    *corev1.Pod
	reason string
	wayOut string
	// container is the one whose log tells more.
	container string
	previous  bool
	fatal     bool          // it cannot heal
	patience  time.Duration // after this it will not heal either; 0 is no judgement
}

// Explain says why an object is not ready now.
func (c *Cluster) Explain(ctx context.Context, ref Ref) Diagnosis {
	live, err := c.Get(ctx, ref)
	if err != nil || live == nil {
		return Diagnosis{Summary: ref.String() + " is not ready", Detail: "Its pods could not be looked at."}
	}
	f, err := c.findings(ctx, live)
	if err != nil {
		return Diagnosis{Summary: ref.String() + " is not ready", Detail: "Its pods could not be looked at: " + err.Error()}
	}
	return c.describe(ctx, live, f)
}

// findings looks at the object's own state and at those of its pods that are of its current revision: unready pods of an old one do
// not stand in the way of a repair.
func (c *Cluster) findings(ctx context.Context, live *unstructured.Unstructured) ([]finding, error) {
	pods, err := c.podsOf(ctx, live)
	if err != nil {
		return nil, err
	}
	var out []finding
	if held := c.suspended(ctx, live); held != nil {
		out = append(out, *held)
	}
	for _, pod := range pods {
		out = append(out, c.podFindings(ctx, pod)...)
	}
	out = append(out, c.waitingChildren(ctx, live, pods)...)
	if message := c.refusedPods(ctx, live, len(pods)); message != "" {
		out = append(out, finding{
			key: "create", patience: patienceConfig, reason: "its pods are refused: " + message,
			wayOut: "Raise the namespace's quota or lower the requests; or make the pods meet the namespace's policies.",
		})
	}
	return out, nil
}

// refusedPods is what the API server said to a controller that could not create its pods, "" where it could.
func (c *Cluster) refusedPods(ctx context.Context, live *unstructured.Unstructured, pods int) string {
	if live.GetKind() == "Deployment" {
		return conditionMessage(live, "ReplicaFailure")
	}
	replicas, ok, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
	if ok && int64(pods) >= replicas || !ok && pods > 0 {
		return ""
	}
	message := ""
	for _, e := range c.events(ctx, RefOf(live), live.GetUID()) {
		switch e.Reason {
		case "FailedCreate":
			message = e.Message
		case "SuccessfulCreate":
			message = ""
		}
	}
	return message
}

// conditionMessage is the message of a condition of the given type that is true, "" where there is none.
func conditionMessage(live *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, condition := range conditions {
		if m, ok := condition.(map[string]any); ok && m["type"] == kind && m["status"] == "True" {
			return fmt.Sprint(m["message"])
		}
	}
	return ""
}

// podsOf lists the pods of a workload's current revision.
func (c *Cluster) podsOf(ctx context.Context, live *unstructured.Unstructured) ([]*corev1.Pod, error) {
	selector, _, _ := unstructured.NestedStringMap(live.Object, "spec", "selector", "matchLabels")
	var list []unstructured.Unstructured
	switch {
	case live.GetKind() == "Pod":
		list = []unstructured.Unstructured{*live}
	case len(selector) == 0:
		return nil, nil
	default:
		var err error
		if list, err = c.List(ctx, podGVK, live.GetNamespace(), labels.SelectorFromSet(selector).String()); err != nil {
			return nil, err
		}
	}
	revision, _, _ := unstructured.NestedString(live.Object, "status", "updateRevision")
	var pods []*corev1.Pod
	for _, item := range list {
		pod := &corev1.Pod{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, pod); err != nil {
			return nil, err
		}
		if pod.DeletionTimestamp != nil {
			continue
		}
		if live.GetKind() == "StatefulSet" && revision != "" && pod.Labels["controller-revision-hash"] != revision {
			continue
		}
		pods = append(pods, pod)
	}
	if live.GetKind() == "Deployment" {
		pods = newestGeneration(pods)
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}

// newestGeneration keeps the pods of the ReplicaSet that was made last.
func newestGeneration(pods []*corev1.Pod) []*corev1.Pod {
	var newest *corev1.Pod
	for _, pod := range pods {
		if newest == nil || newest.CreationTimestamp.Before(&pod.CreationTimestamp) {
			newest = pod
		}
	}
	return slices.DeleteFunc(pods, func(pod *corev1.Pod) bool {
		return pod.Labels["pod-template-hash"] != newest.Labels["pod-template-hash"]
	})
}

// podFindings says what is wrong with a pod.
func (c *Cluster) podFindings(ctx context.Context, pod *corev1.Pod) []finding {
	switch {
	case pod.Status.Phase == corev1.PodSucceeded, isReady(pod):
		return nil
	case pod.Status.Phase == corev1.PodFailed && pod.Status.Reason != "":
		return []finding{{
			key: pod.Name + "/failed", pod: pod, reason: pod.Status.Reason + ": " + pod.Status.Message,
			wayOut: "Raise the limit that the message names, or give the node more room.",
		}}
	}
	if message := unscheduled(pod); message != "" {
		return []finding{c.unschedulable(ctx, pod, message)}
	}
	var out []finding
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if f, wrong := containerFinding(pod, s); wrong {
			out = append(out, f)
		}
	}
	if len(out) > 0 {
		return out
	}
	return []finding{c.starting(ctx, pod)}
}

// unscheduled is why the scheduler found no node for a pod, "" where it did, or has not looked yet.
func unscheduled(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return cmp.Or(condition.Message, condition.Reason)
		}
	}
	return ""
}

// unschedulable tells a volume that is not provided from a lack of room.
func (c *Cluster) unschedulable(ctx context.Context, pod *corev1.Pod, message string) finding {
	if f := c.grouped(ctx, pod, message); f != nil {
		return *f
	}
	f := finding{
		key: pod.Name + "/unschedulable", pod: pod, patience: patienceSchedule, reason: "no node takes it: " + message,
		wayOut: "Lower its requests, loosen node selector, affinity or tolerations, or add nodes.",
	}
	if len(pod.Spec.SchedulingGates) > 0 {
		// What gates it is waited for, however long that takes.
		f.patience, f.wayOut = 0, "Wait until what the gates stand for opens them."
		if held := c.queued(ctx, pod.Namespace, pod.UID); held != nil {
			f.reason, f.wayOut, f.patience = held.reason, held.wayOut, held.patience
		}
		return f
	}
	for _, e := range c.events(ctx, RefOf(podObject(pod)), pod.UID) {
		if e.Reason == "TriggeredScaleUp" || e.Reason == "Nominated" {
			// An autoscaler is adding a node, however long that takes.
			f.patience = 0
		}
	}
	for _, v := range pod.Spec.Volumes {
		var name string
		switch {
		case v.PersistentVolumeClaim != nil:
			name = v.PersistentVolumeClaim.ClaimName
		case v.Ephemeral != nil:
			name = pod.Name + "-" + v.Name
		default:
			continue
		}
		pvc, err := c.Get(ctx, Ref{GroupVersionKind: claimGVK, Namespace: pod.Namespace, Name: name})
		if err != nil {
			continue
		}
		if pvc == nil {
			f.key, f.patience = pod.Name+"/volume", patienceConfig
			f.reason = fmt.Sprintf("its volume claim %s does not exist", name)
			f.wayOut = "Create the PersistentVolumeClaim, or correct the reference to it."
			return f
		}
		if phase, _, _ := unstructured.NestedString(pvc.Object, "status", "phase"); phase == string(corev1.ClaimBound) {
			continue
		}
		for _, e := range c.events(ctx, RefOf(pvc), pvc.GetUID()) {
			if e.Type == corev1.EventTypeWarning || strings.Contains(e.Message, "no storage class is set") {
				f.key, f.patience = pod.Name+"/volume", patienceConfig
				f.reason = fmt.Sprintf("its volume %s is not provided: %s", name, e.Message)
				f.wayOut = "Name a StorageClass that exists (storage_class), or make one the cluster's default."
			}
		}
	}
	return f
}

// starting describes a pod that is on its way: what it waits for, and how its log ends. It gives no reason to give up, except for a
// volume that cannot be mounted because what it refers to does not exist.
func (c *Cluster) starting(ctx context.Context, pod *corev1.Pod) finding {
	f := finding{
		key: pod.Name + "/starting", pod: pod, reason: "it is starting",
		wayOut: "Give it more time (timeouts), or find out from its events and its log what it waits for.",
	}
	for _, s := range pod.Status.ContainerStatuses {
		if s.State.Running != nil && !s.Ready {
			f.container = s.Name
			f.reason = fmt.Sprintf("container %s runs, but is not ready", s.Name)
			return f
		}
	}
	for _, e := range c.events(ctx, RefOf(podObject(pod)), pod.UID) {
		if e.Reason != "FailedMount" && e.Reason != "FailedAttachVolume" && e.Reason != "FailedCreatePodSandBox" {
			continue
		}
		f.key, f.reason = pod.Name+"/mount", e.Reason+": "+strings.TrimSpace(e.Message)
		if e.Reason == "FailedMount" && (strings.Contains(e.Message, "not found") || strings.Contains(e.Message, "non-existent")) && !c.appeared(ctx, pod.Namespace, e.Message) {
			f.patience = patienceConfig
			f.wayOut = "Create the Secret or ConfigMap that the message names, or correct the reference to it."
		}
	}
	return f
}

// missingSource matches what the kubelet says of a volume whose ConfigMap or Secret does not exist.
var missingSource = regexp.MustCompile(`(configmap|secret) "([^"]+)" not found`)

// missingRef is the object that a volume could not be mounted for, by what the kubelet says of it.
func missingRef(namespace, message string) (ref Ref, ok bool) {
	found := missingSource.FindStringSubmatch(message)
	if found == nil {
		return Ref{}, false
	}
	kind := map[string]string{"configmap": "ConfigMap", "secret": "Secret"}[found[1]]
	return Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: kind}, Namespace: namespace, Name: found[2]}, true
}

// appeared reports whether what a volume could not be mounted for is there by now. The kubelet tries again then, but takes up to two
// minutes: an apply that repairs what was deleted makes the object before that.
func (c *Cluster) appeared(ctx context.Context, namespace, message string) bool {
	ref, ok := missingRef(namespace, message)
	if !ok {
		return false
	}
	live, err := c.Get(ctx, ref)
	return err == nil && live != nil
}

// podObject names a pod that was decoded without its kind.
func podObject(pod *corev1.Pod) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(podGVK)
	o.SetNamespace(pod.Namespace)
	o.SetName(pod.Name)
	return o
}

// pullRefused matches what a registry says that has no such image or does not give it: trying again does not help.
var pullRefused = regexp.MustCompile(`(?i)not found|manifest unknown|does not exist|denied|unauthorized|authorization failed|forbidden|no basic auth`)

// containerFinding says what is wrong with a container. A container that has not started yet, or is starting, is not wrong.
func containerFinding(pod *corev1.Pod, s corev1.ContainerStatus) (finding, bool) {
	f := finding{pod: pod, container: s.Name}
	if t := s.State.Terminated; t != nil && t.ExitCode != 0 {
		f.key = pod.Name + "/" + s.Name + "/terminated"
		f.reason = fmt.Sprintf("container %s ended with exit code %d (%s) %s", s.Name, t.ExitCode, t.Reason, t.Message)
		f.wayOut = crashWayOut(t)
		f.fatal = s.RestartCount >= crashesFatal
		return f, true
	}
	w := s.State.Waiting
	if w == nil {
		return finding{}, false
	}
	f.key = pod.Name + "/" + s.Name + "/" + w.Reason
	f.reason = fmt.Sprintf("container %s: %s: %s", s.Name, w.Reason, w.Message)
	switch w.Reason {
	case "InvalidImageName":
		f.fatal, f.wayOut = true, "Correct the image's name."
	case "ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff":
		// The two states alternate, and only the first tells the cause everywhere.
		f.key = pod.Name + "/" + s.Name + "/pull"
		f.fatal, f.patience = pullRefused.MatchString(w.Message) || w.Reason == "ErrImageNeverPull", patiencePull
		f.wayOut = "Correct the image's name and tag, or give image pull secrets or a registry mirror that has it."
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		f.key = pod.Name + "/" + s.Name + "/create"
		f.patience = patienceConfig
		f.wayOut = "Create the Secret or ConfigMap key that the message names, or correct the reference to it."
	case "CrashLoopBackOff":
		f.fatal, f.previous = s.RestartCount >= crashesFatal, true
		f.wayOut = crashWayOut(s.LastTerminationState.Terminated)
		if last := s.LastTerminationState.Terminated; last != nil {
			f.reason += fmt.Sprintf(" (last exit code %d, %s)", last.ExitCode, last.Reason)
		}
	default:
		return finding{}, false
	}
	return f, true
}

func crashWayOut(last *corev1.ContainerStateTerminated) string {
	if last != nil && last.Reason == "OOMKilled" {
		return "It needs more memory than its limit: raise resources.limits.memory."
	}
	return "The program ends by itself; its log above says why. Correct the configuration and apply again."
}

// describe puts findings, events and the last log lines into words.
func (c *Cluster) describe(ctx context.Context, live *unstructured.Unstructured, findings []finding) Diagnosis {
	ref := RefOf(live)
	d := Diagnosis{Summary: ref.String() + " does not become ready"}
	var b strings.Builder
	if len(findings) == 0 {
		fmt.Fprintf(&b, "No pod of %s tells a reason; its pods may still be starting.\n", ref)
		writeEvents(&b, c.events(ctx, ref, live.GetUID()))
		d.Detail = b.String()
		return d
	}
	slices.SortStableFunc(findings, func(x, y finding) int { return rank(y) - rank(x) })
	first := findings[0]
	if first.pod == nil {
		fmt.Fprintf(&b, "%s: %s\n", ref, first.reason)
		writeEvents(&b, c.events(ctx, ref, live.GetUID()))
	} else {
		fmt.Fprintf(&b, "Pod %s: %s\n", first.pod.Name, first.reason)
		writeEvents(&b, c.events(ctx, RefOf(podObject(first.pod)), first.pod.UID))
		c.writeLog(ctx, &b, first)
		c.writeChildren(ctx, &b, live)
	}
	if more := len(findings) - 1; more > 0 {
		fmt.Fprintf(&b, "\n%d more containers or pods are not ready.\n", more)
	}
	fmt.Fprintf(&b, "\n%s", first.wayOut)
	d.Detail = b.String()
	return d
}

func rank(f finding) int {
	switch {
	case f.fatal:
		return 2
	case f.patience > 0:
		return 1
	default:
		return 0
	}
}

func (c *Cluster) writeLog(ctx context.Context, b *strings.Builder, f finding) {
	if f.container == "" {
		return
	}
	log, err := c.Logs(ctx, f.pod.Namespace, f.pod.Name, f.container, causeTail, f.previous)
	if err != nil || strings.TrimSpace(log) == "" {
		return
	}
	lines, found := logCause(log)
	if found {
		fmt.Fprintf(b, "\nLog of container %s from its last exception on:\n", f.container)
	} else {
		lines = logEnd(log, logTail)
		fmt.Fprintf(b, "\nLast log lines of container %s:\n", f.container)
	}
	writeLines(b, c.WithoutSecrets(ctx, f.pod, strings.Join(lines, "\n")))
}

func writeLines(b *strings.Builder, text string) {
	for line := range strings.Lines(text) {
		b.WriteString("  " + strings.TrimRight(line, "\n") + "\n")
	}
}

func writeEvents(b *strings.Builder, events []corev1.Event) {
	if len(events) == 0 {
		return
	}
	b.WriteString("\nLast events:\n")
	for _, e := range events[max(0, len(events)-eventTail):] {
		fmt.Fprintf(b, "  %s %s (%d times): %s\n", e.Type, e.Reason, max(1, e.Count), strings.TrimSpace(e.Message))
	}
}

// events of one object, oldest first; none where they may not be read. A pod's name may have belonged to others before it.
func (c *Cluster) events(ctx context.Context, ref Ref, uid types.UID) []corev1.Event {
	list, err := c.dynamicFor(eventGVK, ref.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.kind": ref.Kind, "involvedObject.name": ref.Name}.String(),
	})
	if err != nil {
		return nil
	}
	var out []corev1.Event
	for _, item := range list.Items {
		e := corev1.Event{}
		if runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &e) != nil {
			continue
		}
		if o := e.InvolvedObject; o.Kind == ref.Kind && o.Name == ref.Name && (uid == "" || o.UID == "" || o.UID == uid) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b corev1.Event) int { return eventTime(a).Compare(eventTime(b)) })
	return out
}

// eventTime is when an event was last seen, whichever of its fields says so.
func eventTime(e corev1.Event) time.Time {
	switch {
	case e.Series != nil:
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	default:
		return e.CreationTimestamp.Time
	}
}
