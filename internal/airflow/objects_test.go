package airflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"gotest.tools/v3/golden"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/autoscale"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/credential"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/requirements"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func minimal() *Model { return &Model{Common: workload.Common{Name: "flow"}} }

func full() *Model {
	return &Model{
		Common:    workload.Common{Name: "flow"},
		Settings:  pod.Settings{Env: map[string]string{"GREETING": "hello"}, NodeSelector: map[string]string{"disk": "ssd"}},
		Version:   new("3.2.2"),
		Image:     new("registry.example.com/airflow:3.2.2-ours"),
		Executors: []string{localExecutor, kubernetesExecutor},
		Database: &postgres.Database{External: &postgres.External{
			Host: "db.example.com", Port: new(int64(6432)), Name: new("meta data"), User: new("air@flow"), SSLMode: new("verify-full"),
			PasswordSecret: &connection.SecretKey{Namespace: new("databases"), Name: "airflow", Version: new("2")},
			CASecret:       &connection.SecretKey{Name: "db-ca"},
		}},
		PgBouncer: &PgBouncer{
			Replicas: new(int64(2)), Image: new("registry.example.com/pgbouncer:1.24"), MaxClientConn: new(int64(200)), MetadataPoolSize: new(int64(20)),
			Config: map[string]string{"log_connections": "1"}, Settings: pod.Settings{NodeSelector: map[string]string{"pool": "near"}},
		},
		DAGs:   map[string]string{"hello.py": "print()\n"},
		Logs:   &connection.S3{Endpoint: "http://lake.data.svc.cluster.local:9000", Region: "eu-central-1", Bucket: new("logs"), Namespace: "data", Secret: "lake-user-airflow", Version: "1"},
		Config: map[string]map[string]string{"core": {"parallelism": "8"}, "api": {"workers": "2"}},
		Connections: map[string]Connection{
			"warehouse": {Type: "postgres", Host: new("dw.example.com"), Port: new(int64(5432)), Login: new("load@er"), PasswordWO: new("a"), PasswordWOVersion: new("1"), Schema: new("dwh"), Extra: new(`{"sslmode":"require"}`)},
			"open":      {Type: "google_cloud_platform"},
			"git":       {Type: "git", PasswordWO: new("a"), PasswordWOVersion: new("1")},
		},
		Variables:  map[string]string{"stage": "test"},
		DAGBundles: map[string]Bundle{"team": {Repository: "https://example.com/dags.git", Ref: new("v1"), Subdir: new("dags"), Connection: new("git"), RefreshInterval: new(int64(300))}},
		Admin:      &Admin{User: new("root"), Email: new("root@example.com"), Password: credential.Password{PasswordWO: new("correct horse"), PasswordWOVersion: new("2")}},
		APIServer: &APIServer{Component: Component{Replicas: new(int64(2)), Settings: pod.Settings{
			Resources: &pod.Resources{Limits: &pod.Amounts{Memory: new("3Gi")}}, Env: map[string]string{"GREETING": "bye"},
		}}},
		Metrics:     &Metrics{OTLP: &OTLP{Endpoint: "http://prometheus.monitoring:9090/api/v1/otlp/", Interval: new("30s")}},
		Execution:   &APIServer{Component: Component{Replicas: new(int64(3))}},
		DBClean:     &DBClean{Cron: "0 3 * * 0", OlderThanDays: new(int64(30)), Tables: []string{"log", "dag_run"}},
		LogGrooming: &LogGrooming{RetentionDays: new(int64(7)), Interval: new("1h")},
		Triggerer:   &Component{Replicas: new(int64(0))},
		Workers:     &Workers{Settings: pod.Settings{NodeSelector: map[string]string{"pool": "tasks"}}},
		BaseURL:     new("https://data.example.com/airflow/"),
		Service:     &expose.Service{Type: new("LoadBalancer"), ClusterIP: new("10.96.0.50"), NodePort: new(int64(30900)), Annotations: map[string]string{"example.com/internal": "true"}},
		Ingress:     &expose.Ingress{Host: "data.example.com", Class: new("nginx"), TLSSecret: new("data-tls"), Annotations: map[string]string{"example.com/body-size": "0"}},
	}
}

