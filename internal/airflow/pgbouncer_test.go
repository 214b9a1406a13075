package airflow

import (
	"strings"
	"testing"

	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
)

// With PgBouncer, servers know the way through it alone, and what holds a session that
// to the database alone.
func TestWhoGoesThroughPgBouncer(t *testing.T) {
	m := pooled(minimal(), &PgBouncer{})
	m.DBClean = &DBClean{Cron: "@daily"}
	rendering, diags := render(m, environment())
	if diags.HasError() {
		t.Fatal(diags)
	}
	keys := map[string]string{}
	for _, o := range rendering.Objects {
		var spec *corev1ac.PodSpecApplyConfiguration
		switch object := o.Manifest.(type) {
		case *appsv1ac.DeploymentApplyConfiguration:
			spec = object.Spec.Template.Spec
		case *batchv1ac.JobApplyConfiguration:
			spec = object.Spec.Template.Spec
		case *batchv1ac.CronJobApplyConfiguration:
			spec = object.Spec.JobTemplate.Spec.Template.Spec
		default:
			continue
		}
		for _, c := range append(spec.InitContainers, spec.Containers...) {
			for _, e := range c.Env {
				if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil && *e.ValueFrom.SecretKeyRef.Name == "flow-database" {
					keys[o.Key+" "+*c.Name] += *e.ValueFrom.SecretKeyRef.Key
				}
			}
		}
	}
	for container, want := range map[string]string{
		"Deployment/api-server api-server": "pgbouncer_url", "Deployment/scheduler scheduler": "pgbouncer_url", "Deployment/dag-processor dag-processor": "pgbouncer_url",
		"Deployment/triggerer triggerer": "pgbouncer_url", "Deployment/pgbouncer pgbouncer": "password",
		"Job/migrate migrate": "url", "Job/migrate backup": "url", "Job/admin admin": "url", "CronJob/db-clean db-clean": "url",
	} {
		if keys[container] != want {
			t.Errorf("%s reads %q of the Secret, want %q", container, keys[container], want)
		}
		delete(keys, container)
	}
	for container, key := range keys {
		t.Errorf("%s reads %s", container, key)
	}
}

// PgBouncer asks for no less TLS than libpq would.
func TestTLSOfPgBouncer(t *testing.T) {
	authority := &connection.SecretKey{Name: "ca"}
	for name, test := range map[string]struct {
		mode *string
		ca   *connection.SecretKey
		want []string
	}{
		"by default":          {nil, nil, []string{"server_tls_sslmode = prefer"}},
		"encrypted":           {new("require"), nil, []string{"server_tls_sslmode = require"}},
		"with an authority":   {new("require"), authority, []string{"server_tls_sslmode = verify-ca", "server_tls_ca_file = /etc/database-ca/ca.crt"}},
		"with the host, too":  {new("verify-full"), authority, []string{"server_tls_sslmode = verify-full", "server_tls_ca_file = /etc/database-ca/ca.crt"}},
		"with a quoted name":  {new("disable"), nil, []string{"metadata = host=db port=5432 dbname='it''s' pool_size=10"}},
		"with stats for some": {nil, nil, []string{"stats_users = airflow"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := pooled(minimal(), &PgBouncer{})
			m.Database = &postgres.Database{External: &postgres.External{Host: "db", Name: new("it's"), PasswordWOVersion: new("1"), SSLMode: test.mode, CASecret: test.ca}}
			rendering, diags := render(m, environment())
			if diags.HasError() {
				t.Fatal(diags)
			}
			for _, o := range rendering.Objects {
				c, ok := o.Manifest.(*corev1ac.ConfigMapApplyConfiguration)
				if !ok || o.Key != keyPgBouncer {
					continue
				}
				for _, line := range test.want {
					if !strings.Contains(c.Data[pgBouncerFile], "\n"+line+"\n") {
						t.Errorf("there is no line %q in\n%s", line, c.Data[pgBouncerFile])
					}
				}
				return
			}
			t.Error("there is no configuration")
		})
	}
}
