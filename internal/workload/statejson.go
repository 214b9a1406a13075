package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// stateJSON encodes a state for the claim. Write-only values are never in it.
func stateJSON(value tftypes.Value) ([]byte, error) {
	plain, err := toPlain(value)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

func toPlain(value tftypes.Value) (any, error) {
	if value.IsNull() || !value.IsKnown() {
		return nil, nil //nolint:nilnil // null is a value
	}
	t := value.Type()
	switch {
	case t.Is(tftypes.String):
		var s string
		err := value.As(&s)
		return s, err
	case t.Is(tftypes.Bool):
		var b bool
		err := value.As(&b)
		return b, err
	case t.Is(tftypes.Number):
		n := new(big.Float)
		err := value.As(&n)
		return json.Number(n.Text('f', -1)), err
	}
	var elements []tftypes.Value
	if value.As(&elements) == nil {
		out := make([]any, len(elements))
		for i, e := range elements {
			plain, err := toPlain(e)
			if err != nil {
				return nil, err
			}
			out[i] = plain
		}
		return out, nil
	}
	var members map[string]tftypes.Value
	if err := value.As(&members); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(members))
	for name, member := range members {
		plain, err := toPlain(member)
		if err != nil {
			return nil, err
		}
		out[name] = plain
	}
	return out, nil
}

// stateValue decodes what stateJSON made, for a schema that may have changed
// since: attributes that are gone are left out, new ones are null.
func stateValue(content []byte, t tftypes.Type) (tftypes.Value, error) {
	var plain any
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&plain); err != nil {
		return tftypes.Value{}, err
	}
	return fromPlain(plain, t)
}

func fromPlain(plain any, t tftypes.Type) (tftypes.Value, error) {
	if plain == nil {
		return tftypes.NewValue(t, nil), nil
	}
	switch typ := t.(type) {
	case tftypes.Object:
		members, ok := plain.(map[string]any)
		if !ok {
			return tftypes.Value{}, fmt.Errorf("an object was expected, not %T", plain)
		}
		out := make(map[string]tftypes.Value, len(typ.AttributeTypes))
		for name, at := range typ.AttributeTypes {
			v, err := fromPlain(members[name], at)
			if err != nil {
				return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
			}
			out[name] = v
		}
		return tftypes.NewValue(t, out), nil
	case tftypes.Map:
		members, ok := plain.(map[string]any)
		if !ok {
			return tftypes.Value{}, fmt.Errorf("a map was expected, not %T", plain)
		}
		out := make(map[string]tftypes.Value, len(members))
		for name, member := range members {
			v, err := fromPlain(member, typ.ElementType)
			if err != nil {
				return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
			}
			out[name] = v
		}
		return tftypes.NewValue(t, out), nil
	case tftypes.List:
		return fromPlainElements(plain, t, typ.ElementType)
	case tftypes.Set:
		return fromPlainElements(plain, t, typ.ElementType)
	}
	if n, ok := plain.(json.Number); ok {
		f, _, err := big.ParseFloat(n.String(), 10, 512, big.ToNearestEven)
		if err != nil {
			return tftypes.Value{}, err
		}
		plain = f
	}
	if err := tftypes.ValidateValue(t, plain); err != nil {
		return tftypes.Value{}, err
	}
	return tftypes.NewValue(t, plain), nil
}

func fromPlainElements(plain any, t, element tftypes.Type) (tftypes.Value, error) {
	elements, ok := plain.([]any)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("a list was expected, not %T", plain)
	}
	out := make([]tftypes.Value, len(elements))
	for i, e := range elements {
		v, err := fromPlain(e, element)
		if err != nil {
			return tftypes.Value{}, fmt.Errorf("%d: %w", i, err)
		}
		out[i] = v
	}
	return tftypes.NewValue(t, out), nil
}
