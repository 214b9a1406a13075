package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// Delete takes the resource away. Volumes and generated credentials stay, unless
// deletion_policy says otherwise.
func (r *Resource[M]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	s := r.product.fullSchema(ctx)
	m, diags := r.decode(ctx, s, req.State.Raw)
	resp.Diagnostics.Append(diags...)
	memory, diags := readPrivate(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	c := commonOf(m)
	if isTrue(c.DeletionProtection) {
		resp.Diagnostics.AddError("The resource is protected from deletion", "Apply deletion_protection = false first.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout(c.timeouts().Delete, defaultDeleteTimeout))
	defer cancel()
	r.settings.applying.Store(true)
	cluster, diags := r.connect()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	identity, gone, err := identityOrGone(ctx, cluster)
	switch {
	case gone:
		resp.Diagnostics.AddWarning("The cluster is gone", fmt.Sprintf("%s was only forgotten, since nobody is at the cluster's address: %v.\n\nShould the cluster "+
			"come back, all objects are still in it: import the resource with the id %q to have it again.", *c.ID, err, *c.ID))
		return
	case err != nil:
		resp.Diagnostics.Append(clusterProblem(err))
		return
	}
	same, err := sameCluster(cluster, c.Cluster, memory, identity)
	if err != nil {
		resp.Diagnostics.Append(clusterProblem(err))
		return
	}
	if !same {
		if !isTrue(c.AllowClusterChange) {
			resp.Diagnostics.Append(otherCluster(*c.ID, *c.Cluster, identity))
			return
		}
		resp.Diagnostics.AddWarning("The cluster was replaced", *c.ID+" was only forgotten: it is in another cluster than this.")
		return
	}
	if memory == nil {
		if memory, err = r.remembered(ctx, cluster, *c.ID); err != nil {
			resp.Diagnostics.Append(clusterProblem(err))
			return
		}
		if memory == nil {
			resp.Diagnostics.AddWarning("The resource was only forgotten", fmt.Sprintf("%s has no private state, and its claim is not in the cluster, so "+
				"that the provider does not know which objects were its own. Those that are left have the labels %s.", *c.ID,
				labels.SelectorFromSet(InstanceLabels(r.product.Name, c.Name))))
			return
		}
	}
	claim := r.claimOf(cluster, c.namespaceInState(), c.Name)
	// It may be created again by this very process.
	defer claims.Delete(claimKey{identity, claim.ref})
	d := deletion{
		cluster: cluster, memory: memory, claim: claim,
		everything: c.deletesAll(),
		selector:   labels.SelectorFromSet(InstanceLabels(r.product.Name, c.Name)).String(),
	}
	resp.Diagnostics.Append(d.run(ctx)...)
}

// deletion is one destroy.
type deletion struct {
	cluster    *kube.Cluster
	memory     *private
	claim      *claim
	everything bool
	selector   string
	// inhabited are the Namespaces that stay, since others live in them.
	inhabited map[string]bool
}

func (d *deletion) run(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	if err := d.claim.read(ctx); err != nil {
		diags.Append(problem("Claim", d.claim.ref, err))
		return diags
	}
	if d.claim.live != nil && d.claim.owner() != d.memory.Owner {
		diags.AddWarning("Nothing was deleted", fmt.Sprintf("%s belongs to %s by now.", d.claim.ref, ownerOf(d.claim.live)))
		return diags
	}
	if err := d.claim.recall(d.memory); err != nil {
		diags.Append(problem("Claim", d.claim.ref, err))
		return diags
	}
	if diags.Append(d.keepNamespaces(ctx)...); diags.HasError() {
		return diags
	}
	volumes, err := d.volumes(ctx)
	if err != nil {
		diags.AddError("The volumes could not be listed", kube.Classify(err).Detail)
		return diags
	}
	var kept []string
	var strays []*record
	deleted := map[kube.Ref]types.UID{}
	going := map[string]*record{}
	for _, rec := range d.memory.Strays {
		if d.keeps(rec) {
			strays = append(strays, rec)
		} else {
			going[rec.ref().String()] = rec
		}
	}
	diags.Append(d.removeAll(ctx, going, deleted)...)
	// What serves goes first, what it refers to last.
	for stage := StageLast; stage >= StageNamespace; stage-- {
		clear(going)
		for _, key := range slices.Sorted(maps.Keys(d.memory.Records)) {
			switch rec := d.memory.Records[key]; {
			case rec.Remote || rec.Stage != stage:
			case d.keeps(rec):
				kept = append(kept, key)
			default:
				going[key] = rec
			}
		}
		if diags.Append(d.removeAll(ctx, going, deleted)...); diags.HasError() {
			return diags
		}
	}
	for ref, uid := range deleted {
		if err := d.cluster.WaitGone(ctx, ref, uid); err != nil {
			diags.Append(problem("Destroy", ref, err))
			return diags
		}
	}
	if err := d.awaitPods(ctx); err != nil {
		diags.AddError("The pods did not end", err.Error())
		return diags
	}
	// A volume that was an object of the resource, and no lasting one, is gone.
	volumes = slices.DeleteFunc(volumes, func(ref kube.Ref) bool { return deleted[ref] != "" })
	diags.Append(d.releaseOrDelete(ctx, volumes, kept, strays)...)
	return diags
}

// removeAll deletes objects, several at once, and notes those that go in deleted. The keys are what diagnostics call them.
func (d *deletion) removeAll(ctx context.Context, objects map[string]*record, deleted map[kube.Ref]types.UID) diag.Diagnostics {
	var mu sync.Mutex
	var diags diag.Diagnostics
	var group errgroup.Group
	group.SetLimit(parallel)
	for key, rec := range objects {
		group.Go(func() error {
			goes, more := remove(ctx, d.cluster, key, rec, d.memory.Owner)
			mu.Lock()
			defer mu.Unlock()
			diags.Append(more...)
			if goes != "" {
				deleted[rec.ref()] = goes
			}
			return nil
		})
	}
	// What went wrong is in the diagnostics.
	_ = group.Wait()
	return diags
}

// volumes lists the claims that the resource's StatefulSets have made: those of
// their replicas, and, by the labels that these give them, those of replicas or
// StatefulSets that are gone already.
func (d *deletion) volumes(ctx context.Context) ([]kube.Ref, error) {
	found := map[kube.Ref]bool{}
	for _, rec := range d.memory.Records {
		if rec.Kind != "StatefulSet" {
			continue
		}
		live, err := d.cluster.Get(ctx, rec.ref())
		if err != nil {
			return nil, err
		}
		if live == nil {
			continue
		}
		for _, c := range claimsOf(live) {
			found[c.Ref] = true
		}
	}
	labelled, err := d.cluster.List(ctx, claimKind, d.claim.ref.Namespace, d.selector)
	if err != nil && kube.Classify(err).Verdict != kube.Note {
		return nil, err
	}
	for _, pvc := range labelled {
		found[kube.RefOf(&pvc)] = true
	}
	out := slices.Collect(maps.Keys(found))
	slices.SortFunc(out, func(a, b kube.Ref) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// awaitPods waits until no pod of the resource is left, so that its volumes are
// free.
func (d *deletion) awaitPods(ctx context.Context) error {
	for {
		pods, err := d.cluster.List(ctx, podKind, d.claim.ref.Namespace, d.selector)
		if err != nil {
			return err
		}
		pods = slices.DeleteFunc(pods, func(pod unstructured.Unstructured) bool { return d.stays(ctx, &pod) })
		if len(pods) == 0 {
			return nil
		}
		tflog.Info(ctx, "Waiting for pods to end.", map[string]any{"pods": len(pods)})
		if err := pause(ctx, gateInterval/2); err != nil {
			return fmt.Errorf("%d pods are left, for instance %s: %w", len(pods), pods[0].GetName(), err)
		}
	}
}

// stays reports whether a pod has ended and nothing takes it away: that of a Job which
// somebody made from a template of the resource. It holds no volume.
func (d *deletion) stays(ctx context.Context, pod *unstructured.Unstructured) bool {
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	if phase != string(corev1.PodSucceeded) && phase != string(corev1.PodFailed) {
		return false
	}
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return true
	}
	live, err := d.cluster.Get(ctx, kube.Ref{
		GroupVersionKind: schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind), Namespace: pod.GetNamespace(), Name: owner.Name,
	})
	return err == nil && live != nil && live.GetUID() == owner.UID && live.GetDeletionTimestamp() == nil
}

// releaseOrDelete keeps the volumes and leaves a claim that lets the next
// resource of this name take them over, or deletes both.
func (d *deletion) releaseOrDelete(ctx context.Context, volumes []kube.Ref, kept []string, strays []*record) diag.Diagnostics {
	var diags diag.Diagnostics
	if d.everything {
		for _, ref := range volumes {
			if err := d.cluster.Delete(ctx, ref, kube.DeleteOptions{}); err != nil {
				diags.Append(problem("Destroy", ref, err))
			}
		}
		// A pod of the next resource of this name must not find one that is going.
		for _, ref := range volumes {
			if diags.HasError() {
				break
			}
			if err := d.cluster.WaitGone(ctx, ref, ""); err != nil {
				diags.Append(problem("Destroy", ref, err))
			}
		}
	}
	if diags.HasError() {
		return diags
	}
	var left []*record
	for _, rec := range strays {
		live, err := d.cluster.Get(ctx, rec.ref())
		if err != nil {
			diags.Append(problem("Destroy", rec.ref(), err))
			return diags
		}
		if live != nil {
			left = append(left, rec)
		}
	}
	remaining := map[string]*record{}
	for _, key := range kept {
		live, err := d.cluster.Get(ctx, d.memory.Records[key].ref())
		if err != nil {
			diags.Append(problem(key, d.memory.Records[key].ref(), err))
			return diags
		}
		if live != nil {
			remaining[key] = d.memory.Records[key]
		}
	}
	if d.everything || len(remaining) == 0 && len(volumes) == 0 && len(left) == 0 {
		if err := d.cluster.Delete(ctx, d.claim.ref, kube.DeleteOptions{}); err != nil {
			diags.Append(problem("Claim", d.claim.ref, err))
		}
		return diags
	}
	// What was kept once and is gone must be remembered too: a new credential would
	// not open the volumes that are left.
	for _, key := range kept {
		remaining[key] = d.memory.Records[key]
	}
	released := *d.memory
	released.Records, released.Baseline, released.Strays, released.Incomplete = remaining, nil, left, false
	if err := d.claim.write(ctx, phaseReleased, []byte("null"), &released); err != nil && !kube.IsNamespaceGone(err) {
		diags.Append(problem("Claim", d.claim.ref, err))
	}
	return diags
}
