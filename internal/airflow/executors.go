package airflow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Executors by their names in Airflow.
const (
	localExecutor      = "LocalExecutor"
	celeryExecutor     = "CeleryExecutor"
	kubernetesExecutor = "KubernetesExecutor"
)

var executors = []string{localExecutor, celeryExecutor, kubernetesExecutor}

// dropped are executors of Airflow 2 that 3 has no more, and what takes their place.
var dropped = map[string]string{
	"SequentialExecutor":       `Use "LocalExecutor".`,
	"DebugExecutor":            `Use "LocalExecutor", or dag.test() in a Python program.`,
	"DaskExecutor":             `Use "KubernetesExecutor".`,
	"LocalKubernetesExecutor":  `List both instead: ["LocalExecutor", "KubernetesExecutor"].`,
	"CeleryKubernetesExecutor": `List both instead: ["CeleryExecutor", "KubernetesExecutor"].`,
}

// executorName validates the name of an executor.
type executorName struct{}

// Description implements validator.String.
func (executorName) Description(context.Context) string {
	return "must be one of " + strings.Join(executors, ", ")
}

// MarkdownDescription implements validator.String.
func (v executorName) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString implements validator.String.
func (executorName) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	name := req.ConfigValue.ValueString()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || slices.Contains(executors, name) {
		return
	}
	if instead, known := dropped[name]; known {
		resp.Diagnostics.AddAttributeError(req.Path, "Airflow 3 has no such executor", fmt.Sprintf("%s was dropped. %s", name, instead))
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "There is no such executor", fmt.Sprintf("%q is none of %s.", name, strings.Join(executors, ", ")))
}

func (m *Model) executors() []string {
	if len(m.Executors) == 0 {
		return []string{localExecutor}
	}
	return m.Executors
}

// startsPods reports whether tasks run in pods of their own.
func (m *Model) startsPods() bool { return slices.Contains(m.executors(), kubernetesExecutor) }
