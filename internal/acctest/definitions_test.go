package acctest

import (
	"strings"
	"testing"
)

// TestAccPodMonitors has the API server check the PodMonitors of all products by the schema of the Prometheus operator.
func TestAccPodMonitors(t *testing.T) {
	c := Connect(t)
	w, namespace := NewWorkspace(t), c.Namespace(t)
	configure := func(patches string) {
		w.Configure(`
provider "analytics" {
  config_path = %[1]q
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = %[2]q
  pools     = [{ servers = 1, size = "300Mi" }]
  metrics   = { pod_monitor = true }
  tls       = { secret = "tls" }
}

resource "analytics_mlflow" "track" {
  name      = "track"
  namespace = %[2]q
  users     = { prometheus = {} }
  metrics   = { pod_monitor = true, user = "prometheus" }
  %[3]s
  %[4]s
}

resource "analytics_spark_job" "etl" {
  name      = "etl"
  namespace = %[2]q
  main_file = "local:///opt/etl.py"
  metrics   = { pod_monitor = true }
}

resource "analytics_airflow" "flow" {
  name      = "flow"
  namespace = %[2]q
  metrics   = { statsd = { pod_monitor = true } }
}
`, c.Kubeconfig, namespace, mlflowStandard, patches)
	}
	c.Install(t, PodMonitors)
	configure("")
	plan := w.Plan().Succeeds().SaysNot("could not be checked")
	for _, key := range []string{"PodMonitor/servers", "PodMonitor/server", "PodMonitor/driver", "PodMonitor/statsd"} {
		if !strings.Contains(plan.Output, key) {
			t.Errorf("the plan lacks %s", key)
		}
	}
	// What the schema does not know is refused: so it is the schema that the others passed.
	configure(`patches = { "PodMonitor/server" = jsonencode({ spec = { podMetricsEndpoints = [{ port = "http", path = "/metrics", secret = "x" }] } }) }`)
	w.Plan().Fails().Says("PodMonitor/server", "secret")
}
