package workload

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestStateJSON keeps a state in a claim and reads it again.
func TestStateJSON(t *testing.T) {
	nested := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"size": tftypes.String, "count": tftypes.Number}}
	full := tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"text": tftypes.String, "none": tftypes.String, "flag": tftypes.Bool, "big": tftypes.Number, "part": tftypes.Number, "nested": nested, "absent": nested,
		"list": tftypes.List{ElementType: nested}, "set": tftypes.Set{ElementType: tftypes.String}, "map": tftypes.Map{ElementType: tftypes.String},
		"empty": tftypes.List{ElementType: tftypes.String}, "leaves": tftypes.Map{ElementType: tftypes.Map{ElementType: tftypes.String}},
	}}
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	inner := tftypes.NewValue(nested, map[string]tftypes.Value{"size": text("1Gi"), "count": tftypes.NewValue(tftypes.Number, 3)})
	value := tftypes.NewValue(full, map[string]tftypes.Value{
		"text": text("a \"quoted\"\nline\u2028"), "none": tftypes.NewValue(tftypes.String, nil), "flag": tftypes.NewValue(tftypes.Bool, false),
		// More than a float64 holds.
		"big": tftypes.NewValue(tftypes.Number, int64(9007199254740993)), "part": tftypes.NewValue(tftypes.Number, 0.25),
		"nested": inner, "absent": tftypes.NewValue(nested, nil),
		"list":   tftypes.NewValue(tftypes.List{ElementType: nested}, []tftypes.Value{inner, tftypes.NewValue(nested, nil)}),
		"set":    tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{text("b"), text("a")}),
		"map":    tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"k.1/2": text("v")}),
		"empty":  tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{}),
		"leaves": tftypes.NewValue(full.AttributeTypes["leaves"], map[string]tftypes.Value{"a": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"b": text("c")})}),
	})
	content, err := stateJSON(value)
	if err != nil {
		t.Fatal(err)
	}
	got, err := stateValue(content, full)
	if err != nil {
		t.Fatal(err)
	}
	if diff, err := value.Diff(got); err != nil || len(diff) > 0 {
		t.Errorf("%s gives %v, %v", content, diff, err)
	}

	// A version of the provider with other attributes.
	changed := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"text": tftypes.String, "added": tftypes.Bool}}
	got, err = stateValue(content, changed)
	want := tftypes.NewValue(changed, map[string]tftypes.Value{"text": text("a \"quoted\"\nline\u2028"), "added": tftypes.NewValue(tftypes.Bool, nil)})
	if err != nil || !got.Equal(want) {
		t.Errorf("got %v, %v", got, err)
	}
	for name, other := range map[string]tftypes.Type{"flag": tftypes.String, "nested": tftypes.List{ElementType: tftypes.String}, "list": nested, "text": tftypes.Number} {
		_, err := stateValue(content, tftypes.Object{AttributeTypes: map[string]tftypes.Type{name: other}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s as %s: %v", name, other, err)
		}
	}
}
