package script

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"gotest.tools/v3/golden"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/autoscale"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/requirements"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func environment() workload.Environment {
	return workload.Environment{Namespace: "data", ClusterDomain: "cluster.local"}
}

func storage(bucket string) connection.S3 {
	return connection.S3{Endpoint: "http://lake.storage.svc.cluster.local:9000", Region: "us-east-1", Bucket: new(bucket), Namespace: "storage", Secret: "lake-user-etl", Version: "1"}
}

// programs are configurations of both resources, by the golden file of each.
func programs() map[string]struct {
	script Script
	access access
} {
	common := workload.Common{Name: "it"}
	return map[string]struct {
		script Script
		access access
	}{
		"once": {script: Script{
			Common: common, Once: &run.Once{Retries: new(int64(3)), TimeLimit: new("1h"), NoRetryExitCodes: []int64{2, 64}, TTL: new("24h")},
			Code: new("import rows\nrows.load()\n"), Files: map[string]string{"rows/__init__.py": "def load(): pass\n", "run.sh": "#!/bin/sh\n"}, Args: []string{"--full"},
			Requirements: &Requirements{
				Requirements: requirements.Requirements{
					Packages: []string{"boto3>=1.40,<2", "pandas==2.3.3"}, IndexURL: new("http://pypi.tools.svc.cluster.local/simple"), Credentials: new("pypi"), RequireHashes: new(true),
				},
				Cache: &Cache{Size: "2Gi", StorageClass: new("fast"), AccessModes: []string{"ReadWriteMany"}},
			},
			Inputs: map[string]connection.S3{"raw": storage("raw")}, Outputs: map[string]connection.S3{"clean": storage("clean")},
		}},
		"schedule": {script: Script{
			Common: common, Schedule: &run.Schedule{Cron: "0 6 * * 1-5", TimeZone: new("Europe/Berlin"), Concurrency: new("Replace"), StartingDeadline: new("10m"), KeepFailed: new(int64(5))},
			Code: new("#!/bin/bash\necho hello\n"), Image: new("registry.example.com/tools:1"),
		}},
		"continuous": {script: Script{
			Common: common, Command: []string{"gunicorn", "app"}, Image: new("registry.example.com/app:1"),
			Continuous: &Continuous{
				Autoscaling: &autoscale.Autoscaling{Min: 2, Max: 5, CPU: new(int64(80))}, Port: new(int64(8080)),
				Readiness: &Probe{Path: new("/ready")}, Liveness: &Probe{Command: []string{"check"}, Failures: new(int64(5))}, GracePeriod: new("1m"),
			},
		}},
		"automation": {
			script: Script{
				Common: common, Once: &run.Once{}, Code: new("print()"), Inputs: map[string]connection.S3{"raw": storage("raw")},
				MLflow: &connection.Tracking{URI: "http://track.ml.svc.cluster.local:5000/ml", Namespace: "ml", Secret: "track-user-crm", Version: "1"},
			},
			access: access{
				entra:      &Entra{TenantID: "example.com", ClientID: "00000000-0000-0000-0000-000000000001", Federated: new(true)},
				databricks: &Databricks{Host: "https://adb.example", ClientID: new("robot"), ClientSecretWO: new("never rendered"), ClientSecretWOVersion: new("3")},
				http: map[string]HTTP{
					"crm":  {BaseURL: "https://crm.example", Header: new("X-Api-Key"), ValueFrom: &FromKey{"crm", "key"}},
					"open": {BaseURL: "http://open.tools.svc"},
				},
				egress: &Egress{To: []Destination{{CIDR: "203.0.113.0/24", Ports: []int64{443}}}, Hosts: []string{"api.powerbi.com", "*.azuredatabricks.net"}},
			},
		},
		"certificate": {
			script: Script{Common: common, Schedule: &run.Schedule{Cron: "@daily"}, Code: new("print()")},
			access: access{
				entra: &Entra{TenantID: "example.com", ClientID: "00000000-0000-0000-0000-000000000001", CertificateFrom: &FromKey{"robot", "robot.pem"}, AuthorityHost: new("https://login.example")},
				http:  map[string]HTTP{"erp": {BaseURL: "https://erp.example", Username: new("robot"), PasswordFrom: &FromKey{"erp", "password"}}},
			},
		},
	}
}

func TestRenderGolden(t *testing.T) {
	for name, p := range programs() {
		t.Run(name, func(t *testing.T) {
			rendering, diags := render(&p.script, p.access, automationName, environment())
			if diags.HasError() {
				t.Fatal(diags)
			}
			slices.SortFunc(rendering.Objects, func(a, b workload.Object) int { return strings.Compare(a.Key, b.Key) })
			var got bytes.Buffer
			for _, o := range rendering.Objects {
				text, err := yaml.Marshal(o.Manifest)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "--- # %s, stage %d, keep %t\n%s", o.Key, o.Stage, o.Keep, text)
				for _, key := range slices.Sorted(maps.Keys(o.Data)) {
					fmt.Fprintf(&got, "# data: %s\n", key)
				}
			}
			if strings.Contains(got.String(), "never rendered") {
				t.Error("a write-only value is in the rendering")
			}
			golden.Assert(t, got.String(), name+".yaml")
		})
	}
}

