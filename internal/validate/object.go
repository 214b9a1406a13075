package validate

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Complete asks for every attribute of an object but the given ones. The framework's
// own check of required attributes fails for objects that are not known yet.
func Complete(optional ...string) validator.Object { return complete{optional} }

type complete struct{ optional []string }

// Description says what is asked for.
func (v complete) Description(context.Context) string {
	if len(v.optional) == 0 {
		return "all attributes must be set"
	}
	return "all attributes but " + strings.Join(v.optional, ", ") + " must be set"
}

// MarkdownDescription says what is asked for.
func (v complete) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateObject adds a diagnostic for each attribute that is missing.
func (v complete) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	attributes := req.ConfigValue.Attributes()
	var names []string
	for name := range attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if attributes[name].IsNull() && !slices.Contains(v.optional, name) {
			resp.Diagnostics.AddAttributeError(req.Path.AtName(name), "A part of a connection is missing",
				name+" is not set. Refer to the output of the resource that provides the connection, which has all of it, or set it.")
		}
	}
}
