package mlflow

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"gotest.tools/v3/golden"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/credential"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func minimal() *Model {
	return &Model{
		Common:    workload.Common{Name: "track"},
		Artifacts: &connection.S3{Endpoint: "http://lake.data.svc.cluster.local:9000", Region: "us-east-1", Bucket: new("models"), Namespace: "data", Secret: "lake-user-mlflow", Version: "1"},
	}
}

func full() *Model {
	m := minimal()
	m.Settings = pod.Settings{
		Env: map[string]string{"GREETING": "hello"}, NodeSelector: map[string]string{"disk": "ssd"},
		ExtraContainers: map[string]pod.Container{"proxy": {Image: "registry.example.com/proxy:1"}},
	}
	m.Version, m.Image = new("3.16.1"), new("registry.example.com/mlflow:3.16.1-ours")
	m.Replicas, m.Workers = new(int64(3)), new(int64(2))
	m.Database = &postgres.Database{External: &postgres.External{
		Host: "db.example.com", Port: new(int64(6432)), Name: new("meta data"), User: new("ml@flow"), SSLMode: new("verify-full"),
		PasswordSecret: &connection.SecretKey{Namespace: new("databases"), Name: "mlflow", Version: new("2")},
		CASecret:       &connection.SecretKey{Name: "db-ca"},
	}, Backups: &postgres.Backups{Enabled: new(true)}}
	m.Admin = &Admin{User: new("root"), Password: credential.Password{PasswordWO: new("correct horse battery"), PasswordWOVersion: new("2")}}
	m.Users = map[string]User{"ana": {}, "ci": {Admin: new(true), Rotate: new("2")}}
	m.Experiments = map[string]Content{"fraud": {Permissions: map[string]string{"ana": "EDIT"}}}
	m.DefaultPermission = new("NO_PERMISSIONS")
	m.AllowedHosts, m.AllowedOrigins = []string{"mlflow.internal"}, []string{"https://notebooks.example.com"}
	m.GarbageCollection = &GarbageCollection{Cron: "0 3 * * 0", OlderThanDays: new(int64(7))}
	m.Metrics = &Metrics{PodMonitor: new(true), User: new("ci")}
	m.Gateway = &Gateway{
		AllowedProviders: []string{"openai", "bedrock"}, PrivateProviders: new(true),
		APIKeys: map[string]APIKey{
			"vllm": {Provider: "openai", Secret: "vllm", AuthConfig: map[string]string{"api_base": "http://vllm.llm:8000/v1"}},
			"aws":  {Provider: "bedrock", Secret: "aws", Version: new("2"), Keys: map[string]string{"aws_access_key_id": "id", "aws_secret_access_key": "key"}},
		},
		Endpoints: map[string]Endpoint{
			"chat":  {APIKey: "vllm", Model: "llama", Permissions: map[string]string{"ana": "USE"}},
			"large": {APIKey: "aws", Model: "anthropic.claude", UsageTracking: new(false)},
		},
	}
	m.StaticPrefix = new("/ml")
	m.Service = &expose.Service{Type: new("LoadBalancer"), ClusterIP: new("10.96.0.50"), NodePort: new(int64(30500)), Annotations: map[string]string{"example.com/internal": "true"}}
	m.Ingress = &expose.Ingress{Host: "ml.example.com", Class: new("nginx"), TLSSecret: new("ml-tls")}
	return m
}

func environment() workload.Environment {
	return workload.Environment{Namespace: "data", ClusterDomain: "cluster.local"}
}

func TestRenderGolden(t *testing.T) {
	for name, m := range map[string]*Model{"minimal": minimal(), "full": full()} {
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
			things, diags := remote{}.Desired(m, environment())
			if diags.HasError() {
				t.Fatal(diags)
			}
			text, err := yaml.Marshal(map[string]any{"things": things, "users": m.Users, "tracking_uri": m.TrackingURI, "artifact_location": m.ArtifactLocation, "admin_secret": m.AdminSecret})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "--- # not objects\n%s", text)
			golden.Assert(t, got.String(), name+".yaml")
		})
	}
}

