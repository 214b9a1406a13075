package workload

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// settled reports whether a plan of what a read has just found, with the
// configuration as the state has it, is empty and without a word.
func (r *Resource[M]) settled(ctx context.Context, s schema.Schema, state tftypes.Value, m *M, objects map[string]map[string]string, memory *private) bool {
	c := commonOf(m)
	if memory.outdated() || memory.Unrefreshed || !isTrue(c.Ready) {
		return false
	}
	d, diags := r.sketch(ctx, s, state, tftypes.NewValue(state.Type(), nil))
	if len(diags) > 0 || d.unknown || d.things[0] == nil {
		return false
	}
	p := planner[M]{Resource: r, draft: d, state: c, memory: memory}
	next, known := newViewer(memory).see(d.things[0], d.things[1])
	_, moves := p.moves()
	return known && !moves && next.equals(objects)
}
