package workload

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// A value that is not known yet is rendered twice, with two different stand-ins.
// Whatever differs between the two renderings depends on it.

// StandIns is implemented by validators of strings whose values have a form: they
// give two values that have it.
type StandIns interface {
	StandIn() [2]string
}

// ReplaceUnknown returns value with every unknown in it replaced by its stand-in
// number n (0 or 1), and whether there was any. attribute gives the schema's
// attribute at a path; what is at a path that absent chooses becomes null instead.
func ReplaceUnknown(value tftypes.Value, n int, attribute func(*tftypes.AttributePath) (any, error), absent func(*tftypes.AttributePath) bool) (tftypes.Value, bool, error) {
	found := false
	out, err := tftypes.Transform(value, func(p *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		found = true
		forms := [2]string{"standin-a", "standin-b"}
		if absent != nil && absent(p) {
			return tftypes.NewValue(v.Type(), nil), nil
		}
		if a, err := attribute(p); err == nil {
			if _, isGroup := v.Type().(tftypes.Object); isGroup && n == 0 && isOptional(a) {
				return tftypes.NewValue(v.Type(), nil), nil
			}
			forms = standInForms(a, forms)
		} else if a, err := attribute(p.WithoutLastStep()); err == nil {
			forms = elementForms(a, forms)
		}
		return standIn(v.Type(), forms, n)
	})
	return out, found, err
}

func standInForms(a any, fallback [2]string) [2]string {
	var validators []validator.String
	if v, ok := a.(interface{ StringValidators() []validator.String }); ok {
		validators = v.StringValidators()
	}
	for _, v := range validators {
		if s, ok := v.(StandIns); ok {
			return s.StandIn()
		}
	}
	return fallback
}

// ElementStandIns is implemented by validators of lists and maps of strings whose
// elements have a form.
type ElementStandIns interface {
	ElementStandIn() [2]string
}

// elementForms are those of an element of a list or map.
func elementForms(a any, fallback [2]string) [2]string {
	var validators []any
	switch a := a.(type) {
	case interface{ ListValidators() []validator.List }:
		for _, v := range a.ListValidators() {
			validators = append(validators, v)
		}
	case interface{ SetValidators() []validator.Set }:
		for _, v := range a.SetValidators() {
			validators = append(validators, v)
		}
	case interface{ MapValidators() []validator.Map }:
		for _, v := range a.MapValidators() {
			validators = append(validators, v)
		}
	}
	for _, v := range validators {
		if s, ok := v.(ElementStandIns); ok {
			return s.ElementStandIn()
		}
	}
	return fallback
}

// standIn builds a value of the type: scalars differ between 0 and 1, collections
// are empty for 0 and hold one element for 1. Groups of attributes that may be
// absent are so for 0.
func standIn(t tftypes.Type, forms [2]string, n int) (tftypes.Value, error) {
	switch {
	case t.Is(tftypes.String):
		return tftypes.NewValue(t, forms[n]), nil
	case t.Is(tftypes.Number):
		return tftypes.NewValue(t, big.NewFloat(float64(n+1))), nil
	case t.Is(tftypes.Bool):
		return tftypes.NewValue(t, n == 1), nil
	}
	switch typ := t.(type) {
	case tftypes.List:
		return standInElements(t, typ.ElementType, forms, n)
	case tftypes.Set:
		return standInElements(t, typ.ElementType, forms, n)
	case tftypes.Map:
		elements := map[string]tftypes.Value{}
		if n == 1 {
			e, err := standIn(typ.ElementType, forms, n)
			if err != nil {
				return tftypes.Value{}, err
			}
			elements[forms[n]] = e
		}
		return tftypes.NewValue(t, elements), nil
	case tftypes.Object:
		attributes := map[string]tftypes.Value{}
		for name, at := range typ.AttributeTypes {
			v, err := standIn(at, forms, n)
			if err != nil {
				return tftypes.Value{}, err
			}
			attributes[name] = v
		}
		return tftypes.NewValue(t, attributes), nil
	}
	return tftypes.Value{}, fmt.Errorf("no stand-in for a value of type %s", t)
}

