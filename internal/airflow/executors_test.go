package airflow_test

import (
	"os"
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// TestAccAirflowExecutors brings up an Airflow that runs tasks in the scheduler's
// pod and in pods of their own, uses it, and makes it again.
func TestAccAirflowExecutors(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.configure(dags(map[string]string{"hello.py": hello}) + `executors = ["LocalExecutor", "KubernetesExecutor"]
  workers   = { resources = { requests = { cpu = "10m", memory = "200Mi" } }, pod_labels = { tier = "task" } }
  variables   = { greeting = "hello" }
  connections = { warehouse = { type = "postgres", host = "dw", login = "me", password_wo = "p@ss/w:rd", password_wo_version = "1" } }`)
	s.Apply("-target=analytics_minio.lake").Succeeds()
	created := s.Apply().Succeeds().Output
	empty := s.PlansNothing().Output

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
	s.Apply().Succeeds()
	s.PlansNothing()
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
