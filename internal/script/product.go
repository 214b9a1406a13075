package script

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DefaultPython is the version of Python of the default image.
const DefaultPython = "3.13"

const (
	ingestionName  = "ingestion"
	automationName = "automation"
)

// IngestionProduct is analytics_ingestion.
func IngestionProduct() workload.Product[Ingestion] {
	return workload.Product[Ingestion]{
		Name: ingestionName,
		Schema: func() schema.Schema {
			return schema.Schema{
				MarkdownDescription: "A program of a team's own, in Python or in any image, that brings data into the platform: run once, on a schedule or all the time.",
				Attributes:          attributes(),
			}
		},
		Render: func(m *Ingestion, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
			return render(&m.Script, access{}, ingestionName, env)
		},
		Status: run.Status(func(m *Ingestion) (*run.State, run.Source) { return &m.State, m.runs() }),
	}
}

// AutomationProduct is analytics_automation.
func AutomationProduct() workload.Product[Automation] {
	return workload.Product[Automation]{
		Name: automationName,
		Schema: func() schema.Schema {
			all := attributes()
			maps.Copy(all, accessAttributes())
			return schema.Schema{
				MarkdownDescription: "A script of a team's own that calls APIs such as those of Power BI, Azure or Databricks, with credentials that stand in no state: " +
					"run once, on a schedule or all the time.",
				Attributes: all,
			}
		},
		Render: func(m *Automation, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
			return render(&m.Script, access{m.Entra, m.Databricks, m.HTTP, m.Egress}, automationName, env)
		},
		Status: run.Status(func(m *Automation) (*run.State, run.Source) { return &m.State, m.runs() }),
	}
}

// runs says where the runs are found.
func (s *Script) runs() run.Source {
	source := run.Source{Container: container}
	switch {
	case s.Once != nil:
		source.Job = keyJob
	case s.Schedule != nil:
		source.CronJob = keyCronJob
		source.Schedule = *s.Schedule
	}
	return source
}
