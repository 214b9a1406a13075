package pod

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Every attribute of the schema changes the rendering: full sets all of them, and
// without any one of them, or with another value of it, some leaf differs.
func TestEveryAttribute(t *testing.T) {
	in := input()
	baseline, diags := full().Template(in)
	if diags.HasError() {
		t.Fatal(diags)
	}
	want := leaves(t, baseline)
	tested := map[string]bool{}
	probe := func(attribute string, change func(reflect.Value)) {
		changed := full()
		change(reflect.ValueOf(&changed).Elem())
		template, _ := changed.Template(in)
		tested[attribute] = tested[attribute] || !maps.Equal(want, leaves(t, template))
	}
	s := full()
	visit(reflect.ValueOf(&s).Elem(), "", nil, probe)
	for _, attribute := range attributePaths("", Attributes("")) {
		effective, set := tested[attribute]
		switch {
		case !set:
			t.Errorf("%s is in the schema, and full() does not set it", attribute)
		case !effective:
			t.Errorf("%s changes nothing in the rendering", attribute)
		}
		delete(tested, attribute)
	}
	for attribute := range tested {
		t.Errorf("%s is in the model and not in the schema", attribute)
	}
}

// A step leads from a value to one of its parts, in a copy of the whole.
type step func(reflect.Value) reflect.Value

// visit calls probe for each attribute that is set below v, with a function that
// changes this attribute in a copy of the whole.
func visit(v reflect.Value, at string, way []step, probe func(string, func(reflect.Value))) {
	follow := func(root reflect.Value) reflect.Value {
		for _, s := range way {
			root = s(root)
		}
		return root
	}
	deeper := func(s step) []step { return append(slices.Clone(way), s) }
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			visit(v.Elem(), at, deeper(func(p reflect.Value) reflect.Value { return p.Elem() }), probe)
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), at, deeper(func(l reflect.Value) reflect.Value { return l.Index(i) }), probe)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(v.MapIndex(key))
			if element.Kind() != reflect.Struct {
				continue
			}
			// Elements of maps cannot be changed in place.
			visit(element, at, nil, func(attribute string, change func(reflect.Value)) {
				probe(attribute, func(root reflect.Value) {
					m := follow(root)
					copied := reflect.New(m.Type().Elem()).Elem()
					copied.Set(m.MapIndex(key))
					change(copied)
					m.SetMapIndex(key, copied)
				})
			})
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			next := deeper(func(s reflect.Value) reflect.Value { return s.Field(i) })
			if field.Anonymous {
				visit(v.Field(i), at, next, probe)
				continue
			}
			name := strings.TrimPrefix(at+"."+field.Tag.Get("tfsdk"), ".")
			if v.Field(i).IsZero() {
				continue
			}
			probe(name, func(root reflect.Value) { alter(follow(root).Field(i)) })
			visit(v.Field(i), name, next, probe)
		}
	}
}

// alter takes an optional value away and gives a required one another.
func alter(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if number, isSize := strings.CutSuffix(v.String(), "Gi"); isSize {
			v.SetString("1" + number + "Gi")
			return
		}
		v.SetString(v.String() + "x")
	case reflect.Int64:
		v.SetInt(v.Int() + 1)
	default:
		v.SetZero()
	}
}

// attributePaths lists all attributes of a schema.
func attributePaths(at string, attributes map[string]schema.Attribute) []string {
	var out []string
	for name, a := range attributes {
		name := strings.TrimPrefix(at+"."+name, ".")
		out = append(out, name)
		switch a := a.(type) {
		case schema.SingleNestedAttribute:
			out = append(out, attributePaths(name, a.Attributes)...)
		case schema.ListNestedAttribute:
			out = append(out, attributePaths(name, a.NestedObject.Attributes)...)
		case schema.MapNestedAttribute:
			out = append(out, attributePaths(name, a.NestedObject.Attributes)...)
		}
	}
	slices.Sort(out)
	return out
}

// The model decodes from and encodes into the schema.
func TestModelMatchesSchema(t *testing.T) {
	ctx := context.Background()
	s := schema.Schema{Attributes: Attributes("Default: none.")}
	if diags := s.ValidateImplementation(ctx); diags.HasError() {
		t.Fatal(diags)
	}
	state := tfsdk.State{Schema: s, Raw: tftypes.NewValue(s.Type().TerraformType(ctx), nil)}
	want := full()
	if diags := state.Set(ctx, &want); diags.HasError() {
		t.Fatal(diags)
	}
	var got Settings
	if diags := state.Get(ctx, &got); diags.HasError() {
		t.Fatal(diags)
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("decoded:\n%+v\nwant:\n%+v", got, want)
	}
}

// Every attribute says what it is, and in whole sentences.
func TestDescriptions(t *testing.T) {
	var check func(at string, attributes map[string]schema.Attribute)
	check = func(at string, attributes map[string]schema.Attribute) {
		for name, a := range attributes {
			description := a.GetMarkdownDescription()
			if !strings.HasSuffix(strings.TrimSpace(description), ".") {
				t.Errorf("%s.%s: %q is no sentence", at, name, description)
			}
			switch a := a.(type) {
			case schema.SingleNestedAttribute:
				check(at+"."+name, a.Attributes)
			case schema.ListNestedAttribute:
				check(at+"."+name, a.NestedObject.Attributes)
			case schema.MapNestedAttribute:
				check(at+"."+name, a.NestedObject.Attributes)
			}
		}
	}
	check("", Attributes("Default: none."))
}

// Values that are not known yet are rendered as stand-ins, which need not be valid
// together: that gives diagnostics at most.
func TestStandIns(t *testing.T) {
	for n := range 2 {
		var s Settings
		fill(reflect.ValueOf(&s).Elem(), n)
		for _, in := range []TemplateInput{input(), surrounded(input())} {
			if _, diags := s.Template(in); !diags.HasError() {
				t.Errorf("stand-ins %d: sizes that are no quantities are not refused", n)
			}
		}
	}
}

// fill gives every value below v its stand-in number n: collections hold n
// elements.
func fill(v reflect.Value, n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{"standin-a", "standin-b"}[n])
	case reflect.Int64:
		v.SetInt(int64(n + 1))
	case reflect.Bool:
		v.SetBool(n == 1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(element, n)
			v.SetMapIndex(key, element)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, n)
		}
	default:
		panic(v.Kind())
	}
}