// celery has two groups of workers beside pods of tasks.
func celery() *Model {
	return &Model{
		Common:    workload.Common{Name: "flow"},
		Executors: []string{celeryExecutor, kubernetesExecutor},
		DAGs:      map[string]string{"hello.py": "print()\n"},
		CeleryWorkers: map[string]CeleryWorkers{
			"small": {Autoscaling: &CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Max: 5}, KEDA: &KEDA{CooldownPeriod: new("2m")}}},
			"spare": {Queues: []string{"rare"}, Autoscaling: &CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Min: 2, Max: 3, CPU: new(int64(70))}}},
			"large": {Queues: []string{"train", "score"}, Concurrency: new(int64(1)), Replicas: new(int64(2)), GracePeriod: new("2h"), Settings: pod.Settings{NodeSelector: map[string]string{"gpu": "yes"}}},
		},
		Requirements: &requirements.Requirements{Packages: []string{"pandas==2.3.3"}, IndexURL: new("https://pypi.example.com/simple")},
		Metrics:      &Metrics{StatsD: &StatsD{Mappings: new("mappings: [{match: a.*, name: a, labels: {b: $1}}]"), PodMonitor: new(true)}},
		APIServer:    &APIServer{Autoscaling: &autoscale.Autoscaling{Min: 1, Max: 4, CPU: new(int64(80))}},
		Keys:         &Keys{Fernet: &Key{Rotate: new("2")}, Session: &Key{Rotate: new("1")}},
		Broker:       &Broker{Embedded: &Redis{Size: new("2Gi"), StorageClass: new("fast"), Image: new("registry.example.com/redis:8"), Rotate: new("1")}},
	}
}

// rabbit has a broker of somebody else.
func rabbit() *Model {
	return &Model{
		Common: workload.Common{Name: "flow"}, Executors: []string{celeryExecutor},
		Broker:    &Broker{External: &ExternalBroker{URLSecret: &connection.SecretKey{Name: "rabbit", Key: new("amqp")}}},
		PgBouncer: &PgBouncer{ResultBackendPoolSize: new(int64(3))},
	}
}

func environment() workload.Environment {
	return workload.Environment{Namespace: "data", ClusterDomain: "cluster.local"}
}

func TestRenderGolden(t *testing.T) {
	for name, m := range map[string]*Model{"minimal": minimal(), "full": full(), "celery": celery(), "rabbit": rabbit()} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := render(m, environment())
			if diags.HasError() {
				t.Fatal(diags)
			}
			var got bytes.Buffer
			for _, o := range rendering.Objects {
				text, err := yaml.Marshal(o.Manifest)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "--- # %s, stage %d, keep %t, run key %q\n%s", o.Key, o.Stage, o.Keep, o.RunKey, text)
			}
			text, err := yaml.Marshal(map[string]any{"url": m.URL, "admin_secret": m.AdminSecret})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "--- # not objects\n%s", text)
			golden.Assert(t, got.String(), name+".yaml")
		})
	}
}

// Executor pods run what DAGs say: they must not hold what opens the database or
// what Airflow encrypts and signs with.
func TestWorkersHoldNoSecrets(t *testing.T) {
	m := minimal()
	m.Executors = []string{kubernetesExecutor}
	rendering, diags := render(m, environment())
	if diags.HasError() {
		t.Fatal(diags)
	}
	for _, o := range rendering.Objects {
		if o.Key != keyPodTemplate {
			continue
		}
		text, err := yaml.Marshal(o.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"flow-keys", "flow-database", "flow-admin", "SQL_ALCHEMY", "FERNET", "JWT", "automountServiceAccountToken: true"} {
			if strings.Contains(string(text), part) {
				t.Errorf("the pods of tasks hold %s:\n%s", part, text)
			}
		}
		return
	}
	t.Error("there is no template of the pods")
}

