package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// diagnoseInterval is how often the pods of what is not ready are looked at.
const diagnoseInterval = 3 * time.Second

// WaitRequest says what to wait for.
type WaitRequest struct {
	Objects []Ref
	// Progress gets a line whenever what is waited for changes. It may be nil.
	Progress func(line string)
}

// NotReadyError is a wait that ended before everything was ready.
type NotReadyError struct {
	Diagnosis Diagnosis
}

// Error is the summary; the diagnosis has the rest.
func (e *NotReadyError) Error() string { return e.Diagnosis.Summary + "\n\n" + e.Diagnosis.Detail }

// Wait returns when all objects are current. It ends early, with a *NotReadyError, when one cannot become so by itself, and
// likewise when the context ends.
func (c *Cluster) Wait(ctx context.Context, req WaitRequest) error {
	w := &waiter{
		Cluster: c, req: req, changed: make(chan struct{}, 1), prognosis: c.Prognosis(req.Progress),
		started: map[string]time.Time{}, seen: map[Ref]*unstructured.Unstructured{},
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	following := false
	ticker := time.NewTicker(diagnoseInterval)
	defer ticker.Stop()
	for {
		waiting, message, err := w.check(ctx)
		if err != nil {
			return err
		}
		if waiting == nil {
			return nil
		}
		w.progress(message)
		if !following {
			following = true
			for _, ref := range req.Objects {
				go w.follow(watching, ref)
			}
		}
		select {
		case <-ctx.Done():
			return w.expired(ctx, *waiting, message)
		case <-w.changed:
		case <-ticker.C:
			if err := w.prognosis.Check(ctx, req.Objects...); err != nil {
				return err
			}
			// A watch can have come to a standstill without an end.
			w.note(*waiting, nil)
		}
	}
}

// waiter is one wait.
type waiter struct {
	*Cluster
	req       WaitRequest
	changed   chan struct{}
	last      string
	prognosis *Prognosis
	// started has when each run of a container without a readiness probe was seen first.
	started map[string]time.Time

	mu sync.Mutex
	// seen has the objects whose changes are followed, as they are now.
	seen map[Ref]*unstructured.Unstructured
}

// follow keeps seen up to date, and signals every change of an object, until the context ends.
func (w *waiter) follow(ctx context.Context, ref Ref) {
	for ctx.Err() == nil {
		w.watch(ctx, ref)
		w.note(ref, nil)
		w.signal()
		sleep(ctx, time.Second)
	}
}

// watch follows an object from what it is now until the watch ends, or the object is gone.
func (w *waiter) watch(ctx context.Context, ref Ref) {
	live, err := w.Get(ctx, ref)
	if err != nil || live == nil {
		return // check finds the same, and knows what it means
	}
	watcher, err := w.dynamicFor(ref.GroupVersionKind, ref.Namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector(metav1.ObjectNameField, ref.Name).String(),
		ResourceVersion: live.GetResourceVersion(),
	})
	if err != nil {
		return // without the right to watch, the ticker of Wait has to do
	}
	defer watcher.Stop()
	w.note(ref, live)
	w.signal()
	for event := range watcher.ResultChan() {
		now, isObject := event.Object.(*unstructured.Unstructured)
		if !isObject || event.Type != watch.Added && event.Type != watch.Modified {
			return
		}
		w.note(ref, now)
		w.signal()
	}
}

func (w *waiter) note(ref Ref, live *unstructured.Unstructured) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[ref] = live
}

// now is an object as it is: as it is followed, else as the server says.
func (w *waiter) now(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	w.mu.Lock()
	live := w.seen[ref]
	w.mu.Unlock()
	if live != nil {
		return live, nil
	}
	return w.Get(ctx, ref)
}

// signal has Wait look again.
func (w *waiter) signal() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *waiter) progress(message string) {
	if message == w.last || w.req.Progress == nil {
		return
	}
	w.last = message
	w.req.Progress(message)
}

// check returns the first object that is not current, and why.
func (w *waiter) check(ctx context.Context) (*Ref, string, error) {
	for _, ref := range w.req.Objects {
		live, err := w.now(ctx, ref)
		switch {
		case err != nil:
			reason, again := passing(ctx, err)
			if !again {
				return nil, "", err
			}
			return &ref, ref.String() + ": " + reason, nil
		case live == nil:
			// What was deleted while it was waited for is no success.
			return nil, "", &NotReadyError{Diagnosis{
				Summary: ref.String() + " was deleted while it was waited for",
				Detail:  "Somebody or something else deleted it, for instance a TTL or another tool. Apply again.",
			}}
		}
		ready, message, err := readiness(live)
		if err != nil {
			return nil, "", w.failed(ctx, ref, err)
		}
		if ready {
			message = w.unsettled(ctx, live)
		}
		if !ready || message != "" {
			return &ref, ref.String() + ": " + message, nil
		}
	}
	return nil, "", nil
}

// passing tells an error that a wait outlasts: it has time left, and what is waited for goes on without the API server.
func passing(ctx context.Context, err error) (reason string, again bool) {
	if ctx.Err() != nil {
		return "the API server did not answer in time", true
	}
	p := Classify(err)
	return p.Summary, p.Verdict == Transient
}

// settle is how long a container without a readiness probe has to run before it counts as ready. Kubernetes calls it ready when it
// starts, which one in a crash loop does again and again.
const settle = 5 * time.Second

