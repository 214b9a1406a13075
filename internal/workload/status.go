package workload

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Status is how a product fares: computed attributes that no configuration
// decides, such as the result of a run. They change by themselves, which is no
// drift: no plan repairs them.
type Status[M any] struct {
	// Attributes are the names of the attributes. A plan with something to do has
	// them unknown: the CLI plans again when it applies, and refuses what is another
	// then, as all that depends on the time would be.
	Attributes []string
	// OfRuns are those of Attributes that stay as they are while no Job runs.
	OfRuns []string
	// Observe sets the fields of the attributes in m, by what is in the cluster. prior
	// has them as the state has had them, and is nil before the first apply. It is
	// called after each apply, also one that failed, and at each read.
	Observe func(ctx context.Context, m, prior *M, reach Reach) error
	// Warn says what there is to warn of in the attributes as Observe has set them; nil
	// where there is nothing. It is called after each Observe, so that a plan and an
	// apply warn alike.
	Warn func(m *M) diag.Diagnostics
}

// attributes are the names of s, which may be nil.
func (s *Status[M]) attributes() []string {
	if s == nil {
		return nil
	}
	return s.Attributes
}

// plannedStatus sets the attributes of the status in a plan.
func (p *planner[M]) plannedStatus(ctx context.Context, plan *tfsdk.Plan, state tfsdk.State) diag.Diagnostics {
	var diags diag.Diagnostics
	status := p.product.Status
	for _, name := range status.attributes() {
		at := path.Root(name)
		kind, more := p.schema.TypeAtPath(ctx, at)
		diags.Append(more...)
		if more.HasError() {
			return diags
		}
		raw := tftypes.NewValue(kind.TerraformType(ctx), tftypes.UnknownValue)
		if !p.create && slices.Contains(status.OfRuns, name) && !p.runs() {
			found, _, err := tftypes.WalkAttributePath(state.Raw, tftypes.NewAttributePath().WithAttributeName(name))
			if value, ok := found.(tftypes.Value); err == nil && ok {
				raw = value
			}
		}
		value, err := kind.ValueFromTerraform(ctx, raw)
		if err != nil {
			diags.AddAttributeError(at, "The plan cannot be made", err.Error())
			return diags
		}
		diags.Append(plan.SetAttribute(ctx, at, value)...)
	}
	return diags
}

// runs reports whether the apply of the plan runs a Job, as far as is known.
func (p *planner[M]) runs() bool {
	if p.memory == nil || p.moved || p.draft.unknown || p.draft.things[0] == nil || p.unknownSettings() {
		return true
	}
	for key, t := range p.draft.things[0] {
		if t.RunKey == "" {
			continue
		}
		rec, old := p.records[key], p.memory.Records[key]
		if rec == nil || !rec.hasRun(old) {
			return true
		}
	}
	return false
}

// observeStatus sets the attributes of the status in a state that an apply has
// led to. What the plan has promised stays.
func (r *Resource[M]) observeStatus(ctx context.Context, s schema.Schema, a *application[M], planned tftypes.Value, state *tfsdk.State) diag.Diagnostics {
	if r.product.Status == nil {
		return nil
	}
	reach := &reach{cluster: a.cluster, records: a.records, namespace: a.env.Namespace}
	_, diags := r.look(ctx, a.model, a.was, reach)
	encoded, more := r.encode(ctx, s, a.model)
	diags.Append(more...)
	if diags.HasError() {
		return diags
	}
	for _, name := range r.product.Status.Attributes {
		at := tftypes.NewAttributePath().WithAttributeName(name)
		promised, _, err := tftypes.WalkAttributePath(planned, at)
		if value, ok := promised.(tftypes.Value); err == nil && ok && value.IsFullyKnown() {
			diags.Append(copyAttribute(ctx, s, planned, name, state)...)
			continue
		}
		diags.Append(copyAttribute(ctx, s, encoded, name, state)...)
	}
	return diags
}

// refreshStatus returns those attributes of the status that differ from what a state
// has. prior is the model of that state.
func (r *Resource[M]) refreshStatus(ctx context.Context, s schema.Schema, cluster reach, prior *M, state tftypes.Value) (map[string]tftypes.Value, diag.Diagnostics) {
	if r.product.Status == nil {
		return nil, nil
	}
	m, diags := r.decode(ctx, s, state)
	if diags.HasError() {
		return nil, diags
	}
	seen, more := r.look(ctx, m, prior, &cluster)
	diags.Append(more...)
	if !seen {
		// It stands in the state as it was.
		return nil, diags
	}
	encoded, more := r.encode(ctx, s, m)
	diags.Append(more...)
	if diags.HasError() {
		return nil, diags
	}
	before, now, changed := rootsOf(state), rootsOf(encoded), map[string]tftypes.Value{}
	for _, name := range r.product.Status.Attributes {
		if !now[name].Equal(before[name]) {
			changed[name] = now[name]
		}
	}
	return changed, diags
}

// look calls Observe and Warn. What Observe cannot tell is a warning: nothing depends
// on it.
func (r *Resource[M]) look(ctx context.Context, m, prior *M, reach *reach) (seen bool, diags diag.Diagnostics) {
	if err := r.product.Status.Observe(ctx, m, prior, reach); err != nil {
		diags.AddWarning("How "+reach.namespace+"/"+commonOf(m).Name+" fares could not be read", clusterProblem(err).Detail())
		return false, diags
	}
	if r.product.Status.Warn != nil {
		diags.Append(r.product.Status.Warn(m)...)
	}
	return true, diags
}

// attributeSetter is a state or a plan.
type attributeSetter interface {
	SetAttribute(ctx context.Context, at path.Path, value any) diag.Diagnostics
}

// copyAttribute copies an attribute at the root.
func copyAttribute(ctx context.Context, s schema.Schema, from tftypes.Value, name string, to attributeSetter) diag.Diagnostics {
	var diags diag.Diagnostics
	kind, more := s.TypeAtPath(ctx, path.Root(name))
	if more.HasError() {
		return more
	}
	found, _, err := tftypes.WalkAttributePath(from, tftypes.NewAttributePath().WithAttributeName(name))
	raw, ok := found.(tftypes.Value)
	if err != nil || !ok {
		raw = tftypes.NewValue(kind.TerraformType(ctx), nil)
	}
	value, err := kind.ValueFromTerraform(ctx, raw)
	if err != nil {
		diags.AddAttributeError(path.Root(name), "The state cannot be written", err.Error())
		return diags
	}
	return to.SetAttribute(ctx, path.Root(name), value)
}
