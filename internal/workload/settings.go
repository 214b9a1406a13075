package workload

import (
	"sync/atomic"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// Settings is what the provider's configuration means to the resources.
type Settings struct {
	// Cluster connects on first use. Its error says what is wrong with the
	// provider's configuration.
	Cluster func() (*kube.Cluster, error)
	// Unknown names the provider's attributes whose values are not known yet.
	// While there are any, nothing is asked of the cluster.
	Unknown []string
	// Environments are added to every rendering. They are the same, unless
	// something in them is not known yet: then they have different stand-ins for it.
	Environments [2]Environment
	// Ignore is added to the resource's own list.
	Ignore []Ignore
	// PlanChecks is "off", "warn" or "error".
	PlanChecks string
	// ShortCreatePlan leaves objects unknown when a resource is created.
	ShortCreatePlan bool
	// applying is set once a change is applied with these settings: what the CLI plans after that was planned, and checked, before.
	applying atomic.Bool
	// namespaces are those that the plans of these settings make or change.
	namespaces plannedNamespaces
}

// Values of Settings.PlanChecks.
const (
	PlanChecksOff   = "off"
	PlanChecksWarn  = "warn"
	PlanChecksError = "error"
)
