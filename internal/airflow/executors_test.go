package airflow_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// broken is a DAG file that needs what no image has.
const broken = `
import nosuch
from airflow.sdk import dag
`

// TestAccAirflowExecutors brings up an Airflow that runs tasks in the scheduler's
// pod and in pods of their own, uses it, and makes it again.
func TestAccAirflowExecutors(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	configure := func(files map[string]string) {
		t.Helper()
		s.configure(dags(files) + `executors = ["LocalExecutor", "KubernetesExecutor"]
  workers   = { resources = { requests = { cpu = "10m", memory = "200Mi" } }, pod_labels = { tier = "task" } }
  variables   = { greeting = "hello" }
  connections = { warehouse = { type = "postgres", host = "dw", login = "me", password_wo = "p@ss/w:rd", password_wo_version = "1" } }`)
	}
	configure(map[string]string{"hello.py": hello, "broken.py": broken})
	s.Apply("-target=analytics_minio.lake").Succeeds()
	const unread = "broken.py: ModuleNotFoundError: No module named 'nosuch'"
	created := s.Apply().Succeeds().Says("DAG files cannot be imported", unread).Output
	empty := s.PlansNothing().Says("DAG files cannot be imported", unread).Output
	whole, _ := s.Attributes("analytics_airflow.flow")["import_errors"].(map[string]any)
	if text, _ := whole["broken.py"].(string); !strings.Contains(text, "Traceback") || len(whole) != 1 {
		t.Errorf("import_errors is %v", whole)
	}

	c := s.login()
	run := c.trigger("hello")
	c.succeeds("hello", run)
	c.logged("hello", run, "say", "it said hello", "s3://logs/flow/")
	c.logged("hello", run, "say_in_pod", "the pod said hello", "it opens", "s3://logs/flow/")
	if pods := s.tasks(); len(pods) == 0 {
		t.Error("no task ran in a pod of its own")
	}

	// A secret is in Secrets and nowhere else.
	keys, database := s.secret("flow-keys"), s.secret("flow-database")
	for name, value := range map[string][]byte{
		"administrator": s.secret("flow-admin")["password"], "database": database["password"], "Fernet": keys["fernet"], "JWT": keys["jwt_secret"], "session": keys["api_secret_key"],
	} {
		if len(value) < 32 {
			t.Errorf("the key %s has %d characters", name, len(value))
			continue
		}
		for where, text := range map[string]string{"the apply": created, "the plan": empty, "the state": s.ReadFile("terraform.tfstate"), "the shown state": s.Run("show", "-json").Succeeds().Stdout} {
			if form := acctest.Spilled(text, string(value)); form != "" {
				t.Errorf("%s holds the secret %s %s", where, name, form)
			}
		}
	}

	// History and credentials outlive the resource.
	password := string(s.secret("flow-admin")["password"])
	s.Destroy("-target=analytics_airflow.flow").Succeeds()
	if pods := s.pods("scheduler"); len(pods) != 0 {
		t.Errorf("%d schedulers are left after the destroy", len(pods))
	}
	configure(map[string]string{"hello.py": hello})
	s.Apply().Succeeds()
	acctest.Eventually(t, 2*time.Minute, func() string {
		if said := s.PlansNothing().Output; strings.Contains(said, "cannot be imported") {
			return said
		}
		return ""
	})
	if got := string(s.secret("flow-admin")["password"]); got != password {
		t.Error("the administrator has another password after the resource was made again")
	}
	c = s.login()
	if state := c.runs("hello")[run]; state != "success" {
		t.Errorf("the run from before is %q", state)
	}

	// The state can be lost.
	if err := os.Remove(s.Dir + "/terraform.tfstate"); err != nil {
		t.Fatal(err)
	}
	s.Import("analytics_minio.lake", s.namespace+"/lake").Succeeds()
	s.Import("analytics_airflow.flow", s.namespace+"/flow").Succeeds()
	s.PlansNothing()
}
