package airflow_test

import (
	"fmt"
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// queues is a DAG with a task for each of two groups of workers, each of which says
// where it ran.
const queues = `
import os
from airflow.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def queues():
    @task
    def say():
        print("the small one said", os.environ["GROUP"])

    @task(queue="train")
    def say_large():
        print("the large one said", os.environ["GROUP"])
        print("it holds", sorted(name for name, value in os.environ.items() if "postgresql" in value or "FERNET" in name or "JWT" in name))

    say() >> say_large()

queues()
`

// TestAccAirflowCelery runs tasks in two groups of Celery workers, of which an autoscaler
// chooses the number, and which have API servers of their own. It has the database
// cleaned, reconciles pools, and rotates the Fernet key, which the workers do not read.
func TestAccAirflowCelery(t *testing.T) {
	acctest.Long(t)
	t.Parallel()
	s := newStand(t)
	receives := s.collector(t)
	attributes := fmt.Sprintf("metrics = { otlp = { endpoint = %q, interval = \"5s\" } }\n", receives.endpoint) + dags(map[string]string{"queues.py": queues}) + `executors = ["CeleryExecutor"]
  triggerer = { replicas = 0 }
  execution_api_server = { resources = { requests = { cpu = "10m" } } }
  db_clean = { cron = "0 0 1 1 *", older_than_days = 1 }
  celery_workers = {
    small = { concurrency = 1, autoscaling = { min = 2, max = 2, cpu_percent = 80 }, resources = { requests = { cpu = "10m" } }, env = { GROUP = "small" } }
    large = { concurrency = 1, resources = { requests = { cpu = "10m" } }, queues = ["train"], env = { GROUP = "large" } }
  }
  broker = { embedded = { size = "64Mi", resources = { requests = { cpu = "10m" } } } }`
	s.configure(attributes + `
  pools = { default_pool = { slots = 64 }, "nightly loads" = { slots = 2, description = "the warehouse takes no more", include_deferred = true } }`)
	s.Apply("-target=analytics_minio.lake").Succeeds()
	s.Apply().Succeeds()
	s.PlansNothing()

	c := s.login()
	run := c.trigger("queues")
	c.succeeds("queues", run)
	c.logged("queues", run, "say", "the small one said small", "s3://logs/flow/")
	c.logged("queues", run, "say_large", "the large one said large", "it holds []", "s3://logs/flow/")

	receives.has("scheduler.heartbeat", "ti.finish")

	password := string(s.secret("flow-broker")["password"])
	if len(password) < 32 {
		t.Fatalf("the broker's password has %d characters", len(password))
	}
	if form := acctest.Spilled(s.ReadFile("terraform.tfstate"), password); form != "" {
		t.Errorf("the state holds the broker's password %s", form)
	}

	s.cleans(t, c, run)
	s.reconcilesPools(t, c, attributes+"\n")
	if workers := s.pods("celery-small"); len(workers) != 2 {
		t.Errorf("the autoscaler, which wants two workers, has made %d", len(workers))
	}
	s.rotates(t, attributes, []string{"api-server", "execution-api-server", "scheduler", "dag-processor"}, []string{"celery-small", "celery-large", "broker", "database"})
}
