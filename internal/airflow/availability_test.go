package airflow_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// slow is a DAG with a task that outlives the scheduler that runs it.
const slow = `
import time
from airflow.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def slow():
    @task
    def say():
        time.sleep(45)
        print("it said", "slow")

    say()

slow()
`

// TestAccAirflowAvailability begins with an image that does not exist. Then it kills the
// scheduler that runs a task, and takes API servers away under load: by an eviction, as
// when a node is drained, and by a change of their memory. In the end the administrator
// gets another password.
func TestAccAirflowAvailability(t *testing.T) {
	acctest.Long(t)
	t.Parallel()
	s := newStand(t)
	configure := func(more string) {
		t.Helper()
		s.configure(dags(map[string]string{"slow.py": slow}) + `triggerer = { replicas = 0 }
  scheduler = { replicas = 2 }
  env = {
    AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD         = "15"
    AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL            = "15"
    AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT          = "30"
    AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_DETECTION_INTERVAL = "5"
  }
  ` + more)
	}
	const absent = "docker.io/apache/airflow:0.0.0"
	configure(`image = "` + absent + `"`)
	s.Apply("-target=analytics_minio.lake").Succeeds()
	s.Apply().Fails().Says("Job/migrate", "ErrImagePull", absent, "Correct the image's name and tag")
	password := string(s.secret("flow-database")["password"])

	configure(`api_server = { replicas = 2 }`)
	s.Apply().Succeeds()
	s.PlansNothing()
	if string(s.secret("flow-database")["password"]) != password {
		t.Error("the database has another password after an apply that failed")
	}

	c := s.login()
	run := c.trigger("slow")
	owner := c.scheduler("slow", run, "say")
	killed := time.Now()
	if err := s.c.CoreV1().Pods(s.namespace).Delete(t.Context(), owner, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))}); err != nil {
		t.Fatal(err)
	}
	c.starts("slow", run, "say", 2)
	t.Logf("%s after its scheduler was killed, the task runs in the other one", time.Since(killed).Round(time.Second))
	c.succeeds("slow", run)
	t.Logf("%s after its scheduler was killed, the run has succeeded", time.Since(killed).Round(time.Second))

	servers := selector("api-server")
	s.c.AwaitReady(t, s.namespace, servers, 2)
	s.underLoad("an eviction", func() {
		s.c.Evict(t, s.pods("api-server")[0])
		s.c.AwaitReady(t, s.namespace, servers, 2)
	})
	s.underLoad("a change of the memory", func() {
		configure(`api_server = { replicas = 2, resources = { requests = { cpu = "10m", memory = "210Mi" } } }`)
		s.Plan().Succeeds().Says("rolls the 2 pods of Deployment/api-server, each replaced when its successor is ready")
		s.Apply().Succeeds()
	})
	s.PlansNothing()

	former := map[string]string{"username": "admin", "password": string(s.secret("flow-admin")["password"])}
	configure(`api_server = { replicas = 2, resources = { requests = { cpu = "10m", memory = "210Mi" } } }
  admin = { rotate = "1" }`)
	s.Apply().Succeeds()
	s.PlansNothing()
	if err := s.login().try(http.MethodPost, "/auth/token", former, nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with the former password of the administrator: %v, want that 401 is answered", err)
	}
}

// scheduler waits until a task runs, and returns the name of the pod of the scheduler
// that it runs in.
func (c *client) scheduler(dag, run, task string) string {
	c.s.t.Helper()
	var host string
	acctest.Eventually(c.s.t, 2*time.Minute, func() string {
		time.Sleep(time.Second)
		i, err := c.instance(dag, run, task)
		if err != nil {
			return err.Error()
		}
		host = i.Host
		if i.State != "running" || host == "" {
			return "the task is " + i.State
		}
		return ""
	})
	for _, p := range c.s.pods("scheduler") {
		if p.Status.PodIP == host {
			return p.Name
		}
	}
	c.s.t.Fatalf("the task runs at %s, which is no scheduler", host)
	return ""
}

// starts waits until a task runs for the given time.
func (c *client) starts(dag, run, task string, try int) {
	c.s.t.Helper()
	acctest.Eventually(c.s.t, 5*time.Minute, func() string {
		time.Sleep(time.Second)
		i, err := c.instance(dag, run, task)
		switch {
		case err != nil:
			return err.Error()
		case i.State == "failed":
			c.s.t.Fatalf("the task has failed in try %d", i.Try)
		case i.State != "running" || i.Try < try:
			return "the task is " + i.State
		}
		return ""
	})
}

type taskInstance struct {
	State string `json:"state"`
	Host  string `json:"hostname"`
	Try   int    `json:"try_number"`
}

func (c *client) instance(dag, run, task string) (out taskInstance, err error) {
	return out, c.try(http.MethodGet, "/api/v2/dags/"+dag+"/dagRuns/"+run+"/taskInstances/"+task, nil, &out)
}

// underLoad does something while a client asks the API all the time.
func (s *stand) underLoad(what string, do func()) {
	s.t.Helper()
	load := s.c.StartLoad(s.t, s.namespace, "http://flow:8080/api/v2/version")
	do()
	for answer := range load.End(what, 50) {
		if !strings.Contains(answer, `"version"`) {
			s.t.Errorf("%s: an answer is %s", what, answer)
		}
	}
}
