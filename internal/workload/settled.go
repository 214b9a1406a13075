package workload

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type settledKey struct{}

// WatchSettled returns a context for a read, and a function that reports, after it,
// whether the resource is settled: while its configuration stays as the state has
// it, a plan that follows has nothing to do and nothing to say.
func WatchSettled(ctx context.Context) (context.Context, func() bool) {
	settled := new(bool)
	return context.WithValue(ctx, settledKey{}, settled), func() bool { return *settled }
}

// noteSettled tells whoever watches that the resource is settled, if it is.
func (r *Resource[M]) noteSettled(ctx context.Context, s schema.Schema, state tftypes.Value, m *M, objects map[string]map[string]string, memory *private) {
	if settled, watched := ctx.Value(settledKey{}).(*bool); watched {
		*settled = r.settled(ctx, s, state, m, objects, memory)
	}
}

// settled reports whether a plan of what a read has just found, with the
// configuration as the state has it, is empty and without a word.
func (r *Resource[M]) settled(ctx context.Context, s schema.Schema, state tftypes.Value, m *M, objects map[string]map[string]string, memory *private) bool {
	c := commonOf(m)
	if memory.outdated() || memory.Unrefreshed || !isTrue(c.Ready) {
		return false
	}
	d, diags := r.draft(ctx, s, state, tftypes.NewValue(state.Type(), nil))
	if len(diags) > 0 || d.unknown || d.things[0] == nil {
		return false
	}
	p := planner[M]{Resource: r, draft: d, state: c, memory: memory}
	next, known := newViewer(memory).see(d.things[0], d.things[1])
	_, moves := p.moves()
	return known && !moves && next.equals(objects)
}
