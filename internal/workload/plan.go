package workload

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// engineComputed are the computed attributes that the engine sets itself.
var engineComputed = map[string]bool{"id": true, "objects": true, "impact": true, "ready": true, "cluster": true}

// draft is a configuration rendered with two sets of stand-ins.
type draft[M any] struct {
	models  [2]*M
	encoded [2]tftypes.Value
	things  [2]rendered
	// unknown is set when the configuration has values that are not known yet.
	unknown bool
	env     Environment
}

// draft renders a planned value, and encodes what the rendering has set in the
// models. The rendering is nil, without an error, when it depends on unknown values
// altogether.
func (r *Resource[M]) draft(ctx context.Context, s schema.Schema, planned, config tftypes.Value) (*draft[M], diag.Diagnostics) {
	d, diags := r.sketch(ctx, s, planned, config)
	if d == nil || d.things[0] == nil {
		return d, diags
	}
	for n, m := range d.models {
		if n > 0 && m == d.models[0] {
			d.encoded[n] = d.encoded[0]
			break
		}
		var more diag.Diagnostics
		d.encoded[n], more = r.encode(ctx, s, m)
		diags.Append(more...)
	}
	return d, diags
}

// sketch is a draft without encoded models.
func (r *Resource[M]) sketch(ctx context.Context, s schema.Schema, planned, config tftypes.Value) (*draft[M], diag.Diagnostics) {
	var diags diag.Diagnostics
	in, err := inputs(ctx, s, planned, config)
	if err != nil {
		diags.AddError("The plan cannot be read", err.Error())
		return nil, diags
	}
	d := &draft[M]{}
	environments := r.settings.Environments
	for n := range 2 {
		value, unknown, err := ReplaceUnknown(in, n, func(p *tftypes.AttributePath) (any, error) { return s.AttributeAtTerraformPath(ctx, p) }, nil)
		if err != nil {
			diags.AddError("The plan cannot be read", err.Error())
			return nil, diags
		}
		d.unknown = unknown || environments[0].fingerprint() != environments[1].fingerprint()
		var more diag.Diagnostics
		d.models[n], more = r.decode(ctx, s, value)
		if more.HasError() {
			return nil, append(diags, more...)
		}
		if !d.unknown {
			d.models[1] = d.models[0]
			break
		}
	}
	for n := range 2 {
		var more diag.Diagnostics
		env := r.environmentOf(n, commonOf(d.models[n]))
		if n == 0 {
			d.env = env
		}
		d.things[n], more = r.product.render(d.models[n], env)
		if more.HasError() {
			if d.unknown {
				// A stand-in was not good enough: all depends on what is unknown.
				d.things = [2]rendered{}
				return d, diags
			}
			return nil, append(diags, more...)
		}
		if n == 0 {
			diags.Append(more...)
		}
		if !d.unknown {
			d.things[1] = d.things[0]
			break
		}
	}
	return d, diags
}

// ModifyPlan shows what an apply does.
func (r *Resource[M]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.settings == nil {
		return
	}
	if req.Plan.Raw.IsNull() {
		r.planDestroy(ctx, req, resp)
		return
	}
	s := r.product.fullSchema(ctx)
	create := req.State.Raw.IsNull()
	d, diags := r.draft(ctx, s, req.Plan.Raw, req.Config.Raw)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var prior *M
	var state *Common
	var memory *private
	var moved bool
	if !create {
		prior, diags = r.decode(ctx, s, req.State.Raw)
		resp.Diagnostics.Append(diags...)
		memory, diags = readPrivate(ctx, req.Private)
		resp.Diagnostics.Append(diags...)
		if resp.Diagnostics.HasError() {
			return
		}
		state = commonOf(prior)
		if moved, diags = r.moved(ctx, state, memory, isTrue(commonOf(d.models[0]).AllowClusterChange)); diags.HasError() {
			resp.Diagnostics.Append(diags...)
			return
		}
		if memory == nil && !moved {
			if memory, diags = r.memoryForPlan(ctx, *state.ID); diags.HasError() {
				resp.Diagnostics.Append(diags...)
				return
			}
		}
		if memory == nil {
			// Revisions cannot be counted on, so nothing can be shown.
			memory = &private{Records: map[string]*record{}, Incomplete: true}
			d.things, d.unknown = [2]rendered{}, true
		}
		if changed := memory.stopIgnoring(state, r.rules(commonOf(d.models[0]))); len(changed) > 0 {
			resp.Diagnostics.AddWarning("Fields that others have changed are not ignored any more",
				strings.Join(changed, "\n")+"\n\nAn apply makes them as configured.")
		}
	}
	p := planner[M]{Resource: r, schema: s, create: create, draft: d, prior: prior, state: state, memory: memory, moved: moved}
	resp.Diagnostics.Append(p.plan(ctx, req, resp)...)
}

