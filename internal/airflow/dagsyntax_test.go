package airflow

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestDAGSyntax(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3 on PATH")
	}
	files := types.MapValueMust(types.StringType, map[string]attr.Value{
		"good.py": types.StringValue("x = 1\n"), "bad.py": types.StringValue("def f(:\n"), "notes.txt": types.StringValue("def f(:\n"), "later.py": types.StringUnknown(),
	})
	var resp validator.MapResponse
	dagSyntax{}.ValidateMap(t.Context(), validator.MapRequest{Path: path.Root("dags"), ConfigValue: files}, &resp)
	if len(resp.Diagnostics) != 1 || resp.Diagnostics.HasError() {
		t.Fatalf("want one warning: %v", resp.Diagnostics)
	}
	if detail := resp.Diagnostics[0].Detail(); !strings.Contains(detail, "line 1") {
		t.Errorf("the warning says %q", detail)
	}
}
