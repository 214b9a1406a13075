package workload

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

const (
	revisionLabel = "controller-revision-hash"
	gateInterval  = time.Second
	gateTimeout   = 10 * time.Second
	// settleLooks is how often a gate that is open is asked again until it has settled.
	settleLooks = 4
	// podLooks is how often a pod is looked at before it is asked why it takes so long.
	podLooks = 3
)

// rollOut restarts the pods of a StatefulSet with update strategy OnDelete that
// are not of its current revision: all at once where what differs between the
// old pods and the template demands it, else one by one. It looks at the live
// pods, so that a rollout which was interrupted is completed by the next apply.
func (a *application[M]) rollOut(ctx context.Context, t *thing) error {
	ref := kube.RefOf(t.manifest)
	live, err := a.settled(ctx, ref)
	if err != nil {
		return err
	}
	target, _, _ := unstructured.NestedString(live.Object, "status", "updateRevision")
	pods, err := podsOf(ctx, a.cluster, live)
	if err != nil {
		return err
	}
	var old []unstructured.Unstructured
	for _, pod := range pods {
		if pod.GetLabels()[revisionLabel] != target && pod.GetDeletionTimestamp() == nil {
			old = append(old, pod)
		}
	}
	if len(old) == 0 {
		return nil
	}
	slices.SortFunc(old, func(x, y unstructured.Unstructured) int { return strings.Compare(y.GetName(), x.GetName()) })
	if together(t, live, old) {
		tflog.Info(ctx, "Restarting all pods at once.", map[string]any{"object": ref.String(), "pods": len(old)})
		for _, pod := range old {
			if err := a.restart(ctx, &pod); err != nil {
				return err
			}
		}
		return nil
	}
	for i, pod := range old {
		if t.Rollout.Gate != nil && podReady(&pod) {
			if err := a.awaitGate(ctx, t, *t.Rollout.Gate, t.Rollout.Settle); err != nil {
				return err
			}
		}
		tflog.Info(ctx, "Restarting a pod.", map[string]any{"pod": pod.GetName(), "number": i + 1, "of": len(old)})
		if err := a.restart(ctx, &pod); err != nil {
			return err
		}
		if err := a.awaitPod(ctx, ref, kube.RefOf(&pod), target); err != nil {
			return err
		}
	}
	return nil
}

// settled waits until the controller has seen the StatefulSet's last change.
func (a *application[M]) settled(ctx context.Context, ref kube.Ref) (*unstructured.Unstructured, error) {
	for {
		live, err := a.cluster.Get(ctx, ref)
		if err != nil {
			return nil, err
		}
		if live == nil {
			return nil, fmt.Errorf("%s was deleted while it was waited for", ref)
		}
		observed, _, _ := unstructured.NestedInt64(live.Object, "status", "observedGeneration")
		if observed >= live.GetGeneration() {
			return live, nil
		}
		if err := pause(ctx, gateInterval/4); err != nil {
			return nil, fmt.Errorf("the StatefulSet controller has not seen %s: %w", ref, err)
		}
	}
}

// together reports whether the difference between the old pods and the template
// needs all to restart at once.
func together(t *thing, live *unstructured.Unstructured, old []unstructured.Unstructured) bool {
	if t.Rollout.Together == nil {
		return false
	}
	template, _, _ := unstructured.NestedMap(live.Object, "spec", "template")
	want := podLeaves(template)
	for _, pod := range old {
		have := podLeaves(pod.Object)
		for path := range merged(want, have) {
			if want[path] != have[path] && t.Rollout.Together("spec.template."+path) {
				return true
			}
		}
	}
	return false
}

// podLeaves flattens the metadata and spec of a pod or a template.
func podLeaves(object map[string]any) map[string]string {
	pod := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod"}}
	if spec, ok := object["spec"]; ok {
		pod.Object["spec"] = spec
	}
	if annotations, ok, _ := unstructured.NestedMap(object, "metadata", "annotations"); ok {
		pod.Object["metadata"] = map[string]any{"annotations": annotations}
	}
	return kube.Flatten(pod)
}

