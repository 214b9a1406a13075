package airflow_test

import (
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// short is hello with the task alone that needs nothing else.
const short = `
from airflow.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def hello():
    @task
    def say():
        print("it said", "hello")

    say()

hello()
`

// TestAccAirflowUpgrade kills an apply while it migrates, upgrades Airflow while a task
// runs, and goes back to the backup from before the upgrade.
func TestAccAirflowUpgrade(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	local := dags(map[string]string{"hello.py": short, "slow.py": slow}) + "triggerer = { replicas = 0 }\n"
	s.configure(local + `version = "3.2.2"`)
	s.Apply("-target=analytics_minio.lake").Succeeds()

	killed := s.Command("apply", "-auto-approve", "-no-color")
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	acctest.Eventually(t, 3*time.Minute, func() string {
		for _, p := range s.pods("migrate") {
			if p.Status.Phase == corev1.PodRunning {
				return ""
			}
		}
		return "no migration runs"
	})
	if err := syscall.Kill(-killed.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	s.Apply().Succeeds()
	s.PlansNothing()

	c := s.login()
	before := c.trigger("hello")
	c.succeeds("hello", before)

	s.configure(local)
	plan := s.Plan().Succeeds()
	plan.Says(`BACKUP_NAME].value"`, `"before-3.2.2" -> "before-3.3.2"`, "Job/migrate", "docker.io/apache/airflow:3.2.2", "docker.io/apache/airflow:3.3.2")
	during := c.trigger("slow")
	c.scheduler("slow", during, "say")
	s.Apply().Succeeds()
	s.PlansNothing()
	c = s.login()
	c.succeeds("slow", during)
	if state := c.runs("hello")[before]; state != "success" {
		t.Errorf("after the upgrade, the run from before is %q", state)
	}
	after := c.trigger("hello")
	c.succeeds("hello", after)

	s.configure(local + `version = "3.2.2"`)
	s.Plan().Fails().Says("Airflow cannot go back to an older version", `database.restore_from = "before-3.3.2"`)
	s.restore = "before-3.3.2"
	s.configure(local + `version = "3.2.2"`)
	s.Apply().Succeeds()
	s.PlansNothing()
	c = s.login()
	if runs := c.runs("hello"); runs[before] != "success" || runs[after] != "" {
		t.Errorf("after the restore, the runs are %v: that from before the backup must be there, and that from after it not", runs)
	}
}