// memoryForPlan looks in the claim for the memory that the state has lost.
func (r *Resource[M]) memoryForPlan(ctx context.Context, id string) (*private, diag.Diagnostics) {
	if r.unknownSettings() {
		return nil, nil
	}
	cluster, diags := r.connect()
	if diags.HasError() {
		return nil, diags
	}
	memory, err := r.remembered(ctx, cluster, id)
	if err != nil {
		diags.Append(unread(id, err))
		return nil, diags
	}
	return memory, diags
}

// planner fills the computed attributes of one plan in.
type planner[M any] struct {
	*Resource[M]
	schema schema.Schema
	create bool
	draft  *draft[M]
	prior  *M
	state  *Common
	memory *private
	// moved is set when the objects are to be created in another cluster.
	moved bool
	// records are those that an apply of this plan would write.
	records map[string]*record
}

func (p *planner[M]) plan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) diag.Diagnostics {
	var diags diag.Diagnostics
	if at, moves := p.moves(); moves {
		if isTrue(p.state.DeletionProtection) {
			diags.AddAttributeError(at, "The resource is protected from deletion",
				"This change replaces it, which deletion_protection refuses. Apply deletion_protection = false first, or undo the change.")
			return diags
		}
		// The CLI plans the destroy and the creation on their own.
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("id"), p.plannedID())...)
		resp.RequiresReplace.Append(path.Root("id"), at)
		return diags
	}
	var next view
	settled := false
	if p.draft.things[0] != nil {
		viewer := newViewer(p.memory)
		next, settled = viewer.see(p.draft.things[0], p.draft.things[1])
		p.records = viewer.records
	}
	if !settled {
		next = nil
	}
	configChanged := p.create
	if !p.create {
		var err error
		if configChanged, err = p.inputsDiffer(ctx, req.Plan.Raw, req.State.Raw); err != nil {
			diags.AddError("The plan cannot be read", err.Error())
			return diags
		}
	}
	changed := p.create || configChanged || next == nil || !next.equals(p.state.Objects)
	if changed && !p.create && !configChanged && next != nil && !p.memory.outdated() && !p.moved && p.memory.Environment == p.draft.env.fingerprint() {
		diags.AddWarning("This provider version would render the resource differently",
			fmt.Sprintf("%s: neither its configuration nor the cluster changed, so what was applied stays. Raise its attribute "+
				"\"rendering\", or change its configuration, to take the new rendering up.", *p.state.ID))
		resp.Plan.Raw = req.State.Raw
		return diags
	}
	pending := p.create || changed || p.moved || p.unknownSettings() || p.memory.Unrefreshed || p.memory.outdated() || !isTrue(p.state.Ready)
	if !pending {
		// Nothing is to be done: the computed attributes stay as they are.
		return diags
	}
	var impact []string
	if p.create || next.complete() {
		// What a change does depends on what it is.
		impact = p.impact(next)
	}
	diags.Append(p.refuse(ctx, next)...)
	diags.Append(p.refuseLost()...)
	diags.Append(p.checkWithServer(ctx, next)...)
	if diags.HasError() {
		return diags
	}
	raw := withoutObjects(resp.Plan.Raw)
	var err error
	if p.draft.things[0] != nil {
		raw, err = setComputed(ctx, p.schema, raw, p.draft.encoded[0], p.draft.encoded[1], engineComputed)
	} else {
		raw, err = unknownComputed(ctx, p.schema, raw, engineComputed)
	}
	if err != nil {
		diags.AddError("The plan cannot be made", err.Error())
		return diags
	}
	resp.Plan.Raw = raw
	if p.create && p.settings.ShortCreatePlan {
		next = nil
	}
	diags.Append(p.setEngineAttributes(ctx, &resp.Plan, impact)...)
	diags.Append(p.plannedStatus(ctx, &resp.Plan, req.State)...)
	resp.Plan.Raw = withRoot(resp.Plan.Raw, "objects", plannedObjects(next))
	return diags
}

