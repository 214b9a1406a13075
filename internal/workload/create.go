package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// Create applies a resource that is not in the state yet.
func (r *Resource[M]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	s := r.product.fullSchema(ctx)
	d, diags := r.draft(ctx, s, req.Plan.Raw, req.Config.Raw)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	common := commonOf(d.models[0])
	ctx, cancel := context.WithTimeout(ctx, timeout(common.timeouts().Create, defaultApplyTimeout))
	defer cancel()
	r.settings.applying.Store(true)
	cluster, diags := r.connect()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	identity, err := cluster.Identity(ctx)
	if err != nil {
		resp.Diagnostics.Append(clusterProblem(err))
		return
	}
	claim := r.claimOf(cluster, d.env.Namespace, common.Name)
	if _, taken := claims.LoadOrStore(claimKey{identity, claim.ref}, true); taken {
		resp.Diagnostics.AddAttributeError(path.Root("name"), "Two resources have the same name",
			fmt.Sprintf("Another analytics_%s of this configuration is called %q in namespace %q. Give each its own name.",
				r.product.Name, common.Name, d.env.Namespace))
		return
	}
	defer func() {
		if resp.Diagnostics.HasError() {
			claims.Delete(claimKey{identity, claim.ref})
		}
	}()
	memory, err := claim.acquire(ctx, isTrue(common.Adopt))
	var owned *ownedError
	switch {
	case errors.As(err, &owned):
		resp.Diagnostics.AddAttributeError(path.Root("name"), "The name is taken", err.Error())
		return
	case err != nil:
		resp.Diagnostics.AddError("The resource cannot be created", err.Error())
		return
	}
	left := memory != nil
	if !left {
		memory = newPrivate()
	}
	if memory.Fallback, err = cluster.Fallback(); err != nil {
		resp.Diagnostics.Append(clusterProblem(err))
		return
	}
	// Revisions begin anew, as the plan, which knows nothing of what was left,
	// has shown them.
	fresh := &private{Owner: memory.Owner, Key: memory.Key, Records: map[string]*record{}}
	viewer := newViewer(fresh)
	next, _ := viewer.see(d.things[0], d.things[0])
	memory.Environment = d.env.fingerprint()
	a := &application[M]{
		Resource: r, cluster: cluster, model: d.models[0], env: d.env, things: d.things[0], next: next.known(),
		memory: memory, records: viewer.records, full: true, create: true, left: left, claim: claim,
	}
	resp.Diagnostics.Append(r.product.identify(ctx, resp.Identity, d.env.Namespace, common.Name)...)
	resp.Diagnostics.Append(a.preflight(ctx)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Until something is in the cluster, an error leaves nothing in the state.
	if err := claim.write(ctx, phaseCreating, []byte("null"), memory.beginning(viewer.records)); err != nil {
		resp.Diagnostics.Append(problem("Claim", claim.ref, err))
		return
	}
	stop := claim.renew(ctx)
	more := a.run(ctx)
	stop()
	resp.Diagnostics.Append(r.conclude(ctx, s, a, d, req.Plan.Raw, identity, more, &resp.State, resp.Private)...)
}

// preflight refuses to begin when an object belongs to somebody else, or when a
// credential is lost: then nothing is left that the next apply could take for its
// own. What it finds is what the first stage begins with.
func (a *application[M]) preflight(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	things := slices.Concat(a.things.byStage()...)
	if diags.Append(a.awaitNamespaces(ctx, things)...); diags.HasError() {
		return diags
	}
	found := make([]*unstructured.Unstructured, len(things))
	var mu sync.Mutex
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for n, t := range things {
		group.Go(func() error {
			ref := kube.RefOf(t.manifest)
			live, err := a.cluster.Get(gctx, ref)
			found[n] = live
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				diags.Append(problem(t.Key, ref, err))
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return withoutCancelled(diags)
	}
	a.found = map[string]*unstructured.Unstructured{}
	for n, t := range things {
		live := found[n]
		a.found[t.Key] = live
		if live != nil && live.GetLabels()[ownerLabel] != a.memory.Owner && !a.adopts(t) {
			diags.Append(foreign(t.Key, kube.RefOf(t.manifest), live))
			continue
		}
		diags.Append(a.refuseLost(ctx, t, live)...)
	}
	return diags
}

// Update applies a change, or repairs.
func (r *Resource[M]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	s := r.product.fullSchema(ctx)
	d, diags := r.draft(ctx, s, req.Plan.Raw, req.Config.Raw)
	resp.Diagnostics.Append(diags...)
	state, diags := r.decode(ctx, s, req.State.Raw)
	resp.Diagnostics.Append(diags...)
	memory, diags := readPrivate(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Also on an update: a CLI without identities hands none over.
	resp.Diagnostics.Append(r.product.identify(ctx, resp.Identity, d.env.Namespace, commonOf(d.models[0]).Name)...)
	if r.product.CheckUpdate != nil {
		// Once more: at plan some values may not have been known.
		resp.Diagnostics.Append(r.product.CheckUpdate(state, d.models[0])...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	common, prior := commonOf(d.models[0]), commonOf(state)
	ctx, cancel := context.WithTimeout(ctx, timeout(common.timeouts().Update, defaultApplyTimeout))
	defer cancel()
	r.settings.applying.Store(true)
	cluster, diags := r.connect()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	identity, err := cluster.Identity(ctx)
	if err != nil {
		resp.Diagnostics.Append(clusterProblem(err))
		return
	}
	same, err := sameCluster(cluster, prior.Cluster, memory, identity)
	switch {
	case err != nil:
		resp.Diagnostics.Append(clusterProblem(err))
		return
	case same && prior.Cluster != nil:
		identity = *prior.Cluster
	case !same && !isTrue(common.AllowClusterChange):
		resp.Diagnostics.Append(otherCluster(*prior.ID, *prior.Cluster, identity))
		return
	}
	if memory == nil {
		if memory, err = r.remembered(ctx, cluster, *prior.ID); err != nil {
			resp.Diagnostics.Append(clusterProblem(err))
			return
		}
		if memory == nil {
			resp.Diagnostics.AddError("The resource's private state is missing", "Its claim is not in the cluster either. Remove the resource from the state, "+
				"set adopt = true, and apply again: it takes over the objects that are there.")
			return
		}
	}
	if memory.Fallback, err = cluster.Fallback(); err != nil {
		resp.Diagnostics.Append(clusterProblem(err))
		return
	}
	claim := r.claimOf(cluster, d.env.Namespace, common.Name)
	if err := claim.read(ctx); err != nil {
		resp.Diagnostics.Append(problem("Claim", claim.ref, err))
		return
	}
	if claim.live != nil && claim.owner() != memory.Owner {
		resp.Diagnostics.Append(foreign("Claim", claim.ref, claim.live))
		return
	}
	if err := claim.recall(memory); err != nil {
		resp.Diagnostics.Append(problem("Claim", claim.ref, err))
		return
	}
	viewer := newViewer(memory)
	next, _ := viewer.see(d.things[0], d.things[0])
	memory.Environment = d.env.fingerprint()
	if !same {
		// Nothing that is remembered is in this cluster.
		prior.Objects, memory.Records, memory.Strays, memory.Baseline, memory.Ignored = nil, map[string]*record{}, nil, nil, nil
	}
	memory.stopIgnoring(prior, r.rules(common))
	a := &application[M]{
		Resource: r, cluster: cluster, model: d.models[0], env: d.env, things: d.things[0], next: next.known(), prior: prior.Objects, was: state,
		memory: memory, records: viewer.records, claim: claim,
		full: memory.Incomplete || memory.Unrefreshed || !isTrue(prior.Ready) || prior.Cluster == nil || *prior.Cluster != identity,
	}
	if err := claim.announce(ctx, memory, viewer.records); err != nil {
		resp.Diagnostics.Append(problem("Claim", claim.ref, err))
		return
	}
	more := a.run(ctx)
	resp.Diagnostics.Append(r.conclude(ctx, s, a, d, req.Plan.Raw, identity, more, &resp.State, resp.Private)...)
}

// conclude writes the state, the private state and the claim after an apply.
func (r *Resource[M]) conclude(ctx context.Context, s schema.Schema, a *application[M], d *draft[M], planned tftypes.Value, identity string,
	outcome diag.Diagnostics, state *tfsdk.State, private privateSetter,
) diag.Diagnostics {
	interrupted := errors.Is(ctx.Err(), context.Canceled)
	diags := a.soften(outcome, interrupted)
	complete := !outcome.HasError()
	memory := a.memory
	// Without an error the state must hold what was planned; that the apply did
	// not end well stands in memory.
	impacted := r.impactOf(a)
	objects, records, strays := a.outcome(!diags.HasError())
	memory.Records = records
	memory.Strays = a.kept
	if !complete {
		memory.Strays = strays
	}
	for _, rec := range records {
		rec.Ran = rec.Ran || complete && rec.RunKey != ""
	}
	memory.Incomplete = !complete
	memory.Baseline = nil
	memory.Unrefreshed = false

	applying := ctx
	ctx = context.WithoutCancel(ctx)
	planned = withoutObjects(planned)
	raw, err := setComputed(ctx, s, planned, d.encoded[0], d.encoded[0], engineComputed)
	if err != nil {
		diags.AddError("The state cannot be written", err.Error())
		return diags
	}
	state.Raw = raw
	var impact []string
	if planned := (tfsdk.Plan{Raw: planned, Schema: s}); !planned.GetAttribute(ctx, path.Root("impact"), &impact).HasError() && impact != nil {
		diags.Append(state.SetAttribute(ctx, path.Root("impact"), impact)...)
	} else {
		diags.Append(state.SetAttribute(ctx, path.Root("impact"), impacted)...)
	}
	diags.Append(state.SetAttribute(ctx, path.Root("ready"), complete)...)
	diags.Append(state.SetAttribute(ctx, path.Root("id"), r.id(a.model))...)
	diags.Append(state.SetAttribute(ctx, path.Root("cluster"), identity)...)
	diags.Append(r.observeStatus(ctx, s, a, planned, state)...)
	state.Raw = withRoot(state.Raw, "objects", objectsValue(objects))
	if interrupted || errors.Is(applying.Err(), context.Canceled) {
		// The claim stays as it is: "applied" is never written after an interrupt.
		complete = false
	} else if content, err := stateJSON(state.Raw); err != nil {
		diags.AddError("The state cannot be kept for an import", err.Error())
	} else if err := a.claim.write(ctx, phaseApplied, content, memory); err != nil {
		d := problem("Claim", a.claim.ref, err)
		if a.create && complete {
			// What was created is there and works: no reason to have it replaced.
			d = diag.NewWarningDiagnostic(d.Summary(), d.Detail()+"\n\nEverything was created, only this record of it is not complete. The next apply completes it.")
		}
		complete = false
		diags.Append(d)
	}
	if !complete {
		memory.Incomplete = true
		diags.Append(state.SetAttribute(ctx, path.Root("ready"), false)...)
	}
	diags.Append(memory.write(ctx, private)...)
	return diags
}

// soften turns the failure of a wait, and any failure of an interrupted apply,
// into a warning where an error would taint the resource against the user's wish.
func (a *application[M]) soften(outcome diag.Diagnostics, interrupted bool) (diags diag.Diagnostics) {
	warn := interrupted || commonOf(a.model).warnOnFailure()
	for _, d := range outcome {
		_, notReady := d.(unready)
		if d.Severity() == diag.SeverityError && warn && (interrupted || notReady) {
			d = diag.NewWarningDiagnostic(d.Summary(), d.Detail()+"\n\nready is false; the next apply repairs the resource in place.")
		}
		diags.Append(d)
	}
	return diags
}

func clusterProblem(err error) diag.Diagnostic {
	p := kube.Classify(err)
	return diag.NewErrorDiagnostic("The Kubernetes cluster does not answer as it should: "+p.Summary, p.Detail)
}
