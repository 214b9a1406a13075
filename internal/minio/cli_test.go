package minio_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// TestAccCLIMinIO brings up a small MinIO, looks for its credentials in all that
// the CLI writes, and imports it, with its configuration and without.
func TestAccCLIMinIO(t *testing.T) {
	l := newLake(t)
	s := defaults()
	s.pools = `{ servers = 1, drives = 4, size = "100Mi" }`
	s.extra = `
  deletion_policy  = "Delete"
  root_credentials = { password_wo = "Root0Nasturtium7Quagmire", password_wo_version = "1" }
}
output "s3" {
  value = analytics_minio.lake.users["ingest"].s3`
	l.configure(s)
	created := l.Apply().Succeeds().Says("usable_bytes", "acc-").Output
	secrets := map[string]string{
		"root": "Root0Nasturtium7Quagmire", "the user ingest": string(l.secret("lake-user-ingest")["secret_key"]),
	}
	if string(l.secret("lake-root")["MINIO_ROOT_PASSWORD"]) != secrets["root"] || secrets["the user ingest"] == "" {
		t.Fatal("the Secrets do not hold the credentials: the test proves nothing")
	}
	empty := l.PlansNothing().Output
	for where, text := range map[string]string{
		"the apply": created, "the plan": empty, "the state": l.ReadFile("terraform.tfstate"), "the shown state": l.Run("show", "-json").Succeeds().Stdout,
	} {
		for name, secret := range secrets {
			if form := acctest.Spilled(text, secret); form != "" {
				t.Errorf("%s holds the credential of %s %s", where, name, form)
			}
		}
	}

	id := l.namespace + "/lake"
	if err := os.Remove(filepath.Join(l.Dir, "terraform.tfstate")); err != nil {
		t.Fatal(err)
	}
	l.Import("analytics_minio.lake", id).Succeeds()
	// The outputs are no part of an import.
	l.Apply().Succeeds().Says("0 added, 0 changed, 0 destroyed")
	l.PlansNothing()

	w := acctest.NewWorkspace(t)
	w.Configure("provider \"analytics\" {\n  config_path = %q\n}\n\nimport {\n  to = analytics_minio.lake\n  id = %q\n}\n", l.c.Kubeconfig, id)
	w.Plan("-generate-config-out=generated.tf").Succeeds().Says("Plan: 1 to import, 0 to add, 0 to change, 0 to destroy")
	w.Apply().Succeeds()
	w.PlansNothing()
	w.Destroy().Succeeds()
	if n := len(l.pods()); n != 0 {
		t.Errorf("%d pods are left after the destroy", n)
	}
}