func standInElements(t, element tftypes.Type, forms [2]string, n int) (tftypes.Value, error) {
	elements := []tftypes.Value{}
	if n == 1 {
		e, err := standIn(element, forms, n)
		if err != nil {
			return tftypes.Value{}, err
		}
		elements = append(elements, e)
	}
	return tftypes.NewValue(t, elements), nil
}

func isOptional(a any) bool {
	f, ok := a.(interface{ IsOptional() bool })
	return ok && f.IsOptional()
}

// isComputed reports whether only the provider sets the attribute.
func isComputed(a any) bool {
	f, ok := a.(interface {
		IsComputed() bool
		IsOptional() bool
	})
	return ok && f.IsComputed() && !f.IsOptional()
}

// isWriteOnly reports whether the attribute's value stands in the configuration
// alone.
func isWriteOnly(a any) bool {
	f, ok := a.(interface{ IsWriteOnly() bool })
	return ok && f.IsWriteOnly()
}

// attributeAt looks the attribute at a path up; ok is false for what is no
// attribute, such as an element of a list.
func attributeAt(ctx context.Context, s schema.Schema, p *tftypes.AttributePath) (any, bool) {
	steps := p.Steps()
	if len(steps) == 0 {
		return nil, false
	}
	if _, isName := steps[len(steps)-1].(tftypes.AttributeName); !isName {
		return nil, false
	}
	a, err := s.AttributeAtTerraformPath(ctx, p)
	if err != nil {
		return nil, false
	}
	return a, true
}

// inputs returns value with the computed attributes set to null and the
// write-only ones taken from config.
func inputs(ctx context.Context, s schema.Schema, value, config tftypes.Value) (tftypes.Value, error) {
	return tftypes.Transform(withoutObjects(value), func(p *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		a, ok := attributeAt(ctx, s, p)
		switch {
		case !ok:
			return v, nil
		case isComputed(a):
			return tftypes.NewValue(v.Type(), nil), nil
		case isWriteOnly(a) && !config.IsNull():
			found, _, err := tftypes.WalkAttributePath(config, p)
			if err != nil {
				// A parent is absent from the configuration, so the value is too.
				return v, nil //nolint:nilerr // absent means null
			}
			if w, ok := found.(tftypes.Value); ok {
				return w, nil
			}
		}
		return v, nil
	})
}

// setComputed returns value with each computed attribute outside of skip taken
// from the two encoded models: what is equal in both is known, the rest unknown.
func setComputed(ctx context.Context, s schema.Schema, value, a, b tftypes.Value, skip map[string]bool) (tftypes.Value, error) {
	return tftypes.Transform(value, func(p *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		at, ok := attributeAt(ctx, s, p)
		if !ok || !isComputed(at) {
			return v, nil
		}
		steps := p.Steps()
		if name, isName := steps[0].(tftypes.AttributeName); isName && skip[string(name)] {
			return v, nil
		}
		va, _, errA := tftypes.WalkAttributePath(a, p)
		vb, _, errB := tftypes.WalkAttributePath(b, p)
		if errA != nil || errB != nil {
			return tftypes.NewValue(v.Type(), tftypes.UnknownValue), nil //nolint:nilerr // absent in one of both: not known
		}
		return mergeKnown(va.(tftypes.Value), vb.(tftypes.Value)), nil //nolint:forcetypeassert // paths of values lead to values
	})
}

// mergeKnown keeps what is equal in both and marks the rest unknown, attribute by
// attribute within objects.
func mergeKnown(a, b tftypes.Value) tftypes.Value {
	if a.Equal(b) {
		return a
	}
	t, isObject := a.Type().(tftypes.Object)
	if !isObject || a.IsNull() || b.IsNull() {
		return tftypes.NewValue(a.Type(), tftypes.UnknownValue)
	}
	var fa, fb map[string]tftypes.Value
	if a.As(&fa) != nil || b.As(&fb) != nil {
		return tftypes.NewValue(a.Type(), tftypes.UnknownValue)
	}
	merged := map[string]tftypes.Value{}
	for name := range t.AttributeTypes {
		merged[name] = mergeKnown(fa[name], fb[name])
	}
	return tftypes.NewValue(t, merged)
}
