package workload

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// sized is a validator of strings that have a form.
type sized struct{ validator.String }

func (sized) StandIn() [2]string { return [2]string{"1Gi", "2Gi"} }

// sizedElements is one of lists whose elements have it.
type sizedElements struct{ validator.List }

func (sizedElements) ElementStandIn() [2]string { return [2]string{"3Gi", "4Gi"} }

func TestReplaceUnknown(t *testing.T) {
	ctx := context.Background()
	s := schema.Schema{Attributes: map[string]schema.Attribute{
		"name":  schema.StringAttribute{Required: true},
		"size":  schema.StringAttribute{Optional: true, Validators: []validator.String{sized{}}},
		"sizes": schema.ListAttribute{Optional: true, ElementType: types.StringType, Validators: []validator.List{sizedElements{}}},
		"count": schema.Int64Attribute{Optional: true},
		"flag":  schema.BoolAttribute{Optional: true},
		"map":   schema.MapAttribute{Optional: true, ElementType: types.StringType},
		"nested": schema.SingleNestedAttribute{Optional: true, Attributes: map[string]schema.Attribute{
			"size": schema.StringAttribute{Optional: true, Validators: []validator.String{sized{}}},
		}},
	}}
	object := s.Type().TerraformType(ctx).(tftypes.Object)
	attribute := func(p *tftypes.AttributePath) (any, error) { return s.AttributeAtTerraformPath(ctx, p) }
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	list := func(v ...tftypes.Value) tftypes.Value {
		return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, v)
	}
	nested := func(v any) tftypes.Value { return tftypes.NewValue(object.AttributeTypes["nested"], v) }
	unknown := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	for name, test := range map[string]struct {
		attribute string
		value     tftypes.Value
		want      [2]tftypes.Value
	}{
		"known":              {"size", text("9Gi"), [2]tftypes.Value{text("9Gi"), text("9Gi")}},
		"text":               {"name", unknown, [2]tftypes.Value{text("standin-a"), text("standin-b")}},
		"text with a form":   {"size", unknown, [2]tftypes.Value{text("1Gi"), text("2Gi")}},
		"an element":         {"sizes", list(text("9Gi"), unknown), [2]tftypes.Value{list(text("9Gi"), text("3Gi")), list(text("9Gi"), text("4Gi"))}},
		"a number":           {"count", tftypes.NewValue(tftypes.Number, tftypes.UnknownValue), [2]tftypes.Value{tftypes.NewValue(tftypes.Number, 1), tftypes.NewValue(tftypes.Number, 2)}},
		"a boolean":          {"flag", tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue), [2]tftypes.Value{tftypes.NewValue(tftypes.Bool, false), tftypes.NewValue(tftypes.Bool, true)}},
		"a field of a group": {"nested", nested(map[string]tftypes.Value{"size": unknown}), [2]tftypes.Value{nested(map[string]tftypes.Value{"size": text("1Gi")}), nested(map[string]tftypes.Value{"size": text("2Gi")})}},
		// Nobody knows whether there is one.
		"a group": {"nested", nested(tftypes.UnknownValue), [2]tftypes.Value{nested(nil), nested(map[string]tftypes.Value{"size": text("standin-b")})}},
		"a map": {"map", tftypes.NewValue(object.AttributeTypes["map"], tftypes.UnknownValue), [2]tftypes.Value{
			tftypes.NewValue(object.AttributeTypes["map"], map[string]tftypes.Value{}), tftypes.NewValue(object.AttributeTypes["map"], map[string]tftypes.Value{"standin-b": text("standin-b")}),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			values := map[string]tftypes.Value{}
			for name, at := range object.AttributeTypes {
				values[name] = tftypes.NewValue(at, nil)
			}
			values[test.attribute] = test.value
			for n := range 2 {
				got, found, err := ReplaceUnknown(tftypes.NewValue(object, values), n, attribute, nil)
				if err != nil || found == test.value.IsFullyKnown() {
					t.Fatalf("%t, %v", found, err)
				}
				var members map[string]tftypes.Value
				if err := got.As(&members); err != nil || !members[test.attribute].Equal(test.want[n]) {
					t.Errorf("%d: got %v, %v", n, members[test.attribute], err)
				}
			}
		})
	}
}

// TestMergeKnown keeps what two renderings agree on.
func TestMergeKnown(t *testing.T) {
	object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"a": tftypes.String, "b": tftypes.String}}
	list := tftypes.List{ElementType: tftypes.String}
	value := func(a, b string) tftypes.Value {
		return tftypes.NewValue(object, map[string]tftypes.Value{"a": tftypes.NewValue(tftypes.String, a), "b": tftypes.NewValue(tftypes.String, b)})
	}
	half := tftypes.NewValue(object, map[string]tftypes.Value{"a": tftypes.NewValue(tftypes.String, "1"), "b": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})
	one, two := tftypes.NewValue(list, []tftypes.Value{tftypes.NewValue(tftypes.String, "1")}), tftypes.NewValue(list, []tftypes.Value{})
	for name, test := range map[string][3]tftypes.Value{
		"equal":               {value("1", "2"), value("1", "2"), value("1", "2")},
		"an attribute":        {value("1", "2"), value("1", "3"), half},
		"there and not there": {value("1", "2"), tftypes.NewValue(object, nil), tftypes.NewValue(object, tftypes.UnknownValue)},
		"lists":               {one, two, tftypes.NewValue(list, tftypes.UnknownValue)},
	} {
		if got := mergeKnown(test[0], test[1]); !got.Equal(test[2]) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
