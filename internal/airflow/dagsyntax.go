package airflow

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// dagSyntax warns of DAG files that Python cannot read, where a Python is at hand that
// can tell.
type dagSyntax struct{}

var _ validator.Map = dagSyntax{}

// Description says what is looked at.
func (dagSyntax) Description(context.Context) string {
	return "Python's syntax is checked where python3 is on PATH"
}

// MarkdownDescription says what is looked at.
func (v dagSyntax) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateMap warns of each file that Python cannot read.
func (dagSyntax) ValidateMap(ctx context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	files := req.ConfigValue.Elements()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text, ok := files[name].(types.String)
		if !ok || text.IsNull() || text.IsUnknown() || !strings.HasSuffix(name, ".py") {
			continue
		}
		if message := validate.PythonSyntax(ctx, text.ValueString()); message != "" {
			resp.Diagnostics.AddAttributeWarning(req.Path.AtMapKey(name), "Python cannot read the DAG file", message+"\n\n"+validate.OtherPython)
		}
	}
}
