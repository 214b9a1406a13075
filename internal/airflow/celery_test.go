package airflow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/airflow"
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
// cleaned, reconciles pools, and rotates the Fernet key, which the workers do not read. In
// the end it moves to a broker that is there already, with PgBouncer before the database.
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
  `
	embedded := attributes + `broker = { embedded = { size = "64Mi", resources = { requests = { cpu = "10m" } } } }`
	s.configure(embedded + `
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
	s.reconcilesPools(t, c, embedded+"\n")
	if workers := s.pods("celery-small"); len(workers) != 2 {
		t.Errorf("the autoscaler, which wants two workers, has made %d", len(workers))
	}
	s.rotates(t, embedded, []string{"api-server", "execution-api-server", "scheduler", "dag-processor"}, []string{"celery-small", "celery-large", "broker", "database"})
	s.movesBroker(attributes + `keys = { fernet = { rotate = "1" } }
`)
}

// movesBroker has a Redis that is not the provider's in place of the embedded one, and
// PgBouncer before the database, which then keeps the results of Celery.
func (s *stand) movesBroker(attributes string) {
	s.t.Helper()
	const password, encoded = `p@ss:w/rd`, `p%40ss%3Aw%2Frd`
	s.start("queue", 999, corev1.Container{
		Image: airflow.DefaultRedisImage, Command: []string{"redis-server", "--requirepass", password}, WorkingDir: "/data",
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(6379)}}, PeriodSeconds: 2, TimeoutSeconds: 10},
	}, 6379)
	s.ready("queue")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "queue"}, StringData: map[string]string{"url": "redis://:" + encoded + "@queue:6379/0"}}
	if _, err := s.c.CoreV1().Secrets(s.namespace).Create(s.t.Context(), secret, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	s.configure(attributes + `broker = { external = { url_secret = { name = "queue" } } }
  pgbouncer = { result_backend_pool_size = 3, resources = { requests = { cpu = "10m" } } }`)
	s.Apply().Succeeds()
	s.PlansNothing()
	if pods := s.pods("broker"); len(pods) != 0 {
		s.t.Errorf("%d pods of the embedded broker are left", len(pods))
	}

	c := s.login()
	run := c.trigger("queues")
	c.succeeds("queues", run)
	c.logged("queues", run, "say", "the small one said small", "s3://logs/flow/")
	// Celery itself has the way to its results. The task has nothing else.
	c.logged("queues", run, "say_large", "the large one said large", "it holds ['AIRFLOW__CELERY__RESULT_BACKEND']")

	pools, err := s.c.Exec(s.t.Context(), s.namespace, s.pods("database")[0].Name, nil, "env", "PGPASSWORD="+string(s.secret("flow-database")["password"]),
		"psql", "-XAtq", "-h", "flow-pgbouncer", "-p", "6543", "-U", "airflow", "-d", "pgbouncer", "-c", "show pools")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, pool := range []string{"metadata|airflow|", "results|airflow|"} {
		if !slices.ContainsFunc(strings.Fields(pools), func(line string) bool { return strings.HasPrefix(line, pool) }) {
			s.t.Errorf("there is no pool %s: %s", pool, pools)
		}
	}
	queues, err := s.c.Exec(s.t.Context(), s.namespace, "queue", nil, "redis-cli", "--no-auth-warning", "-a", password, "keys", "_kombu.binding.*")
	if err != nil || !strings.Contains(queues, "train") {
		s.t.Errorf("the broker has the queues %q, %v", queues, err)
	}
}
