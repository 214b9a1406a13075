package script_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// indexImage serves what the guides install, to pods that do not reach PyPI.
const indexImage = "localhost/package-index:1"

// What the stand-ins of the vendors ask for, and go by.
const (
	tenant     = "00000000-0000-0000-0000-00000000000a"
	client     = "00000000-0000-0000-0000-00000000000b"
	group      = "f089354e-8366-4e18-aea3-4cb4a3a50b48"
	dataset    = "cfafbeb1-8037-4d0c-896e-a46fb27ff229"
	databricks = "adb-5555555555555555.19.azuredatabricks.net"
	refreshes  = "/v1.0/myorg/groups/" + group + "/datasets/" + dataset + "/refreshes"
)

// guide is an example of a guide, which is applied as it stands.
type guide struct {
	folder, address, cronJob string
	// variables and secrets are those of the example.
	variables map[string]any
	secrets   map[string]string
	// output is a part of what the script writes.
	output string
	// requests are those that the vendor must have got, with their statuses.
	requests []string
}

// TestAccGuides applies the examples of the guides. Their scripts talk to the vendors'
// own names, which lead to stand-ins in the cluster, through the vendors' own SDKs.
func TestAccGuides(t *testing.T) { //nolint:tparallel // the group of guides is over when all of them are
	t.Parallel()
	s := newStand(t)
	secrets := map[string]string{"CLIENT_SECRET": "entra-Hollyhock~8812", "DATABRICKS_TOKEN": "dapi-Nasturtium-2211", "SHOP_TOKEN": "bearer-Quagmire-1947"}
	address := s.vendors(secrets)
	s.configureGuides("")
	s.Apply().Succeeds()
	state := s.Attributes("analytics_minio.lake")
	users, _ := state["users"].(map[string]any)
	etl, _ := users["etl"].(map[string]any)

	guides := []guide{
		{
			folder: "hourly-api", address: "analytics_automation.orders", cronJob: "orders",
			variables: map[string]any{"lake": etl["s3"]}, secrets: map[string]string{"shop_token": secrets["SHOP_TOKEN"]},
			output:   `"rows": 1007`,
			requests: []string{"200 shop.example.com GET /api/v1/orders", "429 shop.example.com GET /api/v1/orders"},
		},
		{
			folder: "power-bi", address: "analytics_automation.refresh", cronJob: "refresh",
			variables: map[string]any{"tenant_id": tenant, "client_id": client, "workspace_id": group, "dataset_id": dataset},
			secrets:   map[string]string{"client_secret": secrets["CLIENT_SECRET"]},
			output:    `"status": "Completed"`,
			requests: []string{
				"200 login.microsoftonline.com POST /" + tenant + "/oauth2/v2.0/token", "202 api.powerbi.com POST " + refreshes,
				"200 api.powerbi.com GET " + refreshes + "/1344a272-7893-4afa-a4b3-3fb87222fdac",
			},
		},
		{
			folder: "databricks", address: "analytics_automation.start",
			variables: map[string]any{"host": "https://" + databricks, "job_id": 11223344, "day": "2026-05-01"},
			secrets:   map[string]string{"token": secrets["DATABRICKS_TOKEN"]},
			output:    `"state": "SUCCESS"`,
			requests:  []string{"200 " + databricks + " POST /api/2.2/jobs/run-now", "200 " + databricks + " GET /api/2.2/jobs/runs/get"},
		},
	}
	var loaded string
	t.Run("guides", func(t *testing.T) {
		for _, g := range guides {
			t.Run(g.folder, func(t *testing.T) {
				t.Parallel()
				output := s.follow(t, g, address)
				if g.folder == "hourly-api" {
					loaded = output
				}
			})
		}
	})
	if t.Failed() {
		return
	}
	got := s.asked()
	for _, g := range guides {
		for _, want := range g.requests {
			if !slices.Contains(got, want) {
				t.Errorf("the vendor did not answer %q, but %q", want, got)
			}
		}
	}
	// What the ingestion says that it has stored is really there.
	var stored struct{ Object string }
	if err := json.Unmarshal([]byte(loaded), &stored); err != nil {
		t.Fatal(err)
	}
	s.configureGuides(stored.Object)
	s.Apply().Succeeds()
	if log := fmt.Sprint(s.resultOf("analytics_ingestion.it[0]")["log"]); log != "1007 rows, 1007 ids, amounts from 0.0 to 124.75" {
		t.Errorf("the table is read back as %q", log)
	}
	s.Destroy().Succeeds()
}