// unsettled says which container of a workload that is ready has not proven yet that it goes on, "" where there is none.
func (w *waiter) unsettled(ctx context.Context, live *unstructured.Unstructured) string {
	if !withoutProbe(live) {
		return ""
	}
	pods, err := w.podsOf(ctx, live)
	if err != nil {
		// Without the right to look at pods, Kubernetes' own word has to do.
		return ""
	}
	for _, pod := range pods {
		for _, s := range pod.Status.ContainerStatuses {
			if hasReadinessProbe(pod, s.Name) {
				continue
			}
			if s.State.Running == nil {
				return fmt.Sprintf("container %s of Pod %s does not run", s.Name, pod.Name)
			}
			if rest := w.restOf(pod, s); rest > 0 {
				time.AfterFunc(rest, w.signal)
				return fmt.Sprintf("container %s of Pod %s has just started", s.Name, pod.Name)
			}
		}
	}
	return ""
}

// restOf is how long a run of a container has to go on. Clocks that differ cost no more than the whole time.
func (w *waiter) restOf(pod *corev1.Pod, s corev1.ContainerStatus) time.Duration {
	key := fmt.Sprintf("%s/%s/%d", pod.UID, s.Name, s.RestartCount)
	if _, seen := w.started[key]; !seen {
		w.started[key] = time.Now()
	}
	return settle - max(time.Since(w.started[key]), time.Since(s.State.Running.StartedAt.Time))
}

// withoutProbe tells whether a workload that restarts its containers has one without a readiness probe.
func withoutProbe(live *unstructured.Unstructured) bool {
	switch live.GetKind() {
	case "Deployment", "StatefulSet", "DaemonSet":
	default:
		return false
	}
	containers, _, _ := unstructured.NestedSlice(live.Object, "spec", "template", "spec", "containers")
	return slices.ContainsFunc(containers, func(c any) bool {
		m, ok := c.(map[string]any)
		return ok && m["readinessProbe"] == nil
	})
}

func hasReadinessProbe(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool {
		return c.Name == container && c.ReadinessProbe != nil
	})
}

// errFailed is the state of an object that will not become ready.
var errFailed = errors.New("failed")

// readiness is kstatus, except for what it does not know.
func readiness(live *unstructured.Unstructured) (bool, string, error) {
	if live.GetKind() == "StatefulSet" {
		if strategy, _, _ := unstructured.NestedString(live.Object, "spec", "updateStrategy", "type"); strategy == "OnDelete" {
			// kstatus takes every replica for current without a look at its revision.
			return statefulSetReadiness(live)
		}
	}
	if isSuspended(live) {
		return false, "the Job is suspended", nil
	}
	result, err := status.Compute(live)
	if err != nil {
		return false, "", fmt.Errorf("%w: %w", errFailed, err)
	}
	if live.GetKind() == "Deployment" && result.Status == status.FailedStatus {
		// Its progress deadline is over, which ends nothing: it goes on as soon as its pods can.
		return false, result.Message, nil
	}
	if live.GetKind() == "Job" && result.Status == status.CurrentStatus {
		return jobReadiness(live)
	}
	switch result.Status {
	case status.CurrentStatus:
		return true, "", nil
	case status.FailedStatus:
		return false, result.Message, fmt.Errorf("%w: %s", errFailed, result.Message)
	default:
		return false, result.Message, nil
	}
}

func statefulSetReadiness(live *unstructured.Unstructured) (bool, string, error) {
	number := func(fields ...string) int64 {
		n, _, _ := unstructured.NestedInt64(live.Object, fields...)
		return n
	}
	replicas, ok, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
	if !ok {
		replicas = 1
	}
	if number("status", "observedGeneration") < live.GetGeneration() {
		return false, "the controller has not seen the change yet", nil
	}
	if ready := number("status", "readyReplicas"); ready < replicas {
		return false, fmt.Sprintf("%d of %d pods are ready", ready, replicas), nil
	}
	if updated := number("status", "updatedReplicas"); updated < replicas {
		return false, fmt.Sprintf("%d of %d pods are updated", updated, replicas), nil
	}
	return true, "", nil
}

// jobReadiness asks for completion: kstatus calls a Job current as soon as it runs.
func jobReadiness(live *unstructured.Unstructured) (bool, string, error) {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, condition := range conditions {
		m, ok := condition.(map[string]any)
		if !ok || m["status"] != "True" {
			continue
		}
		switch m["type"] {
		case "Complete":
			return true, "", nil
		case "Failed":
			return false, "", fmt.Errorf("%w: %v", errFailed, m["message"])
		}
	}
	return false, "the Job is running", nil
}

// failed explains an object that will not become ready.
func (w *waiter) failed(ctx context.Context, ref Ref, cause error) error {
	d := w.Explain(ctx, ref)
	d.Summary = ref.String() + " failed"
	d.Detail = cause.Error() + "\n\n" + d.Detail
	return &NotReadyError{d}
}

// expired explains what was not ready when the time was over.
func (w *waiter) expired(ctx context.Context, ref Ref, message string) error {
	// The wait's own time is over; the explanation gets some of its own.
	fresh, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	d := w.Explain(fresh, ref)
	reason := "The timeout is over"
	if errors.Is(ctx.Err(), context.Canceled) {
		reason = "The apply was interrupted"
	}
	d.Summary = ref.String() + " is not ready"
	d.Detail = fmt.Sprintf("%s. Last seen: %s.\n\n%s", reason, message, d.Detail)
	return &NotReadyError{d}
}
