package workload

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The framework walks all values of a resource whenever it sets one attribute, and
// looks the schema up for each. Nearly all values are leaves in objects, so what is
// done for every resource of a plan takes those out first.

// rootsOf returns a copy of the attributes at the root of a value, nil where it has
// none: null and unknown values.
func rootsOf(value tftypes.Value) map[string]tftypes.Value {
	var roots map[string]tftypes.Value
	if value.IsNull() || !value.IsKnown() || value.As(&roots) != nil {
		return nil
	}
	return maps.Clone(roots)
}

// withoutObjects returns the value with its attribute objects set to null.
func withoutObjects(value tftypes.Value) tftypes.Value {
	old, there := rootsOf(value)["objects"]
	if !there || old.IsNull() {
		return value
	}
	return withRoot(value, "objects", tftypes.NewValue(old.Type(), nil))
}

// withRoot returns the value with that attribute at its root.
func withRoot(value tftypes.Value, name string, attribute tftypes.Value) tftypes.Value {
	roots := rootsOf(value)
	roots[name] = attribute
	return tftypes.NewValue(value.Type(), roots)
}

// objectsOf returns the attribute objects of a value, nil while it is null. ok is
// false where a part of it is unknown.
func objectsOf(value tftypes.Value) (objects map[string]map[string]string, ok bool) {
	attribute, there := rootsOf(value)["objects"]
	if !there || attribute.IsNull() {
		return nil, true
	}
	var elements map[string]tftypes.Value
	if !attribute.IsKnown() || attribute.As(&elements) != nil {
		return nil, false
	}
	objects = make(map[string]map[string]string, len(elements))
	for key, element := range elements {
		var texts map[string]tftypes.Value
		if !element.IsKnown() || element.As(&texts) != nil {
			return nil, false
		}
		leaves := make(map[string]string, len(texts))
		for path, value := range texts {
			var text string
			if !value.IsKnown() || value.As(&text) != nil {
				return nil, false
			}
			leaves[path] = text
		}
		objects[key] = leaves
	}
	return objects, true
}
