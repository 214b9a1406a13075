package validate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// Owned refuses a setting of some kind, such as a variable, that the provider makes
// itself. by is the attribute that it follows from, empty where there is none.
func Owned(at path.Path, kind, name, by string) diag.Diagnostic {
	if by == "" {
		return diag.NewAttributeErrorDiagnostic(at, fmt.Sprintf("The %s is the provider's own", kind), fmt.Sprintf("The provider sets %s itself. Remove it.", name))
	}
	return diag.NewAttributeErrorDiagnostic(at, fmt.Sprintf("The %s is set by an attribute of its own", kind), fmt.Sprintf("%s follows from %s. Remove it, and set %s instead.", name, by, by))
}

// OwnedKeys refuses those of a map's settings that have an owner: the attribute that they
// follow from, or none.
func OwnedKeys[V any](at path.Path, kind string, settings map[string]V, owners map[string]string) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if by, owned := owners[name]; owned {
			diags.Append(Owned(at.AtMapKey(name), kind, name, by))
		}
	}
	return diags
}
