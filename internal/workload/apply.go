package workload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// parallel is how many requests of one stage are under way at once.
const parallel = 8

// application is one apply of one resource.
type application[M any] struct {
	*Resource[M]
	cluster *kube.Cluster
	model   *M
	env     Environment
	things  rendered
	// next is what objects shall hold; prior is what it held, nil on create.
	next, prior map[string]map[string]string
	memory      *private
	records     map[string]*record
	// was is what the state held, nil on create.
	was *M
	// full sends every object, not only those that changed.
	full bool
	// create is set when the resource is not in the state yet; left, when a claim
	// was there nevertheless.
	create, left bool
	claim        *claim

	mu      sync.Mutex
	applied map[string]bool
	// found has what was there just before the first stage, by key; nil for what is absent.
	found map[string]*unstructured.Unstructured
	// kept are objects that the configuration dropped and that stay nevertheless.
	kept []*record
	// growing are volume claims that do not have the size yet that they shall have.
	growing []kube.Ref
}

// run applies everything and waits for it. Its error says what went wrong; what
// was applied until then stands in a.applied.
func (a *application[M]) run(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	a.applied = map[string]bool{}
	changed := false
	if !a.create {
		// A creation has waited before it looked at what is there.
		if diags.Append(a.awaitNamespaces(ctx, a.things.byStage()[0])...); diags.HasError() {
			return diags
		}
	}
	if diags.Append(a.dropAutoscalers(ctx)...); diags.HasError() {
		return diags
	}
	for stage, things := range a.things.byStage() {
		if len(things) == 0 {
			continue
		}
		tflog.Info(ctx, "Applying a stage.", map[string]any{"resource": a.claim.ref.Name, "stage": Stage(stage) + StageNamespace, "objects": len(things)})
		sent, more := a.applyStage(ctx, things)
		diags.Append(more...)
		if diags.HasError() {
			return diags
		}
		a.found = nil // by the next stage, others may have made what was absent
		changed = changed || sent
		if !changed && !a.full {
			continue
		}
		diags.Append(a.waitFor(ctx, things)...)
		if diags.HasError() {
			return diags
		}
	}
	if err := a.awaitGrowth(ctx); err != nil {
		diags.Append(a.notReady(err)...)
		return diags
	}
	diags.Append(a.ungrown()...)
	diags.Append(a.applyRemote(ctx)...)
	if diags.HasError() {
		return diags
	}
	diags.Append(a.prune(ctx)...)
	return diags
}

