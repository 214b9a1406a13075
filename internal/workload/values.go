package workload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Types of the attribute objects and of its elements.
var (
	leavesType  = tftypes.Map{ElementType: tftypes.String}
	objectsType = tftypes.Map{ElementType: leavesType}
)

func unknownString() types.String { return types.StringUnknown() }

func unknownBool() types.Bool { return types.BoolUnknown() }

func unknownStrings() types.List { return types.ListUnknown(types.StringType) }

// objectsValue is the value of the attribute objects in a state.
func objectsValue(objects map[string]map[string]string) tftypes.Value {
	elements := make(map[string]tftypes.Value, len(objects))
	for key, leaves := range objects {
		texts := make(map[string]tftypes.Value, len(leaves))
		for path, text := range leaves {
			texts[path] = tftypes.NewValue(tftypes.String, text)
		}
		elements[key] = tftypes.NewValue(leavesType, texts)
	}
	return tftypes.NewValue(objectsType, elements)
}

// plannedObjects is the value of the attribute objects in a plan. A nil view is
// unknown, and so are nil leaves and texts.
func plannedObjects(v view) tftypes.Value {
	if v == nil {
		return tftypes.NewValue(objectsType, tftypes.UnknownValue)
	}
	elements := make(map[string]tftypes.Value, len(v))
	for key, leaves := range v {
		if leaves == nil {
			elements[key] = tftypes.NewValue(leavesType, tftypes.UnknownValue)
			continue
		}
		texts := make(map[string]tftypes.Value, len(leaves))
		for path, text := range leaves {
			if text == nil {
				texts[path] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
			} else {
				texts[path] = tftypes.NewValue(tftypes.String, *text)
			}
		}
		elements[key] = tftypes.NewValue(leavesType, texts)
	}
	return tftypes.NewValue(objectsType, elements)
}

// plannedID is unknown while the namespace or the name is.
func (p *planner[M]) plannedID() types.String {
	a, b := p.idOf(0, p.draft.models[0]), p.idOf(1, p.draft.models[1])
	if a != b {
		return unknownString()
	}
	return types.StringValue(a)
}

func (r *Resource[M]) id(m *M) string { return r.idOf(0, m) }

func (r *Resource[M]) idOf(n int, m *M) string {
	c := commonOf(m)
	return r.environmentOf(n, c).Namespace + "/" + c.Name
}

// unknownComputed marks the product's computed attributes unknown.
func unknownComputed(ctx context.Context, s schema.Schema, value tftypes.Value, skip map[string]bool) (tftypes.Value, error) {
	return tftypes.Transform(value, func(p *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		at, ok := attributeAt(ctx, s, p)
		if !ok || !isComputed(at) {
			return v, nil
		}
		if name, isName := p.Steps()[0].(tftypes.AttributeName); isName && skip[string(name)] {
			return v, nil
		}
		return tftypes.NewValue(v.Type(), tftypes.UnknownValue), nil
	})
}

// fingerprint identifies what the provider adds to every rendering.
func (e Environment) fingerprint() string {
	// Plain data: marshalling cannot fail, and maps are sorted.
	raw, _ := json.Marshal(e)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}