// TestRunKey tells what has a program run again from what does not.
func TestRunKey(t *testing.T) {
	key := func(change func(*Script, *access)) string {
		s := Script{Common: workload.Common{Name: "it"}, Once: &run.Once{}, Code: new("print()"), Image: new("a:1")}
		a := access{http: map[string]HTTP{"api": {BaseURL: "https://a.example", TokenWO: new("one"), TokenWOVersion: new("1")}}}
		change(&s, &a)
		return (&renderer{Script: &s, access: a, env: environment()}).runKey()
	}
	standard := key(func(*Script, *access) {})
	for name, change := range map[string]func(*Script, *access){
		"code":      func(s *Script, _ *access) { s.Code = new("print(1)") },
		"files":     func(s *Script, _ *access) { s.Files = map[string]string{"a": "b"} },
		"arguments": func(s *Script, _ *access) { s.Args = []string{"a"} },
		"image":     func(s *Script, _ *access) { s.Image = new("a:2") },
		"env":       func(s *Script, _ *access) { s.Env = map[string]string{"A": "b"} },
		"triggers":  func(s *Script, _ *access) { s.Once.Triggers = map[string]string{"a": "b"} },
		"input":     func(s *Script, _ *access) { s.Inputs = map[string]connection.S3{"raw": storage("raw")} },
		"mlflow":    func(s *Script, _ *access) { s.MLflow = &connection.Tracking{URI: "http://track:5000"} },
		"packages": func(s *Script, _ *access) {
			s.Requirements = &Requirements{Requirements: requirements.Requirements{Packages: []string{"a"}}}
		},
		"credential": func(_ *Script, a *access) {
			a.http["api"] = HTTP{BaseURL: "https://a.example", TokenWOVersion: new("2")}
		},
	} {
		if key(change) == standard {
			t.Errorf("%s does not have it run again", name)
		}
	}
	for name, change := range map[string]func(*Script, *access){
		"labels":  func(s *Script, _ *access) { s.Labels = map[string]string{"a": "b"} },
		"retries": func(s *Script, _ *access) { s.Once.Retries = new(int64(3)) },
		"limit":   func(s *Script, _ *access) { s.Once.TimeLimit = new("1h") },
		"the value of a write-only attribute, which a plan may not know": func(_ *Script, a *access) {
			a.http["api"] = HTTP{BaseURL: "https://a.example", TokenWOVersion: new("1")}
		},
	} {
		if key(change) != standard {
			t.Errorf("%s has it run again", name)
		}
	}
}

// TestRefused has an entry for each configuration that contradicts itself.
func TestRefused(t *testing.T) {
	program := func(change func(*Script, *access)) (Script, access) {
		s, a := Script{Common: workload.Common{Name: "it"}, Once: &run.Once{}, Code: new("print()")}, access{}
		change(&s, &a)
		return s, a
	}
	for name, test := range map[string]struct {
		change func(*Script, *access)
		path   string
		says   string
	}{
		"two modes":       {func(s *Script, _ *access) { s.Schedule = &run.Schedule{Cron: "@daily"} }, "once", "one of once, schedule and continuous"},
		"nothing to run":  {func(s *Script, _ *access) { s.Code = nil }, "script", "Set script, command, or an image"},
		"the same file":   {func(s *Script, _ *access) { s.Files = map[string]string{"main.py": "x"} }, `files["main.py"]`, "another name"},
		"files alike":     {func(s *Script, _ *access) { s.Files = map[string]string{"a/b": "x", "a__b": "y"} }, `files["a__b"]`, "Rename one"},
		"large files":     {func(s *Script, _ *access) { s.Files = map[string]string{"a": strings.Repeat("x", maxCode)} }, "files", "at most 1048576"},
		"connection":      {func(s *Script, _ *access) { s.Inputs = map[string]connection.S3{"a": {}}; s.Outputs = s.Inputs }, `outputs["a"]`, "another name"},
		"two credentials": {func(_ *Script, a *access) { a.entra = &Entra{ClientSecretWOVersion: new("1"), Federated: new(true)} }, "entra", "client_secret_wo, federated"},
		"no credential":   {func(_ *Script, a *access) { a.databricks = &Databricks{} }, "databricks", "exactly one of client_secret_from, client_secret_wo"},
		"half a client":   {func(_ *Script, a *access) { a.databricks = &Databricks{ClientSecretWOVersion: new("1")} }, "databricks.client_id", "client_id together with"},
		"no user":         {func(_ *Script, a *access) { a.http = map[string]HTTP{"a": {PasswordWOVersion: new("1")}} }, `http["a"].username`, "username together with"},
		"no value":        {func(_ *Script, a *access) { a.http = map[string]HTTP{"a": {Header: new("X")}} }, `http["a"]`, "exactly one"},
		"probe": {func(s *Script, _ *access) {
			s.Once, s.Continuous = nil, &Continuous{Liveness: &Probe{}}
		}, "continuous.liveness", "continuous.port"},
		"scaling": {func(s *Script, _ *access) {
			s.Once, s.Continuous = nil, &Continuous{Autoscaling: &autoscale.Autoscaling{Min: 3, Max: 2}}
		}, "continuous.autoscaling.max", "Raise max or lower min"},
	} {
		s, a := program(test.change)
		_, diags := render(&s, a, automationName, environment())
		found := false
		for _, d := range diags.Errors() {
			at, ok := d.(diag.DiagnosticWithPath)
			found = found || ok && at.Path().String() == test.path && strings.Contains(d.Detail(), test.says)
		}
		if !found {
			t.Errorf("%s: got %v", name, diags)
		}
	}
}
