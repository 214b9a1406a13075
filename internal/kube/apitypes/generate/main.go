// Command generate writes apitypes' types.json from the typed schema that client-go has of the Kubernetes API.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/applyconfigurations"
	smdschema "sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube/apitypes"
)

const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"

func main() {
	content, err := generate()
	if err == nil {
		err = os.WriteFile("types.json", content, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// generate returns the content of types.json, a type on each line.
func generate() ([]byte, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, rbacv1.AddToScheme, policyv1.AddToScheme,
		networkingv1.AddToScheme, autoscalingv2.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	converter := applyconfigurations.NewTypeConverter(scheme)
	g := generator{Schema: apitypes.Schema{Kinds: map[string]*apitypes.Type{}, Types: map[string]*apitypes.Type{}}}
	for gvk := range scheme.AllKnownTypes() {
		sample, err := scheme.New(gvk)
		if err != nil {
			return nil, err
		}
		// Lists and options are no objects.
		if _, err := meta.Accessor(sample); err != nil {
			continue
		}
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(gvk)
		value, err := converter.ObjectToTyped(object, typed.AllowDuplicates)
		// Kinds that cannot be applied are not in the schema.
		if err != nil {
			continue
		}
		g.from = value.Schema()
		if g.Kinds[object.GetAPIVersion()+"/"+gvk.Kind], err = g.convert(value.TypeRef()); err != nil {
			return nil, fmt.Errorf("%s: %w", gvk, err)
		}
	}

	var out bytes.Buffer
	out.WriteString("{")
	for i, part := range []struct {
		name  string
		types map[string]*apitypes.Type
	}{{"kinds", g.Kinds}, {"types", g.Types}} {
		if i > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(&out, "\n%q: {", part.name)
		for i, name := range slices.Sorted(maps.Keys(part.types)) {
			if i > 0 {
				out.WriteString(",")
			}
			line, err := json.Marshal(part.types[name])
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&out, "\n%q: %s", name, line)
		}
		out.WriteString("\n}")
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

type generator struct {
	apitypes.Schema
	from *smdschema.Schema
}

// convert returns what there is to tell of a type, and adds those that it names to the schema. A type of which there is nothing to
// tell, and that has no name, is nil.
func (g *generator) convert(ref smdschema.TypeRef) (*apitypes.Type, error) {
	if ref.NamedType == nil {
		if ref.ElementRelationship != nil {
			return nil, fmt.Errorf("a type without a name has its relationship overridden")
		}
		return g.define(ref.Inlined)
	}
	name := *ref.NamedType
	if name == quantity {
		return &apitypes.Type{Quantity: true}, nil
	}
	if _, known := g.Types[name]; !known {
		atom, ok := g.from.Resolve(smdschema.TypeRef{NamedType: ref.NamedType})
		if !ok {
			return nil, fmt.Errorf("%s is not in the schema", name)
		}
		// Types may hold themselves.
		g.Types[name] = &apitypes.Type{}
		defined, err := g.define(atom)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if defined != nil {
			*g.Types[name] = *defined
		}
	}
	t := &apitypes.Type{Ref: name}
	if ref.ElementRelationship != nil {
		if g.Types[name].List != "" {
			return nil, fmt.Errorf("%s is a list whose relationship is overridden, which is not foreseen", name)
		}
		t.Whole = new(*ref.ElementRelationship == smdschema.Atomic)
	}
	return t, nil
}

func (g *generator) define(atom smdschema.Atom) (*apitypes.Type, error) {
	var err error
	switch t := (&apitypes.Type{}); {
	case atom.List != nil && atom.Map != nil:
		// What may be of any type.
		return &apitypes.Type{Whole: new(atom.Map.ElementRelationship == smdschema.Atomic)}, nil
	case atom.List != nil:
		switch {
		case atom.List.ElementRelationship != smdschema.Associative:
			t.List = apitypes.Atomic
		case len(atom.Keys) == 0:
			t.List = apitypes.Set
		default:
			t.List, t.Keys, t.Defaults = apitypes.Map, atom.Keys, g.defaults(atom.List)
		}
		t.Elements, err = g.convert(atom.List.ElementType)
		return t, err
	case atom.Map != nil:
		if atom.Map.ElementRelationship == smdschema.Atomic {
			t.Whole = new(true)
		}
		if t.Elements, err = g.convert(atom.Map.ElementType); err != nil {
			return nil, err
		}
		for _, field := range atom.Fields {
			ft, err := g.convert(field.Type)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", field.Name, err)
			}
			if ft == nil {
				continue
			}
			if t.Fields == nil {
				t.Fields = map[string]*apitypes.Type{}
			}
			t.Fields[field.Name] = ft
		}
		if t.Whole == nil && t.Elements == nil && t.Fields == nil {
			return nil, nil
		}
		return t, nil
	default:
		return nil, nil
	}
}

// defaults returns those of the keys of a list's elements.
func (g *generator) defaults(list *smdschema.List) map[string]any {
	defaults := map[string]any{}
	element, _ := g.from.Resolve(list.ElementType)
	if element.Map == nil {
		return nil
	}
	for _, key := range list.Keys {
		if field, ok := element.FindField(key); ok && field.Default != nil {
			defaults[key] = field.Default
		}
	}
	return defaults
}
