// Package apitypes knows how the Kubernetes API merges what objects of its own kinds hold: which lists are matched by keys, what
// the keys' defaults are, which maps and lists change as a whole, which fields are quantities.
//
// All this is in client-go, as YAML that takes 0.1 s to parse, each time the provider starts. types.json is the part that the
// engine asks for, which takes 2 ms. `go generate` writes it, and a test tells when it is stale.
package apitypes

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"sync"
)

//go:generate go run ./generate

// What the API calls list types: elements are matched by position, by value, or by keys.
const (
	Atomic = "atomic"
	Set    = "set"
	Map    = "map"
)

// Type is the type of a field, of an element, or of an object. A nil Type is one of which nothing is known.
type Type struct {
	// Ref names the type in Schema.Types, which tells the rest.
	Ref string `json:"ref,omitempty"`
	// Quantity is whether the text is a resource.Quantity.
	Quantity bool `json:"quantity,omitempty"`
	// List is how elements are matched; it is empty when the type is no list.
	List string `json:"list,omitempty"`
	// Keys are the fields by which the elements of a Map are matched.
	Keys []string `json:"keys,omitempty"`
	// Whole is whether a map changes as a whole; a type with a Ref may differ in it from the type that it names.
	Whole *bool `json:"whole,omitempty"`
	// Fields are those of a map with fixed keys. Fields of which there is nothing to tell are left out.
	Fields map[string]*Type `json:"fields,omitempty"`
	// Elements is the type of what a list or a map with free keys holds.
	Elements *Type `json:"elements,omitempty"`
	// Defaults are what the API takes missing keys for.
	Defaults map[string]any `json:"defaults,omitempty"`

	// named is the type that Ref names.
	named *Type
}

// Schema are the types of the API's objects.
type Schema struct {
	// Kinds are the types by "apiVersion/kind".
	Kinds map[string]*Type `json:"kinds"`
	Types map[string]*Type `json:"types"`
}

//go:embed types.json
var content []byte

var schema = sync.OnceValue(func() *Schema {
	var s Schema
	// The content is part of the program.
	if err := json.Unmarshal(content, &s); err != nil {
		panic(err)
	}
	for _, t := range s.Kinds {
		s.resolve(t)
	}
	for _, t := range s.Types {
		s.resolve(t)
	}
	return &s
})

func (s *Schema) resolve(t *Type) {
	if t == nil {
		return
	}
	t.named = s.Types[t.Ref]
	for _, field := range t.Fields {
		s.resolve(field)
	}
	s.resolve(t.Elements)
}

// Of returns the type of the objects of a kind, and whether the kind is known: those of CRDs are not.
func Of(apiVersion, kind string) (*Type, bool) {
	t, ok := schema().Kinds[apiVersion+"/"+kind]
	return t, ok
}

// definition is where the type is told.
func (t *Type) definition() *Type {
	if t != nil && t.named != nil {
		return t.named
	}
	return t
}

// IsQuantity is whether the field's text is a resource.Quantity.
func (t *Type) IsQuantity() bool {
	d := t.definition()
	return d != nil && d.Quantity
}

// IsWhole is whether the map changes as a whole.
func (t *Type) IsWhole() bool {
	if t == nil {
		return false
	}
	whole := cmp.Or(t.Whole, t.definition().Whole)
	return whole != nil && *whole
}

// Field returns the type of a field of a map.
func (t *Type) Field(key string) *Type {
	d := t.definition()
	if d == nil || d.List != "" {
		return nil
	}
	if field, ok := d.Fields[key]; ok {
		return field
	}
	return d.Elements
}

// Items returns the type of a list's elements.
func (t *Type) Items() *Type {
	if d := t.definition(); d != nil && d.List != "" {
		return d.Elements
	}
	return nil
}

// Matching returns how the elements of a list are matched, and for a Map by which keys and with which defaults for those that are
// missing. It is empty for what is no list.
func (t *Type) Matching() (how string, keys []string, defaults map[string]any) {
	d := t.definition()
	if d == nil {
		return "", nil, nil
	}
	return d.List, d.Keys, d.Defaults
}