// applyStage sends the objects of a stage that changed.
func (a *application[M]) applyStage(ctx context.Context, things []*thing) (sent bool, diags diag.Diagnostics) {
	var todo []*thing
	for _, t := range things {
		if a.full || a.changes(t.Key) || t.PerRun != "" && a.changes(t.PerRun) {
			todo = append(todo, t)
		} else {
			a.keep(t.Key)
		}
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, t := range todo {
		group.Go(func() error {
			more := a.applyThing(ctx, t)
			mu.Lock()
			defer mu.Unlock()
			diags.Append(more...)
			if more.HasError() {
				return errors.New(t.Key)
			}
			return nil
		})
	}
	// The errors are in the diagnostics; a cancelled sibling adds only noise.
	_ = group.Wait()
	return len(todo) > 0, withoutCancelled(diags)
}

// changes reports whether an object is to hold something else than it did.
func (a *application[M]) changes(key string) bool {
	return a.prior[key] == nil || !maps.Equal(a.next[key], a.prior[key])
}

// keep carries the record of an object that did not change over.
func (a *application[M]) keep(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.applied[key] = true
	a.records[key].inherit(a.memory.Records[key])
}

// applyThing sends one object, unless it belongs to somebody else.
func (a *application[M]) applyThing(ctx context.Context, t *thing) diag.Diagnostics {
	var diags diag.Diagnostics
	t.manifest.Object, _ = replaceRevisionsIn(t.manifest.Object, a.records).(map[string]any)
	labels := t.manifest.GetLabels()
	labels[ownerLabel] = a.memory.Owner
	t.manifest.SetLabels(labels)
	ref := kube.RefOf(t.manifest)
	live, known := a.found[t.Key]
	var err error
	if !known {
		live, err = a.cluster.Get(ctx, ref)
	}
	if err != nil {
		diags.Append(problem(t.Key, ref, err))
		return diags
	}
	if live != nil && live.GetLabels()[ownerLabel] != a.memory.Owner && !a.adopts(t) {
		diags.Append(foreign(t.Key, ref, live))
		return diags
	}
	if t.Data != nil {
		if err := a.copyValues(ctx, t); err != nil {
			diags.AddError("A credential cannot be copied", err.Error())
			return diags
		}
		if _, err := secretData(t, live, a.memory); err != nil {
			diags.AddError(missingCredential, err.Error())
			return diags
		}
	}
	job := cmp.Or(t.PerRun, t.Key)
	ran := a.records[job].hasRun(a.memory.Records[job])
	if ran && live == nil {
		// Whoever deleted it did not ask for another run.
		a.keep(t.Key)
		return diags
	}
	if t.manifest.GetKind() == jobKind {
		a.records[t.Key].Ran = ran
		t.manifest.SetAnnotations(merged(t.manifest.GetAnnotations(), map[string]string{runAnnotation: a.records[t.Key].RunKey}))
	}
	unbound, err := a.growClaims(ctx, t, live)
	if err != nil {
		diags.Append(problem(t.Key, ref, err))
		return diags
	}
	stays := false
	keep := a.leaveToOthers(t, live)
	switch {
	case t.PerRun != "":
		err = a.replacePerRun(ctx, t, live)
	case live != nil:
		if err = a.passReplicas(ctx, t, live); err == nil {
			stays, err = a.makeWay(ctx, t, live)
		}
	}
	if err != nil {
		diags.Append(problem(t.Key, ref, err))
		return diags
	}
	result, warnings, err := a.send(ctx, t, live, stays)
	if keep != nil && kube.Classify(err).Verdict == kube.Conflict {
		// They may have changed it once more since it was read.
		if now, getErr := a.cluster.Get(ctx, ref); getErr == nil && now != nil {
			keep = a.leaveToOthers(t, now)
			result, warnings, err = a.send(ctx, t, now, stays)
		}
	}
	for _, w := range warnings {
		diags.AddWarning("The API server warns about "+t.Key, w)
	}
	if p := kube.Classify(err); p.Verdict == kube.Immutable && lasting(t) {
		diags.Append(fixed(t.Key, ref, p))
		return diags
	}
	if err == nil {
		err = a.renewClaims(ctx, unbound)
	}
	if err == nil {
		err = a.goWithJobs(ctx, t.Key)
	}
	if err != nil {
		diags.Append(problem(t.Key, ref, err))
		return diags
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.applied[t.Key] = true
	sent := map[string]string(kube.Flatten(t.manifest))
	a.memory.remember(a.records[t.Key], sent, liveLeaves(a.next[t.Key], result), t.Data != nil)
	a.memory.forgetTheirs(t.Key, a.records[t.Key], keep)
	return diags
}

// adopts reports whether an object of somebody else is taken over.
func (a *application[M]) adopts(t *thing) bool { return t.Adopt || isTrue(commonOf(a.model).Adopt) }

// send applies one object, where it cannot be changed in place by a new one. live is
// the object as it is, nil when it is absent, and stays when it is to stay so if it
// cannot be changed.
func (a *application[M]) send(ctx context.Context, t *thing, live *unstructured.Unstructured, stays bool) (*unstructured.Unstructured, []string, error) {
	c := commonOf(a.model)
	// Whoever has written into a Secret of ours before has no say in what it holds.
	options := kube.ApplyOptions{Force: isTrue(c.ForceConflicts) || a.adopts(t) || a.repairs(t.Key) || t.Data != nil}
	result, warnings, err := a.cluster.Apply(ctx, t.manifest, options)
	kind := t.manifest.GetKind()
	switch p := kube.Classify(err); {
	case err == nil || live == nil || !isHandled(p):
		return result, warnings, err
	case keepsStrategy(p):
		err = a.dropStrategy(ctx, t.manifest)
	case isOwnConflict(p):
		err, options.Force = nil, true
	case stays:
		return live, warnings, nil
	case kind == "StatefulSet", replaceable[kind], kind == "Secret" && !lasting(t):
		// A StatefulSet's pods go on without it, and the new one takes them over.
		err = a.replace(ctx, live, kind == "StatefulSet")
	}
	if err != nil {
		return nil, warnings, err
	}
	return a.cluster.Apply(ctx, t.manifest, options)
}

// repairs reports whether another hand changed the object since the last apply:
// what it holds by then is taken back, as the plan has shown.
func (a *application[M]) repairs(key string) bool {
	_, drifted := a.memory.Baseline[key]
	return drifted
}

// waitFor waits until the objects of a stage are ready.
func (a *application[M]) waitFor(ctx context.Context, things []*thing) diag.Diagnostics {
	var diags diag.Diagnostics
	if err := a.awaitGrowth(ctx); err != nil {
		diags.Append(a.notReady(err)...)
		return diags
	}
	var refs []kube.Ref
	for _, t := range things {
		if t.NoWait || !awaited[t.manifest.GetKind()] || a.records[t.Key].Ran {
			continue
		}
		// Where nothing was before, there is nothing to repair.
		if fresh := a.create && !a.left && !isTrue(commonOf(a.model).Adopt); !fresh && controllers[t.manifest.GetKind()] {
			if err := a.cluster.RemoveBrokenPods(ctx, kube.RefOf(t.manifest)); err != nil {
				diags.Append(a.notReady(err)...)
				return diags
			}
		}
		if t.Rollout != nil {
			if err := a.rollOut(ctx, t); err != nil {
				diags.Append(a.notReady(err)...)
				return diags
			}
		}
		if err := a.followService(ctx, t); err != nil {
			diags.Append(a.notReady(err)...)
			return diags
		}
		refs = append(refs, kube.RefOf(t.manifest))
	}
	if len(refs) == 0 {
		return nil
	}
	err := a.cluster.Wait(ctx, kube.WaitRequest{Objects: refs, Progress: func(line string) { tflog.Info(ctx, line) }})
	if err != nil {
		diags.Append(a.notReady(err)...)
		return diags
	}
	for _, t := range things {
		if t.RunKey != "" && !t.NoWait {
			a.records[t.Key].Ran = true
		}
		if t.Rollout != nil && t.Rollout.Ready != nil {
			if err := a.awaitGate(ctx, t, *t.Rollout.Ready, 0); err != nil {
				diags.Append(a.notReady(err)...)
			}
		}
	}
	return diags
}

// controllers are the kinds that make a pod anew when it is deleted.
var controllers = map[string]bool{"Deployment": true, "StatefulSet": true, "DaemonSet": true}

// awaited are the kinds whose readiness means something to the resource.
var awaited = map[string]bool{"Deployment": true, "StatefulSet": true, "DaemonSet": true, "Job": true, "Pod": true}

// notReady describes a wait that failed.
func (a *application[M]) notReady(err error) diag.Diagnostics {
	var diags diag.Diagnostics
	if not, ok := errors.AsType[*kube.NotReadyError](err); ok {
		diags.Append(unready{diag.NewErrorDiagnostic(not.Diagnosis.Summary, not.Diagnosis.Detail)})
		return diags
	}
	detail := err.Error()
	if p := kube.Classify(err); p.Verdict != kube.Unknown {
		detail = p.Summary + ". " + p.Detail
	}
	diags.Append(unready{diag.NewErrorDiagnostic(a.id(a.model)+" is not ready", detail)})
	return diags
}

// unready marks the diagnostics of waits, which on_failure = "warn" turns into
// warnings.
type unready struct{ diag.Diagnostic }

// applyRemote reconciles what lives inside the product.
func (a *application[M]) applyRemote(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	if a.product.Remote == nil {
		return nil
	}
	desired := a.things.remote()
	prior := map[string]map[string]string{}
	for key, leaves := range a.prior {
		if r := a.memory.Records[key]; r != nil && r.Remote {
			prior[key] = leaves
		}
	}
	same := !a.full && len(prior) == len(desired)
	for key := range desired {
		same = same && prior[key] != nil && maps.Equal(a.next[key], prior[key])
	}
	if same && !a.secretsChanged() {
		return nil
	}
	reach := &reach{cluster: a.cluster, records: a.records, namespace: a.env.Namespace}
	if err := a.awaitRemote(ctx, reach); err != nil {
		return a.notReady(err)
	}
	tflog.Info(ctx, "Reconciling what lives inside the product.", map[string]any{"things": len(desired)})
	diags.Append(a.product.Remote.Apply(ctx, a.model, prior, desired, reach)...)
	if diags.HasError() {
		return diags
	}
	live, err := a.product.Remote.Observe(ctx, a.model, slices.Sorted(maps.Keys(desired)), reach)
	if err != nil {
		diags.AddError("What was applied inside the product cannot be read back", err.Error())
		return diags
	}
	for key := range desired {
		a.applied[key] = true
		a.memory.remember(a.records[key], desired[key], live[key], false)
	}
	return diags
}

// secretsChanged reports whether a Secret was sent in this apply: what lives
// inside the product may depend on it.
func (a *application[M]) secretsChanged() bool {
	for key, t := range a.things {
		if t.Data != nil && !maps.Equal(a.next[key], a.prior[key]) {
			return true
		}
	}
	return false
}

// awaitRemote waits until the product serves.
func (a *application[M]) awaitRemote(ctx context.Context, reach Reach) error {
	for {
		err := a.product.Remote.Healthy(ctx, a.model, reach)
		if err == nil {
			return nil
		}
		tflog.Info(ctx, "Waiting for the product to serve.", map[string]any{"reason": err.Error()})
		select {
		case <-ctx.Done():
			return fmt.Errorf("the product does not serve: %w", err)
		case <-time.After(time.Second):
		}
	}
}

// prune deletes the objects of earlier applies that are not wanted any more. What
// outlives the resource outlives its place in the configuration too.
func (a *application[M]) prune(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, r := range a.memory.unwanted(a.records) {
		if autoscalers[r.Kind] {
			continue // gone before the first stage
		}
		if r.Keep && !commonOf(a.model).deletesAll() || r.Kind == namespaceKind {
			live, err := a.cluster.Get(ctx, r.ref())
			if err != nil {
				diags.Append(problem(r.ref().String(), r.ref(), err))
			}
			if live != nil || err != nil {
				a.kept = append(a.kept, r)
			}
			continue
		}
		_, more := remove(ctx, a.cluster, r.ref().String(), r, a.memory.Owner)
		diags.Append(more...)
	}
	return diags
}

// outcome says how far the apply came: which leaves objects holds now, and what is
// to be remembered of each object and of those that nobody wants. complete means
// that the state has to hold what was planned.
func (a *application[M]) outcome(complete bool) (map[string]map[string]string, map[string]*record, []*record) {
	objects, records := a.next, a.records
	if !complete {
		objects, records = maps.Clone(a.prior), maps.Clone(a.memory.Records)
		if objects == nil {
			objects = map[string]map[string]string{}
		}
		for key := range a.applied {
			objects[key] = a.next[key]
			records[key] = a.records[key]
		}
	}
	for key, r := range records {
		if !a.applied[key] {
			// What the API server made of it last time is still what is there.
			r.inherit(a.memory.Records[key])
		}
	}
	// Whatever was sent may be there, even if no answer came.
	possible := &private{Records: a.memory.Records, Strays: slices.Clone(a.memory.Strays)}
	for _, key := range slices.Sorted(maps.Keys(a.records)) {
		possible.Strays = append(possible.Strays, a.records[key])
	}
	return objects, records, possible.unwanted(records)
}