func (a *application[M]) restart(ctx context.Context, pod *unstructured.Unstructured) error {
	return a.cluster.Delete(ctx, kube.RefOf(pod), kube.DeleteOptions{UID: pod.GetUID()})
}

// awaitPod waits until a pod of the StatefulSet is there in the target revision and ready.
func (a *application[M]) awaitPod(ctx context.Context, statefulSet, ref kube.Ref, target string) error {
	prognosis := a.cluster.Prognosis(func(line string) { tflog.Info(ctx, line) })
	for n := 1; ; n++ {
		pod, err := a.cluster.Get(ctx, ref)
		if err != nil && kube.Classify(err).Verdict != kube.Transient {
			return err
		}
		if pod != nil && pod.GetLabels()[revisionLabel] == target && podReady(pod) {
			return nil
		}
		if n%podLooks == 0 {
			if err := prognosis.Check(ctx, statefulSet); err != nil {
				return err
			}
		}
		if err := pause(ctx, gateInterval); err != nil {
			d := a.cluster.Explain(context.WithoutCancel(ctx), statefulSet)
			return &kube.NotReadyError{Diagnosis: d}
		}
	}
}

// awaitGate waits until the gate has been open for as long as settle.
func (a *application[M]) awaitGate(ctx context.Context, t *thing, gate HTTPGate, settle time.Duration) error {
	said := ""
	var opened time.Time
	for {
		reason := a.ask(ctx, t, gate)
		interval := gateInterval
		switch {
		case reason != nil:
			opened = time.Time{}
			if reason.Error() != said {
				said = reason.Error()
				tflog.Info(ctx, "Waiting until "+gate.Description+".", map[string]any{"reason": said})
			}
		case opened.IsZero() && settle > 0:
			opened = time.Now()
			tflog.Info(ctx, "Waiting whether it stays so that "+gate.Description+".", map[string]any{"seconds": settle.Seconds()})
			fallthrough
		case time.Since(opened) < settle:
			interval = settle / settleLooks
		default:
			return nil
		}
		if err := pause(ctx, interval); err != nil {
			if reason == nil {
				reason = err
			}
			return fmt.Errorf("waited in vain until %s: %w", gate.Description, reason)
		}
	}
}

// ask sends the gate's request to all ready pods of the StatefulSet and its peers.
func (a *application[M]) ask(ctx context.Context, t *thing, gate HTTPGate) error {
	ctx, cancel := context.WithTimeout(ctx, gateTimeout)
	defer cancel()
	keys := t.Rollout.Peers
	if len(keys) == 0 {
		keys = []string{t.Key}
	}
	var ready []unstructured.Unstructured
	r := &reach{cluster: a.cluster, records: a.records, namespace: a.env.Namespace}
	for _, key := range keys {
		live, err := r.live(ctx, key)
		if err != nil {
			return err
		}
		pods, err := podsOf(ctx, a.cluster, live)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if podReady(&pod) {
				ready = append(ready, pod)
			}
		}
	}
	if len(ready) == 0 {
		return fmt.Errorf("no pod of %s is ready", kube.RefOf(t.manifest))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, pod := range ready {
		group.Go(func() error {
			if err := a.askPod(ctx, &pod, gate); err != nil {
				return fmt.Errorf("%s: %w", pod.GetName(), err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (a *application[M]) askPod(ctx context.Context, pod *unstructured.Unstructured, gate HTTPGate) error {
	conn, err := a.cluster.Dial(ctx, pod.GetNamespace(), pod.GetName(), gate.Port)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to be sent
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	return probe(conn, gate)
}

// probe sends one request over a connection that port-forwarding opened.
func probe(conn net.Conn, gate HTTPGate) error {
	scheme := "http"
	if gate.TLS {
		scheme = "https"
		// The connection is authenticated by the API server, and the question
		// carries no secret; the certificate is for the Service's name.
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // see above
	}
	req, err := http.NewRequest(http.MethodGet, scheme+"://localhost"+gate.Path, nil)
	if err != nil {
		return err
	}
	req.Close = true
	if err := req.Write(conn); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only the status matters
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s answers %s", gate.Path, resp.Status)
	}
	return nil
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
