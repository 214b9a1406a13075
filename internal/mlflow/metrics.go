package mlflow

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Metrics are for Prometheus.
type Metrics struct {
	PodMonitor *bool   `tfsdk:"pod_monitor"`
	User       *string `tfsdk:"user"`
}

const (
	// metricsPath is the same with a static prefix.
	metricsPath = "/metrics"
	// metricsDirectory is where the processes of a server add up what they count.
	metricsDirectory = "/tmp/metrics"
)

func metricsAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Metrics of the servers in Prometheus' format, at `" + metricsPath + "` of each pod, for whoever signs in. The servers then also answer to private IPv4 addresses as the " +
			"header `Host`, by which Prometheus reaches pods. Default: none.",
		Attributes: map[string]schema.Attribute{
			"pod_monitor": expose.PodMonitorAttribute("It needs `user`. "),
			"user": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.RegexMatches(declaredUserForm, "must be the name of one of users")},
				MarkdownDescription: "The one of `users` as which Prometheus signs in. It needs no permissions.",
			},
		},
	}
}

func (m *Metrics) monitored() bool { return m != nil && ptr.Deref(m.PodMonitor, false) }

// checkMetrics refuses a PodMonitor that could not sign in, and a user that nothing signs in as.
func checkMetrics(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.Metrics == nil {
		return nil
	}
	at := path.Root("metrics").AtName("user")
	user := m.Metrics.User
	switch {
	case user == nil && m.Metrics.monitored():
		diags.AddAttributeError(at, "Prometheus could not sign in", "The metrics are for whoever signs in. Add a user to users, and name it here.")
	case user != nil && !m.Metrics.monitored():
		diags.AddAttributeError(at, "Nothing signs in as the user", "user is for the PodMonitor. Set pod_monitor = true, or remove user.")
	case user != nil:
		if _, declared := m.Users[*user]; !declared {
			diags.AddAttributeError(at, "The user does not exist", undeclared(m, *user))
		}
	}
	return diags
}

func podMonitor(m *Model, n names) workload.Object {
	key := func(key string) map[string]any {
		return map[string]any{"name": n.of("user-" + ptr.Deref(m.Metrics.User, "")), "key": key}
	}
	return expose.PodMonitor("server", n.resource, n.env.Namespace, n.selector(serverComponent), map[string]any{
		"port": "http", "path": metricsPath, "basicAuth": map[string]any{"username": key(userKey), "password": key(passwordKey)},
	})
}