// follow applies a guide's example, has its program run, and returns what that wrote.
func (s *stand) follow(t *testing.T, g guide, address string) string {
	t.Helper()
	w := acctest.NewWorkspace(t)
	w.Copy(filepath.Join("..", "..", "examples", "guides", g.folder), "")
	w.Env = []string{"KUBE_CONFIG_PATH=" + s.c.Kubeconfig}
	for name, secret := range g.secrets {
		w.Env = append(w.Env, "TF_VAR_"+name+"="+secret)
	}
	g.variables["namespace"] = s.namespace
	g.variables["index_url"] = "http://index." + s.namespace + ".svc.cluster.local:8080/simple"
	variables, err := json.Marshal(g.variables)
	if err != nil {
		t.Fatal(err)
	}
	w.WriteFile("terraform.tfvars.json", string(variables))
	// All that differs from the example: the vendors' names lead to the stand-ins.
	kind, name, _ := strings.Cut(g.address, ".")
	w.WriteFile("test_override.tf", fmt.Sprintf(`
resource %q %q {
  host_aliases = { %q = ["login.microsoftonline.com", "api.powerbi.com", "shop.example.com", %q] }
  env          = { REQUESTS_CA_BUNDLE = "/tls/ca.crt", SSL_CERT_FILE = "/tls/ca.crt" }
  volumes = {
    tls = { secret = { name = "vendors-tls", items = { "ca.crt" = "ca.crt" } }, mounts = [{ path = "/tls", read_only = true }] }
  }
}
`, kind, name, address, databricks))
	applied := w.Apply().Succeeds().Output
	if g.cronJob != "" {
		s.runNow(t, g.cronJob)
		w.Run("apply", "-refresh-only", "-auto-approve", "-no-color").Succeeds()
	}
	w.PlansNothing()
	result, _ := w.Attributes(g.address)["result"].(map[string]any)
	output := fmt.Sprint(result["output"])
	if result["succeeded"] != true || !strings.Contains(output, g.output) {
		t.Errorf("the result is %v", result)
	}
	for place, text := range map[string]string{"the apply": applied, "the state": w.ReadFile("terraform.tfstate")} {
		for name, secret := range g.secrets {
			if form := acctest.Spilled(text, secret); form != "" {
				t.Errorf("%s holds %s %s", place, name, form)
			}
		}
	}
	w.Destroy().Succeeds()
	return output
}

// runNow does what kubectl create job --from=cronjob/NAME does, and waits for the end.
func (s *stand) runNow(t *testing.T, name string) {
	t.Helper()
	job := s.c.RunNow(t, s.namespace, name)
	acctest.Eventually(t, 3*time.Minute, func() string {
		live, err := s.c.BatchV1().Jobs(s.namespace).Get(t.Context(), job.Name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		for _, c := range live.Status.Conditions {
			if c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) {
				return ""
			}
		}
		return "the run has not ended"
	})
}

// vendors makes what the stand-ins need: credentials, a certificate of the vendors'
// names, and an address where they answer on the port of HTTPS.
func (s *stand) vendors(secrets map[string]string) string {
	s.t.Helper()
	s.c.Certificate(s.t, s.namespace, "vendors-tls", "login.microsoftonline.com", "api.powerbi.com", "shop.example.com", databricks)
	if _, err := s.c.CoreV1().Secrets(s.namespace).Create(s.t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "vendors"}, StringData: secrets}, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	service, err := s.c.CoreV1().Services(s.namespace).Create(s.t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "vendors-https"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app.kubernetes.io/instance": "vendors"},
			Ports:    []corev1.ServicePort{{Port: 443, TargetPort: intstr.FromInt32(8443)}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return service.Spec.ClusterIP
}

// configureGuides configures the stand-ins, the package index and the object storage,
// and what reads a table back, where there is one.
func (s *stand) configureGuides(object string) {
	s.t.Helper()
	code, err := os.ReadFile(filepath.Join("testdata", "vendors.py"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.WriteFile("vendors.py", string(code))
	s.Configure(`
provider "analytics" {
  config_path = %q
  defaults    = { namespace = %q }
}

resource "analytics_ingestion" "vendors" {
  name             = "vendors"
  continuous       = { port = 8443 }
  script           = file("${path.module}/vendors.py")
  env              = { TENANT = %q, CLIENT = %q, GROUP = %q, DATASET = %q, DATABRICKS_NAME = %q }
  env_from_secrets = ["vendors"]
  volumes          = { tls = { secret = { name = "vendors-tls" }, mounts = [{ path = "/tls", read_only = true }] } }
}

resource "analytics_ingestion" "index" {
  name       = "index"
  image      = %q
  continuous = { port = 8080 }
}

resource "analytics_minio" "lake" {
  name      = "lake"
  pools     = [{ servers = 1, size = "300Mi" }]
  resources = { requests = { cpu = "10m", memory = "128Mi" }, limits = { memory = "400Mi" } }
  buckets   = { lake = { force_destroy = true } }
  users     = { etl = { policies = ["readwrite"], bucket = "lake" } }
}

resource "analytics_ingestion" "it" {
  count        = %t ? 1 : 0
  name         = "it"
  once         = {}
  inputs       = { lake = analytics_minio.lake.users["etl"].s3 }
  requirements = { packages = ["pyarrow"], index_url = "http://${analytics_ingestion.index.endpoint}/simple" }
  args         = [%q]
  script       = <<-EOT
    import os, sys
    import pyarrow.fs, pyarrow.parquet
    storage = pyarrow.fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
    rows = pyarrow.parquet.read_table(sys.argv[1], filesystem=storage).to_pylist()
    amounts = [row["amount"] for row in rows]
    print(f"{len(rows)} rows, {len({row['id'] for row in rows})} ids, amounts from {min(amounts)} to {max(amounts)}")
  EOT
}
`, s.c.Kubeconfig, s.namespace, tenant, client, group, dataset, databricks, indexImage, object != "", object)
}

// asked are the requests that the stand-ins have got.
func (s *stand) asked() []string {
	s.t.Helper()
	pods, err := s.c.CoreV1().Pods(s.namespace).List(s.t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/instance=vendors"})
	if err != nil || len(pods.Items) != 1 {
		s.t.Fatalf("%d pods, %v", len(pods.Items), err)
	}
	log, err := s.c.CoreV1().Pods(s.namespace).GetLogs(pods.Items[0].Name, &corev1.PodLogOptions{}).DoRaw(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(log)) {
		var one struct {
			Host, Request string
			Status        int
		}
		// Connections of the readiness probe leave other lines.
		if json.Unmarshal([]byte(line), &one) == nil {
			out = append(out, fmt.Sprintf("%d %s %s", one.Status, one.Host, one.Request))
		}
	}
	return out
}
