// Package validate holds validators of the field's own formats. Each says what is
// wrong, what is allowed and how to fix it, and gives stand-ins for values that are
// not known at plan.
package validate

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Text validates a string by a function that returns what is wrong with it.
type Text struct {
	// Allowed says which values are, for people.
	Allowed string
	// Check returns an error that says what is wrong, nil if nothing is.
	Check func(string) error
	// Forms are two different values that are allowed.
	Forms [2]string
}

var _ validator.String = Text{}

// Description says which values are allowed.
func (v Text) Description(context.Context) string { return "value must be " + v.Allowed }

// MarkdownDescription is the description.
func (v Text) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// StandIn gives two values for use in place of one that is not known yet.
func (v Text) StandIn() [2]string { return v.Forms }

// ValidateString reports a value that is not allowed.
func (v Text) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.Check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", "The value must be "+v.Allowed+": "+err.Error()+".")
	}
}
