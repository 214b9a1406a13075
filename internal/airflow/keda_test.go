package airflow_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// burst is a DAG with two tasks at once, each of which fills a worker.
const burst = `
import time
from airflow.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def burst():
    @task
    def one():
        time.sleep(45)
        print("it was", "one")

    @task
    def other():
        time.sleep(45)
        print("it was", "other")

    [one(), other()]

burst()
`

// TestAccAirflowKEDA has KEDA choose the number of Celery workers: none while there is
// nothing to do, else as many as there are tasks. They pass to a HorizontalPodAutoscaler
// and come back. No other pods than KEDA's may connect to the Airflow.
func TestAccAirflowKEDA(t *testing.T) {
	acctest.Long(t)
	t.Parallel()
	acctest.Connect(t).KEDA(t)
	s := newStand(t)
	const (
		keda   = `min = 0, max = 2, keda = { polling_interval = "5s", cooldown_period = "20s" }`
		kedas  = "keda-hpa-flow-celery-w"
		byLoad = `min = 1, max = 2, cpu_percent = 80`
		ours   = "flow-celery-w"
	)
	scaled := func(autoscaling string) {
		t.Helper()
		s.configure(dags(map[string]string{"burst.py": burst}) + fmt.Sprintf(`executors = ["CeleryExecutor"]
  triggerer = { replicas = 0 }
  broker = { embedded = { size = "64Mi", resources = { requests = { cpu = "10m" } } } }
  celery_workers = { w = { concurrency = 1, grace_period = "1m", resources = { requests = { cpu = "10m" } }, autoscaling = { %s } } }
  network_policy = { ingress = [{ peers = [{ namespace_labels = { "kubernetes.io/metadata.name" = %q } }], ports = [{ port = 5432 }] }] }
`, autoscaling, acctest.KEDANamespace))
		s.Apply().Succeeds().SaysNot("The API server warns")
	}
	s.configure("")
	s.Apply("-target=analytics_minio.lake").Succeeds()
	scaled(keda)
	s.workers(0)
	s.PlansNothing()

	c := s.login()
	run := c.trigger("burst")
	s.workers(2)
	s.PlansNothing()
	c.succeeds("burst", run)
	for _, task := range []string{"one", "other"} {
		c.logged("burst", run, task, "it was "+task, "s3://logs/flow/")
	}
	s.workers(0)
	s.PlansNothing()
	s.autoscalers(kedas)

	scaled(byLoad)
	s.workers(1)
	s.PlansNothing()
	s.autoscalers(ours)

	scaled(keda)
	s.workers(0)
	s.PlansNothing()
	s.autoscalers(kedas)
	s.Destroy("-target=analytics_airflow.flow").Succeeds()
}

// workers waits until there are so many workers, whether they work already or not.
func (s *stand) workers(want int) {
	s.t.Helper()
	acctest.Eventually(s.t, 4*time.Minute, func() string {
		if got := len(s.pods("celery-w")); got != want {
			return fmt.Sprintf("there are %d workers, not %d", got, want)
		}
		return ""
	})
}

// autoscalers waits until the HorizontalPodAutoscalers are these.
func (s *stand) autoscalers(want ...string) {
	s.t.Helper()
	acctest.Eventually(s.t, time.Minute, func() string {
		list, err := s.c.AutoscalingV2().HorizontalPodAutoscalers(s.namespace).List(s.t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		var got []string
		for _, a := range list.Items {
			got = append(got, a.Name)
		}
		if !slices.Equal(got, want) {
			return fmt.Sprintf("the autoscalers are %v, not %v", got, want)
		}
		return ""
	})
}