// So do Celery workers, but for what they need: the queues, and the key with which
// the API server asks for the logs of running tasks.
func TestCeleryWorkersHoldFewSecrets(t *testing.T) {
	for name, test := range map[string]struct {
		m    *Model
		want []string
	}{
		"embedded":             {celery(), []string{"flow-broker/url", "flow-keys/api_secret_key"}},
		"external":             {pooled(rabbit(), nil), []string{"flow-broker/url", "flow-database/url", "flow-keys/api_secret_key"}},
		"pooled":               {rabbit(), []string{"flow-broker/url", "flow-database/pgbouncer_results_url", "flow-keys/api_secret_key"}},
		"results of their own": {withResults(pooled(rabbit(), nil)), []string{"flow-broker/url", "flow-keys/api_secret_key"}},
	} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := render(test.m, environment())
			if diags.HasError() {
				t.Fatal(diags)
			}
			seen := false
			for _, o := range rendering.Objects {
				d, ok := o.Manifest.(*appsv1ac.DeploymentApplyConfiguration)
				if !ok || !strings.HasPrefix(o.Key, "Deployment/celery-") {
					continue
				}
				seen = true
				var got []string
				for _, e := range d.Spec.Template.Spec.Containers[0].Env {
					if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
						got = append(got, *e.ValueFrom.SecretKeyRef.Name+"/"+*e.ValueFrom.SecretKeyRef.Key)
					}
				}
				slices.Sort(got)
				if diff := cmp.Diff(test.want, slices.Compact(got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", o.Key, diff)
				}
			}
			if !seen {
				t.Error("there are no workers")
			}
		})
	}
}

func pooled(m *Model, p *PgBouncer) *Model {
	m.PgBouncer = p
	return m
}

func withResults(m *Model) *Model {
	m.Config = map[string]map[string]string{"celery": {"result_backend": "rpc://"}}
	return m
}

func TestQueueThatNobodyReads(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Model)
		warned bool
	}{
		"workers by default":    {func(*Model) {}, false},
		"none for the default":  {func(m *Model) { m.CeleryWorkers = map[string]CeleryWorkers{"a": {Queues: []string{"b"}}} }, true},
		"another default queue": {func(m *Model) { m.Config = map[string]map[string]string{"operators": {"default_queue": "b"}} }, true},
		"another one that is read": {func(m *Model) {
			m.Config = map[string]map[string]string{"operators": {"default_queue": "b"}}
			m.CeleryWorkers = map[string]CeleryWorkers{"a": {Queues: []string{"b"}}}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := minimal()
			m.Executors = []string{celeryExecutor}
			test.change(m)
			_, diags := render(m, environment())
			if diags.HasError() || (len(diags) > 0) != test.warned {
				t.Errorf("warned: %t, want %t: %v", len(diags) > 0, test.warned, diags)
			}
		})
	}
}

// scaled gives a model Celery workers with this autoscaler.
func scaled(a CeleryAutoscaling) func(*Model) {
	return func(m *Model) {
		m.Executors = []string{celeryExecutor}
		m.CeleryWorkers = map[string]CeleryWorkers{"a": {Autoscaling: &a}}
	}
}

// KEDA counts the tasks that the workers are for, and no others.
func TestWorkersNeeded(t *testing.T) {
	for name, test := range map[string]struct {
		m    Model
		w    CeleryWorkers
		want string
	}{
		"by default": {
			Model{Executors: []string{celeryExecutor, kubernetesExecutor}},
			CeleryWorkers{},
			"select ceil(count(*)::decimal / 4) from task_instance where state in ('queued', 'running') and queue in ('default') and (executor is null or executor like '%CeleryExecutor')",
		},
		"beside the default executor": {
			Model{Executors: []string{localExecutor, celeryExecutor}},
			CeleryWorkers{Queues: []string{"train", "score"}, Concurrency: new(int64(1))},
			"select ceil(count(*)::decimal / 1) from task_instance where state in ('queued', 'running') and queue in ('score', 'train') and executor like '%CeleryExecutor'",
		},
	} {
		if got := test.m.workersNeeded(test.w); got != test.want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// KEDA warns of intervals that it does not read: those of the first worker and of the
// last, where there is always one.
func TestIntervalsOfKEDA(t *testing.T) {
	for least, want := range map[int64]bool{0: true, 1: false} {
		m := minimal()
		scaled(CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Min: least, Max: 2}, KEDA: &KEDA{}})(m)
		rendering, diags := render(m, environment())
		if diags.HasError() {
			t.Fatal(diags)
		}
		seen := false
		for _, o := range rendering.Objects {
			if o.Key != "ScaledObject/celery-a" {
				continue
			}
			seen = true
			text, err := yaml.Marshal(o.Manifest)
			if err != nil {
				t.Fatal(err)
			}
			for _, interval := range []string{"pollingInterval", "cooldownPeriod"} {
				if strings.Contains(string(text), interval) != want {
					t.Errorf("with min = %d, that there is %s is not %t", least, interval, want)
				}
			}
		}
		if !seen {
			t.Error("there is no ScaledObject")
		}
	}
}