func TestChecks(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Model)
		want   string
	}{
		"artifacts without a bucket": {func(m *Model) { m.Artifacts.Bucket = nil }, "artifacts.bucket"},
		"two passwords": {func(m *Model) {
			m.Admin = &Admin{Password: credential.Password{PasswordWOVersion: new("1"), Rotate: new("1")}}
		}, "admin.rotate"},
		"jobs in several replicas":           {func(m *Model) { m.JobExecution, m.Replicas = new(true), new(int64(2)) }, "replicas"},
		"a node port without a type":         {func(m *Model) { m.Service = &expose.Service{NodePort: new(int64(30000))} }, "service.node_port"},
		"a variable that is fixed":           {func(m *Model) { m.Env = map[string]string{"MLFLOW_BACKEND_STORE_URI": "sqlite://"} }, `env["MLFLOW_BACKEND_STORE_URI"]`},
		"a variable of the provider":         {func(m *Model) { m.Env = map[string]string{"MLFLOW_PORT": "80"} }, `env["MLFLOW_PORT"]`},
		"a variable from a Secret":           {func(m *Model) { m.EnvFromKeys = map[string]pod.Key{"PGPASSWORD": {Secret: new("s"), Key: "k"}} }, `env_from_keys["PGPASSWORD"]`},
		"a user of the administrator's name": {func(m *Model) { m.Users = map[string]User{"admin": {}} }, `users["admin"]`},
		"a permission for nobody": {func(m *Model) {
			m.Experiments = map[string]Content{"fraud": {Permissions: map[string]string{"ana": "EDIT"}}}
		}, `experiments["fraud"].permissions["ana"]`},
		"a permission for a model for nobody": {func(m *Model) {
			m.Models = map[string]Content{"scorer": {Permissions: map[string]string{"ana": "EDIT"}}}
		}, `models["scorer"].permissions["ana"]`},
		"an endpoint without a key": {func(m *Model) {
			m.Gateway = &Gateway{Endpoints: map[string]Endpoint{"chat": {APIKey: "none", Model: "m"}}}
		}, `gateway.endpoints["chat"].api_key`},
		"an endpoint for nobody": {func(m *Model) {
			m.Gateway = &Gateway{APIKeys: map[string]APIKey{"k": {Provider: "openai", Secret: "s"}}, Endpoints: map[string]Endpoint{"chat": {APIKey: "k", Model: "m", Permissions: map[string]string{"ana": "USE"}}}}
		}, `gateway.endpoints["chat"].permissions["ana"]`},
		"a key of a provider that is not allowed": {func(m *Model) {
			m.Gateway = &Gateway{AllowedProviders: []string{"mistral"}, APIKeys: map[string]APIKey{"k": {Provider: "openai", Secret: "s"}}}
		}, `gateway.api_keys["k"].provider`},
		"a variable of the gateway":   {func(m *Model) { m.Env = map[string]string{"MLFLOW_GATEWAY_ALLOWED_PROVIDERS": "openai"} }, `env["MLFLOW_GATEWAY_ALLOWED_PROVIDERS"]`},
		"metrics for nobody":          {func(m *Model) { m.Metrics = &Metrics{PodMonitor: new(true)} }, "metrics.user"},
		"metrics for a stranger":      {func(m *Model) { m.Metrics = &Metrics{PodMonitor: new(true), User: new("ana")} }, "metrics.user"},
		"a user that reads nothing":   {func(m *Model) { m.Users, m.Metrics = map[string]User{"ana": {}}, &Metrics{User: new("ana")} }, "metrics.user"},
		"a volume for all":            {func(m *Model) { m.Volumes = map[string]pod.Volume{"a": {NewClaim: &pod.Claim{Size: "1Gi"}}} }, `volumes["a"].new_claim`},
		"no password of the database": {func(m *Model) { m.Database = &postgres.Database{External: &postgres.External{Host: "db"}} }, "database.external"},
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

// No value of a Secret may reach an argument or a plain variable, where whoever reads
// pods would see it.
func TestSecretsStayInSecrets(t *testing.T) {
	rendering, diags := render(full(), environment())
	if diags.HasError() {
		t.Fatal(diags)
	}
	for _, o := range rendering.Objects {
		text, err := yaml.Marshal(o.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), *full().Admin.PasswordWO) || strings.Contains(string(text), "hello") {
			t.Errorf("%s holds a secret:\n%s", o.Key, text)
		}
	}
}

func TestCheckUpdate(t *testing.T) {
	for name, test := range map[string]struct {
		prior, planned Model
		refused        bool
	}{
		"the same":                  {Model{}, Model{}, false},
		"an upgrade":                {Model{Version: new("3.16.1")}, Model{}, false},
		"a downgrade":               {Model{}, Model{Version: new("3.16.1")}, true},
		"a downgrade with a backup": {Model{}, Model{Version: new("3.16.1"), Database: &postgres.Database{RestoreFrom: new("before-3.17.2")}}, false},
		"another Postgres":          {Model{}, Model{Database: &postgres.Database{Embedded: &postgres.Embedded{Image: new("docker.io/library/postgres:18")}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if diags := checkUpdate(&test.prior, &test.planned); diags.HasError() != test.refused {
				t.Errorf("refused: %t, want %t: %v", diags.HasError(), test.refused, diags)
			}
		})
	}
}
