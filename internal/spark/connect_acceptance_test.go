package spark_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// configureConnect writes the configuration of a Connect server and, where trigger is
// not "", of a client that asks it something.
func (s *stand) configureConnect(trigger string) {
	s.t.Helper()
	client := ""
	if trigger != "" {
		client = fmt.Sprintf(`
resource "analytics_ingestion" "index" {
  name       = "index"
  namespace  = %[1]q
  image      = "localhost/package-index:1"
  continuous = { port = 8080 }
  resources  = { requests = { cpu = "10m" } }
}

resource "analytics_ingestion" "client" {
  name         = "client"
  namespace    = %[1]q
  once         = { triggers = { n = %[2]q } }
  env          = { SPARK_REMOTE = analytics_spark_connect.connect.endpoint }
  resources    = { requests = { cpu = "10m" }, limits = { memory = "1Gi" } }
  requirements = {
    packages  = ["pyspark-client==4.1.2", "pandas==2.3.3"]
    index_url = "http://${analytics_ingestion.index.endpoint}/simple"
    cache     = { size = "1Gi" }
  }
  script = <<-EOT
    import os
    from pyspark.sql import SparkSession, functions as F
    spark = SparkSession.builder.getOrCreate()
    sums = spark.range(1000, numPartitions=4).groupBy((F.col("id") %% 3).alias("k")).agg(F.sum("id").alias("sum")).orderBy("k").collect()
    with open(os.environ["OUTPUT_FILE"], "w") as f:
        print([r["sum"] for r in sums], end="", file=f)
    spark.stop()
  EOT
}
`, s.namespace, trigger)
	}
	s.Configure(`
provider "analytics" {
  config_path = %q
}

resource "analytics_spark_connect" "connect" {
  name      = "connect"
  namespace = %q
  image     = %q
  metrics   = {}
  %s
}
%s
`, s.c.Kubeconfig, s.namespace, sparkImage, strings.NewReplacer("instances = 2", "instances = 1", `"spark.ui.enabled"               = "false"`, "").Replace(sizes), client)
}

// TestAccSparkConnect asks a Connect server with the client from PyPI, which has nothing
// of Spark and no Java, before and after the server has crashed and its pod was lost.
func TestAccSparkConnect(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	s.configureConnect("")
	began := time.Now()
	s.Apply().Succeeds()
	t.Logf("the server was there after %.0f s", time.Since(began).Seconds())
	s.PlansNothing()
	if got, want := s.Attributes("analytics_spark_connect.connect")["endpoint"], "sc://connect."+s.namespace+".svc.cluster.local:15002"; got != want {
		t.Errorf("the endpoint is %v, want %s", got, want)
	}
	asks := func(trigger string) {
		t.Helper()
		s.configureConnect(trigger)
		s.Apply().Succeeds()
		s.PlansNothing()
		result, _ := s.Attributes("analytics_ingestion.client")["result"].(map[string]any)
		if result["output"] != "[166833, 166167, 166500]" {
			t.Errorf("client %s got %v", trigger, result["output"])
		}
	}
	asks("1")
	s.measures()

	// The program of a container that starts anew meets the executors of the former one.
	driver := s.awaitRunning("connect", "driver", 1)[0]
	first := s.awaitRunning("connect", "executor", 1)[0]
	if _, err := s.c.Exec(t.Context(), s.namespace, driver, nil, "pkill", "-KILL", "java"); err != nil {
		t.Fatal(err)
	}
	s.replaced(first)
	asks("2")
	if again := s.awaitRunning("connect", "driver", 1)[0]; again != driver {
		t.Errorf("the pod is %s now, and was %s", again, driver)
	}

	second := s.awaitRunning("connect", "executor", 1)[0]
	s.kill(driver)
	s.replaced(second)
	asks("3")
	acctest.Eventually(t, time.Minute, func() string {
		for name := range s.pods("connect", "executor") {
			if name == first || name == second {
				return name + " is left of a driver that is gone"
			}
		}
		return ""
	})
	s.Destroy().Succeeds()
	acctest.Eventually(t, time.Minute, func() string {
		if n := len(s.pods("connect", "executor")); n > 0 {
			return fmt.Sprintf("%d executors outlive the resource", n)
		}
		return ""
	})
}

// measures reads the metrics of the driver and of its executors.
func (s *stand) measures() {
	s.t.Helper()
	cluster, err := kube.New(s.c.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	driver := s.awaitRunning("connect", "driver", 1)[0]
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return cluster.Dial(ctx, s.namespace, driver, 4040)
	}}}
	defer client.CloseIdleConnections()
	for path, metric := range map[string]string{
		"/metrics/prometheus": "metrics_connect_driver_BlockManager_memory_maxMem_MB_Value", "/metrics/executors/prometheus": "metrics_executor_completedTasks_total",
	} {
		answer, err := client.Get("http://driver:4040" + path)
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(text), metric) {
			s.t.Errorf("%s: %s, %v, and no %s in\n%s", path, answer.Status, err, metric, text)
		}
	}
}

// replaced waits until another executor runs in place of one.
func (s *stand) replaced(executor string) {
	s.t.Helper()
	acctest.Eventually(s.t, 3*time.Minute, func() string {
		for name, p := range s.pods("connect", "executor") {
			if name != executor && p.Status.Phase == "Running" && p.DeletionTimestamp == nil {
				return ""
			}
		}
		return "no executor has taken the place of " + executor
	})
}
