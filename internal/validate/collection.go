package validate

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Each validates the elements of a list, a set or a map of strings, and gives
// stand-ins for those that are not known at plan.
type Each struct{ Text }

var (
	_ validator.List = Each{}
	_ validator.Set  = Each{}
	_ validator.Map  = Each{}
)

// Description says which elements are allowed.
func (v Each) Description(context.Context) string { return "each element must be " + v.Allowed }

// MarkdownDescription is the description.
func (v Each) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ElementStandIn gives two values for use in place of an element that is not known
// yet.
func (v Each) ElementStandIn() [2]string { return v.Forms }

// ValidateList reports elements that are not allowed.
func (v Each) ValidateList(ctx context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	for i, element := range req.ConfigValue.Elements() {
		v.element(ctx, req.Path.AtListIndex(i), element, (*validator.StringResponse)(resp))
	}
}

// ValidateSet reports elements that are not allowed.
func (v Each) ValidateSet(ctx context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	for _, element := range req.ConfigValue.Elements() {
		v.element(ctx, req.Path.AtSetValue(element), element, (*validator.StringResponse)(resp))
	}
}

// ValidateMap reports values that are not allowed.
func (v Each) ValidateMap(ctx context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	elements := req.ConfigValue.Elements()
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		v.element(ctx, req.Path.AtMapKey(key), elements[key], (*validator.StringResponse)(resp))
	}
}

// element passes over what is no string: the schema's type says what it must be.
func (v Each) element(ctx context.Context, at path.Path, element attr.Value, resp *validator.StringResponse) {
	if text, ok := element.(types.String); ok {
		v.ValidateString(ctx, validator.StringRequest{Path: at, ConfigValue: text}, resp)
	}
}

// Keys validates the keys of a map.
type Keys struct{ Text }

var _ validator.Map = Keys{}

// Description says which keys are allowed.
func (v Keys) Description(context.Context) string { return "each key must be " + v.Allowed }

// MarkdownDescription is the description.
func (v Keys) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateMap reports keys that are not allowed.
func (v Keys) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for _, key := range slices.Sorted(maps.Keys(req.ConfigValue.Elements())) {
		if err := v.Check(key); err != nil {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(key), "Invalid key", "The key must be "+v.Allowed+": "+err.Error()+".")
		}
	}
}