// A pool's leaves say what was asked for and what is there alike.
func TestPoolLeaves(t *testing.T) {
	m := &Model{Pools: map[string]Pool{
		"etl":       {Slots: 3, Description: new("nightly"), IncludeDeferred: new(true)},
		"unlimited": {Slots: -1},
		defaultPool: {Slots: 64},
	}}
	got, diags := remote{}.Desired(m, environment())
	want := map[string]leaves{
		"Pool/etl":          {"slots": "3", "description": "nightly", "include_deferred": "true"},
		"Pool/unlimited":    {"slots": "-1", "include_deferred": "false"},
		"Pool/default_pool": {"slots": "64", "include_deferred": "false"},
	}
	if diff := cmp.Diff(want, got); diags.HasError() || diff != "" {
		t.Errorf("%v (-want +got):\n%s", diags, diff)
	}
	// Airflow describes its own pool.
	var live pool
	if err := json.Unmarshal([]byte(`{"name":"default_pool","slots":64,"description":"Default pool","include_deferred":false,"open_slots":64}`), &live); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want["Pool/default_pool"], live.leaves()); diff != "" {
		t.Errorf("the live one (-want +got):\n%s", diff)
	}
}

func TestChecks(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Model)
		want   string
	}{
		"logs without a bucket":                 {func(m *Model) { m.Logs = &connection.S3{Endpoint: "http://s3:9000", Secret: "s"} }, "logs.bucket"},
		"an option that is fixed":               {func(m *Model) { m.Config = map[string]map[string]string{"core": {"executor": "x"}} }, `config["core"]["executor"]`},
		"an option of the provider":             {func(m *Model) { m.Config = map[string]map[string]string{"core": {"fernet_key": "x"}} }, `config["core"]["fernet_key"]`},
		"an option in upper case":               {func(m *Model) { m.Config = map[string]map[string]string{"core": {"Parallelism": "1"}} }, `config["core"]["Parallelism"]`},
		"a variable that is fixed":              {func(m *Model) { m.Env = map[string]string{"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "x"} }, `env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD"]`},
		"workers without their executor":        {func(m *Model) { m.Workers = &Workers{} }, "workers"},
		"Celery workers without their executor": {func(m *Model) { m.CeleryWorkers = map[string]CeleryWorkers{"a": {}} }, "celery_workers"},
		"a broker without its executor":         {func(m *Model) { m.Broker = &Broker{} }, "broker"},
		"a broker without a URL": {func(m *Model) {
			m.Executors, m.Broker = []string{celeryExecutor}, &Broker{External: &ExternalBroker{}}
		}, "broker.external"},
		"two passwords": {func(m *Model) {
			m.Admin = &Admin{Password: credential.Password{PasswordWOVersion: new("1"), Rotate: new("1")}}
		}, "admin.rotate"},
		"an administrator for nobody": {func(m *Model) { m.Admin, m.AuthManager = &Admin{}, new("example.AuthManager") }, "admin"},
		"a node port without a type":  {func(m *Model) { m.Service = &expose.Service{NodePort: new(int64(30000))} }, "service.node_port"},
		"too many DAGs":               {func(m *Model) { m.DAGs = map[string]string{"a.py": strings.Repeat("#", maxConfigMap)} }, "dags"},
		"no password":                 {func(m *Model) { m.Database = &postgres.Database{External: &postgres.External{Host: "db"}} }, "database.external"},
		"no authority": {func(m *Model) {
			m.Database = &postgres.Database{External: &postgres.External{Host: "db", PasswordWOVersion: new("1"), SSLMode: new("verify-ca")}}
		}, "database.external.ca_secret"},
		"a backup of a database without": {func(m *Model) {
			m.Database = &postgres.Database{External: &postgres.External{Host: "db", PasswordWOVersion: new("1")}, RestoreFrom: new("x")}
		}, "database.restore_from"},
		"a volume for all": {func(m *Model) { m.Volumes = map[string]pod.Volume{"a": {NewClaim: &pod.Claim{Size: "1Gi"}}} }, `volumes["a"].new_claim`},
		"a task without end": {func(m *Model) {
			m.Executors, m.Workers = []string{kubernetesExecutor}, &Workers{Settings: pod.Settings{ExtraContainers: map[string]pod.Container{"a": {Image: "a"}}}}
		}, `workers.extra_containers["a"]`},
		"the logs' connection":     {func(m *Model) { m.Connections = map[string]Connection{logConnection: {Type: "aws"}} }, `connections["analytics_logs"]`},
		"a bundle with a password": {func(m *Model) { m.DAGBundles = map[string]Bundle{"a": {Repository: "https://me:secret@example.com/a"}} }, `dag_bundles["a"].repository`},
		"a bundle without its connection": {func(m *Model) {
			m.DAGBundles = map[string]Bundle{"a": {Repository: "https://example.com/a", Connection: new("b")}}
		}, `dag_bundles["a"].connection`},
		"pools that nobody can make": {func(m *Model) {
			m.Pools, m.AuthManager = map[string]Pool{"a": {}}, new("example.AuthManager")
		}, "pools"},
		"another description": {func(m *Model) { m.Pools = map[string]Pool{defaultPool: {Slots: 1, Description: new("a")}} }, `pools["default_pool"].description`},
		"an autoscaler that sees nothing": {func(m *Model) {
			m.APIServer = &APIServer{Autoscaling: &autoscale.Autoscaling{Min: 1, Max: 2}}
		}, "api_server.autoscaling"},
		"an option of PgBouncer that is fixed": {func(m *Model) {
			m.PgBouncer = &PgBouncer{Config: map[string]string{"max_client_conn": "1"}}
		}, `pgbouncer.config["max_client_conn"]`},
		"an option of PgBouncer that is the provider's": {func(m *Model) {
			m.PgBouncer = &PgBouncer{Config: map[string]string{"pool_mode": "session"}}
		}, `pgbouncer.config["pool_mode"]`},
		"a pool for results elsewhere": {func(m *Model) {
			m.Executors, m.PgBouncer = []string{celeryExecutor}, &PgBouncer{ResultBackendPoolSize: new(int64(1))}
		}, "pgbouncer.result_backend_pool_size"},
		"a path that hides packages": {func(m *Model) {
			m.Requirements, m.Env = &requirements.Requirements{Packages: []string{"a"}}, map[string]string{"PYTHONPATH": "/opt"}
		}, `env["PYTHONPATH"]`},
		"more workers at least than at most": {scaled(CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Min: 2, Max: 1}, KEDA: &KEDA{}}), `celery_workers["a"].autoscaling.max`},
		"an autoscaler without workers":      {scaled(CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Max: 1, CPU: new(int64(80))}}), `celery_workers["a"].autoscaling.min`},
		"a first worker that never comes":    {scaled(CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Min: 1, Max: 2}, KEDA: &KEDA{PollingInterval: new("5s")}}), `celery_workers["a"].autoscaling.keda.polling_interval`},
		"a last worker that never goes":      {scaled(CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Min: 1, Max: 2}, KEDA: &KEDA{CooldownPeriod: new("1m")}}), `celery_workers["a"].autoscaling.keda.cooldown_period`},
		"a name that KEDA refuses": {func(m *Model) {
			m.Name, m.Executors = strings.Repeat("n", 40), []string{celeryExecutor}
			m.CeleryWorkers = map[string]CeleryWorkers{"loaders": {Autoscaling: &CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Max: 1}, KEDA: &KEDA{}}}}
		}, `celery_workers["loaders"].autoscaling.keda`},
		"two autoscalers": {scaled(CeleryAutoscaling{Autoscaling: autoscale.Autoscaling{Max: 1, CPU: new(int64(80))}, KEDA: &KEDA{}}), `celery_workers["a"].autoscaling.cpu_percent`},
		"a setting of a component": {func(m *Model) {
			m.Scheduler = &Component{Settings: pod.Settings{PodLabels: map[string]string{componentLabel: "x"}}}
		}, `scheduler.pod_labels["app.kubernetes.io/component"]`},
	} {
		t.Run(name, func(t *testing.T) {
			m := minimal()
			test.change(m)
			_, diags := render(m, environment())
			if !diags.HasError() {
				t.Fatal("it is not refused")
			}
			for _, d := range diags {
				if with, ok := d.(diag.DiagnosticWithPath); ok && with.Path().String() == test.want {
					return
				}
			}
			t.Errorf("none of the diagnostics is about %s: %v", test.want, diags)
		})
	}
}

func TestConnectionURI(t *testing.T) {
	for name, test := range map[string]struct {
		c    Connection
		want string
	}{
		"least": {Connection{Type: "http"}, "http:///"},
		"host":  {Connection{Type: "http", Host: new("example.com")}, "http://example.com/"},
		"token": {Connection{Type: "git", PasswordWOVersion: new("1")}, "git://:%s@/"},
		"all": {
			Connection{Type: "google_cloud_platform", Host: new("example.com"), Port: new(int64(80)), Login: new("a@b"), Schema: new("x y"), Extra: new(`{"a":"100%"}`)},
			"google-cloud-platform://a%%40b@example.com:80/x%%20y?__extra__=%%7B%%22a%%22%%3A%%22100%%25%%22%%7D",
		},
		"secret": {Connection{Type: "ssh", Login: new("a"), PasswordWOVersion: new("1"), ExtraWOVersion: new("1")}, "ssh://a:%s@/?__extra__=%s"},
	} {
		if got := test.c.uri(); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestCheckUpdate(t *testing.T) {
	embedded := func(image string) *postgres.Database {
		return &postgres.Database{Embedded: &postgres.Embedded{Image: &image}}
	}
	for name, test := range map[string]struct {
		prior, planned Model
		refused        bool
	}{
		"the same":                  {Model{}, Model{}, false},
		"an upgrade":                {Model{Version: new("3.2.2")}, Model{}, false},
		"by two digits":             {Model{Version: new("3.9.1")}, Model{Version: new("3.10.0")}, false},
		"a downgrade":               {Model{}, Model{Version: new("3.2.2")}, true},
		"another Postgres":          {Model{}, Model{Database: embedded("docker.io/library/postgres:18")}, true},
		"a downgrade with a backup": {Model{}, Model{Version: new("3.2.2"), Database: &postgres.Database{RestoreFrom: new("before-3.3.2")}}, false},
		"a downgrade after a restore": {
			Model{Database: &postgres.Database{RestoreFrom: new("before-3.3.2")}},
			Model{Version: new("3.2.2"), Database: &postgres.Database{RestoreFrom: new("before-3.3.2")}},
			true,
		},
		"a patch of Postgres":     {Model{}, Model{Database: embedded("docker.io/library/postgres:17.4-alpine")}, false},
		"an image without number": {Model{}, Model{Database: embedded("registry.example.com:5000/postgres:ours")}, false},
		"an external database":    {Model{}, Model{Database: &postgres.Database{External: &postgres.External{Host: "db"}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if diags := checkUpdate(&test.prior, &test.planned); diags.HasError() != test.refused {
				t.Errorf("refused: %t, want %t: %v", diags.HasError(), test.refused, diags)
			}
		})
	}
}
