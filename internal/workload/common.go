package workload

import "strings"

// Common is what every resource has. The models of all products embed it.
type Common struct {
	ID                 *string                      `tfsdk:"id"`
	Name               string                       `tfsdk:"name"`
	Namespace          *string                      `tfsdk:"namespace"`
	Labels             map[string]string            `tfsdk:"labels"`
	Annotations        map[string]string            `tfsdk:"annotations"`
	Objects            map[string]map[string]string `tfsdk:"objects"`
	Impact             []string                     `tfsdk:"impact"`
	Ready              *bool                        `tfsdk:"ready"`
	Cluster            *string                      `tfsdk:"cluster"`
	Rendering          *int64                       `tfsdk:"rendering"`
	Adopt              *bool                        `tfsdk:"adopt"`
	ForceConflicts     *bool                        `tfsdk:"force_conflicts"`
	AllowClusterChange *bool                        `tfsdk:"allow_cluster_change"`
	DeletionPolicy     *string                      `tfsdk:"deletion_policy"`
	DeletionProtection *bool                        `tfsdk:"deletion_protection"`
	Ignore             []Ignore                     `tfsdk:"ignore"`
	Wait               *Wait                        `tfsdk:"wait"`
	Patches            map[string]string            `tfsdk:"patches"`
	Timeouts           *Timeouts                    `tfsdk:"timeouts"`
}

// CommonFields gives the engine the fields that every resource has.
func (c *Common) CommonFields() *Common { return c }

// namespaceInState is that of the objects. The provider's default, which a
// resource may have it from, can have changed since.
func (c *Common) namespaceInState() string {
	namespace, _, _ := strings.Cut(*c.ID, "/")
	return namespace
}

// Ignore names leaves that others may change. Empty fields match all.
type Ignore struct {
	Kind *string `tfsdk:"kind"`
	Name *string `tfsdk:"name"`
	Path string  `tfsdk:"path"`
}

// Wait says what happens when the objects do not become ready in time.
type Wait struct {
	OnFailure *string `tfsdk:"on_failure"`
}

// Timeouts are durations such as "10m".
type Timeouts struct {
	Create *string `tfsdk:"create"`
	Read   *string `tfsdk:"read"`
	Update *string `tfsdk:"update"`
	Delete *string `tfsdk:"delete"`
}
