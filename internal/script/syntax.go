package script

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// maxCode is what a ConfigMap may hold, in bytes.
const maxCode = 1 << 20

func codeSize() validate.Text {
	return validate.Text{
		Allowed: "a program of at most 1 MiB",
		Check: func(s string) error {
			if len(s) > maxCode {
				return fmt.Errorf("it has %d bytes. Put it into an image, or let it fetch what is large", len(s))
			}
			if strings.TrimSpace(s) == "" {
				return fmt.Errorf("it is empty")
			}
			return nil
		},
		Forms: [2]string{"standin = 'a'", "standin = 'b'"},
	}
}

// pythonSyntax warns of Python that cannot be read, where a Python is at hand that
// can tell. It may be of another version than the one of the pods, so it is no error.
type pythonSyntax struct{}

var _ validator.String = pythonSyntax{}

// Description says what is looked at.
func (pythonSyntax) Description(context.Context) string {
	return "Python's syntax is checked where python3 is on PATH"
}

// MarkdownDescription says what is looked at.
func (v pythonSyntax) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString warns of a program that Python cannot read.
func (pythonSyntax) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	code := req.ConfigValue.ValueString()
	if isExecutable(code) || len(code) > maxCode {
		return
	}
	if message := validate.PythonSyntax(ctx, code); message != "" {
		resp.Diagnostics.AddAttributeWarning(req.Path, "Python cannot read the script", message+"\n\n"+validate.OtherPython)
	}
}
