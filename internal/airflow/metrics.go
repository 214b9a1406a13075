package airflow

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Metrics say where Airflow sends what it counts: to one of them.
type Metrics struct {
	OTLP   *OTLP   `tfsdk:"otlp"`
	StatsD *StatsD `tfsdk:"statsd"`
}

// OTLP is a receiver of OpenTelemetry.
type OTLP struct {
	Endpoint string  `tfsdk:"endpoint"`
	Interval *string `tfsdk:"interval"`
}

// metricsSeconds is how often metrics are sent.
const metricsSeconds = 60

var otlpEndpoint = validate.Text{
	Allowed: "a URL that begins with http:// or https:// and has no credentials and no query",
	Forms:   [2]string{"http://standin-a.invalid:4318", "http://standin-b.invalid:4318"},
	Check: func(s string) error {
		u, err := url.Parse(s)
		switch {
		case err != nil:
			return errors.New("it is no URL")
		case !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "":
			return errors.New("it does not begin with http:// or https:// and a host")
		case u.User != nil:
			return errors.New("it holds credentials, which every pod and the state would show")
		case u.RawQuery != "" || u.Fragment != "":
			return errors.New("it has a query or a fragment")
		}
		return nil
	},
}

func metricsAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Send metrics of all components, and of the processes of tasks: to `otlp` or to `statsd`, since Airflow knows one way at a time. Airflow 3.2 and later can. Default: none.",
		Attributes: map[string]schema.Attribute{
			"statsd": statsDAttribute(),
			"otlp": schema.SingleNestedAttribute{
				Optional: true, Validators: []validator.Object{objectvalidator.ExactlyOneOf(path.MatchRelative().AtParent().AtName("statsd"))},
				MarkdownDescription: "A receiver of OpenTelemetry's protocol over HTTP, such as a collector, or Prometheus with `--web.enable-otlp-receiver`. Credentials go into the variable " +
					"`OTEL_EXPORTER_OTLP_HEADERS`, by `env_from_keys`.",
				Attributes: map[string]schema.Attribute{
					"endpoint": schema.StringAttribute{
						Required: true, Validators: []validator.String{otlpEndpoint},
						MarkdownDescription: "URL to which `/v1/metrics` is added, such as `http://collector.monitoring:4318`, or `http://prometheus.monitoring:9090/api/v1/otlp`.",
					},
					"interval": schema.StringAttribute{
						Optional: true, Validators: []validator.String{validate.Duration()},
						MarkdownDescription: fmt.Sprintf("How often metrics are sent. Default: `%ds`.", metricsSeconds),
					},
				},
			},
		},
	}
}

// metricVariables are those of every container of Airflow.
func (m *Model) metricVariables(n names) map[string]string {
	switch {
	case m.Metrics == nil:
		return nil
	case m.Metrics.StatsD != nil:
		return statsDVariables(n)
	case m.Metrics.OTLP == nil:
		return nil
	}
	o := m.Metrics.OTLP
	seconds := int64(metricsSeconds)
	if o.Interval != nil {
		seconds = run.Seconds(*o.Interval)
	}
	endpoint, err := url.JoinPath(o.Endpoint, "v1", "metrics")
	if err != nil {
		return nil // which the validator has refused
	}
	return map[string]string{
		optionVariable("metrics", "otel_on"):  "True",
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": endpoint,
		"OTEL_METRIC_EXPORT_INTERVAL":         fmt.Sprint(seconds * 1000),
		"OTEL_SERVICE_NAME":                   n.resource,
		"OTEL_RESOURCE_ATTRIBUTES":            "k8s.namespace.name=" + n.env.Namespace,
	}
}
