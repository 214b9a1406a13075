package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const (
	growthInterval = time.Second
	patienceGrowth = 20 * time.Second // the storage system tries again
	patienceMount  = 30 * time.Second // the kubelet grows the file system of a volume that is mounted
)

// AwaitSizes waits until volume claims have the size that they ask for. It ends early, with a *NotReadyError, where growing fails
// again and again. The claims that it returns have grown but for their file systems, which grow when a pod mounts them anew.
func (c *Cluster) AwaitSizes(ctx context.Context, claims []Ref, progress func(line string)) (unmounted []Ref, err error) {
	since := map[Ref]time.Time{}
	said := map[Ref]string{}
	for {
		var left []Ref
		for _, ref := range claims {
			live, err := c.Get(ctx, ref)
			if err != nil {
				if _, again := passing(ctx, err); !again {
					return nil, err
				}
				left = append(left, ref)
				continue
			}
			g := growthOf(live)
			if g.done() {
				continue
			}
			if line := fmt.Sprintf("%s: has %s of %s%s", ref, &g.has, &g.wants, g.detour()); progress != nil && said[ref] != line {
				said[ref] = line
				progress(line)
			}
			patience := time.Duration(0)
			switch {
			case g.failure != "":
				patience = patienceGrowth
			case g.mount && !c.isMounted(ctx, ref):
				unmounted = append(unmounted, ref)
				continue
			case g.mount:
				patience = patienceMount
			default:
				delete(since, ref)
			}
			if patience > 0 && since[ref].IsZero() {
				since[ref] = time.Now()
			}
			switch over := patience > 0 && time.Since(since[ref]) > patience; {
			case over && g.failure != "":
				return nil, &NotReadyError{c.describeGrowth(ctx, live, g, g.failure)}
			case over:
				unmounted = append(unmounted, ref)
				continue
			}
			left = append(left, ref)
		}
		if len(left) == 0 {
			return unmounted, nil
		}
		claims = left
		if !sleep(ctx, growthInterval) {
			return nil, c.growthExpired(ctx, claims[0])
		}
	}
}

// growth is how far a volume claim has come.
type growth struct {
	wants, has resource.Quantity
	bound      bool
	mount      bool   // only the file system is left
	failure    string // what the storage system says that cannot grow it
	// former is a larger size that was asked for before and that the storage system is still busy with, zero where there is none.
	former resource.Quantity
}

// done tells whether there is nothing to wait for. A claim that has no volume yet gets one of the right size.
func (g growth) done() bool { return !g.bound || g.has.Cmp(g.wants) >= 0 }

// detour says what comes before the size that is asked for, "" where nothing does.
func (g growth) detour() string {
	if g.former.IsZero() {
		return ""
	}
	return fmt.Sprintf(", and the storage system still tries %s, which was asked for before; it may take minutes until it looks again", &g.former)
}

// growthOf reads a claim, which is nil when it is gone.
func growthOf(live *unstructured.Unstructured) growth {
	pvc := &corev1.PersistentVolumeClaim{}
	if live == nil || runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, pvc) != nil {
		return growth{}
	}
	g := growth{
		wants: pvc.Spec.Resources.Requests[corev1.ResourceStorage], has: pvc.Status.Capacity[corev1.ResourceStorage],
		bound: pvc.Status.Phase == corev1.ClaimBound,
	}
	for _, condition := range pvc.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case corev1.PersistentVolumeClaimFileSystemResizePending:
			g.mount = true
		case corev1.PersistentVolumeClaimControllerResizeError, corev1.PersistentVolumeClaimNodeResizeError:
			g.failure = condition.Message
		}
	}
	if state := pvc.Status.AllocatedResourceStatuses[corev1.ResourceStorage]; g.failure == "" &&
		(state == corev1.PersistentVolumeClaimControllerResizeInfeasible || state == corev1.PersistentVolumeClaimNodeResizeInfeasible) {
		g.failure = "the storage system cannot do it"
	}
	if busy := pvc.Status.AllocatedResources[corev1.ResourceStorage]; busy.Cmp(g.wants) > 0 {
		// What failed was that one.
		g.former, g.failure = busy, ""
	}
	return g
}

// isMounted tells whether a running pod has the claim's volume.
func (c *Cluster) isMounted(ctx context.Context, claim Ref) bool {
	pods, err := c.List(ctx, podGVK, claim.Namespace, "")
	if err != nil {
		// Without a look at the pods, the claim gets the time of one that is mounted.
		return true
	}
	return slices.ContainsFunc(pods, func(item unstructured.Unstructured) bool {
		pod := &corev1.Pod{}
		if runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, pod) != nil || pod.Status.Phase != corev1.PodRunning {
			return false
		}
		return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool {
			return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Name
		})
	})
}

func (c *Cluster) describeGrowth(ctx context.Context, live *unstructured.Unstructured, g growth, reason string) Diagnosis {
	ref := RefOf(live)
	var b strings.Builder
	fmt.Fprintf(&b, "It has %s and asks for %s: %s\n", &g.has, &g.wants, strings.TrimSpace(reason))
	writeEvents(&b, c.events(ctx, ref, live.GetUID()))
	fmt.Fprintf(&b, "\nCorrect what the message names and apply again: the storage system goes on trying. Or ask for a size that it can give, above %s.", &g.has)
	return Diagnosis{Summary: ref.String() + " does not grow", Detail: b.String()}
}

// growthExpired explains a claim that was still growing when the time was over.
func (c *Cluster) growthExpired(ctx context.Context, ref Ref) error {
	fresh, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	reason := "the timeout is over"
	if errors.Is(ctx.Err(), context.Canceled) {
		reason = "the apply was interrupted"
	}
	live, err := c.Get(fresh, ref)
	if err != nil || live == nil {
		return &NotReadyError{Diagnosis{Summary: ref.String() + " does not grow", Detail: "It could not be looked at, and " + reason + "."}}
	}
	g := growthOf(live)
	if g.failure != "" {
		reason = g.failure
	}
	return &NotReadyError{c.describeGrowth(fresh, live, g, reason+g.detour())}
}