// moves reports whether the plan is about other objects than the state, and which
// attribute says so. The namespace may also come from the provider's defaults.
func (p *planner[M]) moves() (at path.Path, moves bool) {
	at = path.Root(p.product.namespaceAttribute())
	if p.create || p.plannedID().Equal(types.StringPointerValue(p.state.ID)) {
		return at, false
	}
	for _, m := range p.draft.models {
		c := commonOf(m)
		if c.Name != p.state.Name {
			return path.Root("name"), true
		}
		if c.Namespace == nil && p.unknownSettings() {
			return at, false
		}
	}
	return at, true
}

// setEngineAttributes plans the computed attributes that every resource has, but
// for objects.
func (p *planner[M]) setEngineAttributes(ctx context.Context, plan *tfsdk.Plan, impact []string) diag.Diagnostics {
	var diags diag.Diagnostics
	if impact == nil || p.unknownSettings() && !p.create {
		// Without the cluster nobody knows what there is to repair.
		diags.Append(plan.SetAttribute(ctx, path.Root("impact"), unknownStrings())...)
	} else {
		diags.Append(plan.SetAttribute(ctx, path.Root("impact"), impact)...)
	}
	diags.Append(plan.SetAttribute(ctx, path.Root("ready"), unknownBool())...)
	diags.Append(plan.SetAttribute(ctx, path.Root("id"), p.plannedID())...)
	if p.create || p.unknownSettings() || p.moved {
		diags.Append(plan.SetAttribute(ctx, path.Root("cluster"), unknownString())...)
	} else {
		diags.Append(plan.SetAttribute(ctx, path.Root("cluster"), p.state.Cluster)...)
	}
	return diags
}

// inputsDiffer compares what the user sets, and nothing else.
func (p *planner[M]) inputsDiffer(ctx context.Context, plan, state tftypes.Value) (bool, error) {
	null := tftypes.NewValue(plan.Type(), nil)
	a, err := inputs(ctx, p.schema, plan, null)
	if err != nil {
		return false, err
	}
	b, err := inputs(ctx, p.schema, state, null)
	if err != nil {
		return false, err
	}
	return !a.Equal(b), nil
}

// planDestroy says what a destroy would refuse or keep.
func (r *Resource[M]) planDestroy(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	s := r.product.fullSchema(ctx)
	m, diags := r.decode(ctx, s, req.State.Raw)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	c := commonOf(m)
	memory, diags := readPrivate(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	moved, diags := r.moved(ctx, c, memory, isTrue(c.AllowClusterChange))
	resp.Diagnostics.Append(diags...)
	if isTrue(c.DeletionProtection) {
		resp.Diagnostics.AddAttributeError(path.Root("deletion_protection"), "The resource is protected from deletion",
			fmt.Sprintf("%s has deletion_protection = true. Apply deletion_protection = false first.", *c.ID))
		return
	}
	if memory == nil || moved {
		return
	}
	resp.Diagnostics.Append(r.planNamespaces(ctx, memory, c.deletesAll())...)
	if c.deletesAll() {
		return
	}
	if kept := memory.kept(c.Objects); len(kept) > 0 {
		resp.Diagnostics.AddWarning("Volumes and credentials stay", fmt.Sprintf("The destroy of %s keeps %s. A resource that is created again under the same name "+
			"takes them over. To have them deleted instead, apply deletion_policy = \"Delete\" first.", *c.ID, strings.Join(kept, ", ")))
	}
}
