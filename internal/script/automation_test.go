package script_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// api answers only to those who know a token.
const api = `
import hashlib, http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        known = hashlib.sha256(token.encode()).hexdigest() == "%s"
        self.send_response(200 if known else 401); self.end_headers()
        self.wfile.write(json.dumps({"rows": 7}).encode())
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
`

// caller calls the API, and tells what it was given without showing it.
const caller = `
import hashlib, json, os, socket, urllib.request
given = {name: hashlib.sha256(os.environ[name].encode()).hexdigest() for name in
  ["API_TOKEN", "DATABRICKS_TOKEN", "AZURE_CLIENT_SECRET", "BASIC_PASSWORD"]}
request = urllib.request.Request(os.environ["API_BASE_URL"] + "/rows", headers={"Authorization": "Bearer " + os.environ["API_TOKEN"]})
rows = json.load(urllib.request.urlopen(request, timeout=10))["rows"]
def open_port(host, port):
    try:
        socket.create_connection((host, port), timeout=3).close()
        return True
    except OSError:
        return False
print("the token is", os.environ["API_TOKEN"])
json.dump({"rows": rows, "given": given, "elsewhere": open_port("%s", 443),
  "names": sorted(n for n in os.environ if n.startswith(("AZURE_", "DATABRICKS_", "API_", "BASIC_")))}, open(os.environ["OUTPUT_FILE"], "w"))
`

// TestAccAutomation calls an API with credentials that stand nowhere but in Secrets,
// and reaches nothing else.
func TestAccAutomation(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	secrets := map[string]string{
		"API_TOKEN": "bearer-Quagmire-1947", "DATABRICKS_TOKEN": "dapi-Nasturtium-2211", "AZURE_CLIENT_SECRET": "entra-Hollyhock~8812", "BASIC_PASSWORD": "basic-Delphinium-77",
	}
	sum := func(text string) string {
		hash := sha256.Sum256([]byte(text))
		return hex.EncodeToString(hash[:])
	}
	kubernetes, err := s.c.CoreV1().Services("default").Get(t.Context(), "kubernetes", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.WriteFile("secrets.auto.tfvars", fmt.Sprintf("api_token = %q\ndatabricks = %q\nentra = %q\nbasic = %q\n",
		secrets["API_TOKEN"], secrets["DATABRICKS_TOKEN"], secrets["AZURE_CLIENT_SECRET"], secrets["BASIC_PASSWORD"]))
	configure := func(version string) {
		s.Configure(`
variable "api_token" {
  type      = string
  ephemeral = true
}
variable "databricks" {
  type      = string
  ephemeral = true
}
variable "entra" {
  type      = string
  ephemeral = true
}
variable "basic" {
  type      = string
  ephemeral = true
}

provider "analytics" {
  config_path = %q
  defaults    = { namespace = %q }
}

resource "analytics_ingestion" "api" {
  name       = "api"
  continuous = { port = 8080 }
  resources  = { requests = { cpu = "10m", memory = "32Mi" } }
  script     = <<-EOT
%s
EOT
}

resource "analytics_automation" "it" {
  name      = "it"
  once      = {}
  resources = { requests = { cpu = "10m", memory = "32Mi" } }
  script    = <<-EOT
%s
EOT
  http = {
    api   = { base_url = "http://${analytics_ingestion.api.endpoint}", token_wo = var.api_token, token_wo_version = %q }
    basic = { base_url = "https://basic.example", username = "robot", password_wo = var.basic, password_wo_version = "1" }
  }
  databricks = { host = "https://adb.example", token_wo = var.databricks, token_wo_version = "1" }
  entra = {
    tenant_id                = "example.onmicrosoft.com"
    client_id                = "00000000-0000-0000-0000-000000000001"
    client_secret_wo         = var.entra
    client_secret_wo_version = "1"
  }
  egress = {}
}
`, s.c.Kubeconfig, s.namespace, fmt.Sprintf(api, sum(secrets["API_TOKEN"])), fmt.Sprintf(caller, kubernetes.Spec.ClusterIP), version)
	}
	configure("1")
	plan := s.Run("plan", "-out=plan", "-no-color").Succeeds()
	document := s.Run("show", "-json", "plan").Succeeds().Output
	cmd := s.Command("apply", "-no-color", "-auto-approve")
	cmd.Env = append(cmd.Env, "TF_LOG=TRACE")
	var traced bytes.Buffer
	cmd.Stdout, cmd.Stderr = &traced, &traced
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, lastLines(traced.String(), 60))
	}
	s.PlansNothing()
	result, _ := s.Attributes("analytics_automation.it")["result"].(map[string]any)
	var output struct {
		Rows      int
		Given     map[string]string
		Elsewhere bool
		Names     []string
	}
	if err := json.Unmarshal([]byte(fmt.Sprint(result["output"])), &output); err != nil {
		t.Fatalf("%v: %v", err, result)
	}
	if output.Rows != 7 || output.Elsewhere {
		t.Errorf("the script saw %+v", output)
	}
	for name, secret := range secrets {
		if output.Given[name] != sum(secret) {
			t.Errorf("%s did not arrive", name)
		}
	}
	if want := []string{"API_BASE_URL", "API_TOKEN", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "BASIC_BASE_URL", "BASIC_PASSWORD", "BASIC_USERNAME", "DATABRICKS_HOST", "DATABRICKS_TOKEN"}; fmt.Sprint(output.Names) != fmt.Sprint(want) {
		t.Errorf("the script got %v, not %v", output.Names, want)
	}
	places := map[string]string{"the plan": plan.Output, "the plan as JSON": document, "the state": s.ReadFile("terraform.tfstate"), "the log": traced.String()}
	for kind, text := range s.objects() {
		places["a "+kind] = text
	}
	for place, text := range places {
		for name, secret := range secrets {
			if form := acctest.Spilled(text, secret); form != "" {
				t.Errorf("%s holds %s %s", place, name, form)
			}
		}
	}
	// Another credential has the script run again.
	configure("2")
	s.Plan().Says("Job/run runs again")
	s.Apply().Succeeds()
	s.PlansNothing()
	s.Destroy().Succeeds()
}

func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// objects are all of the namespace but Secrets, as JSON, by kind.
func (s *stand) objects() map[string]string {
	s.t.Helper()
	client, err := dynamic.NewForConfig(s.c.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]string{}
	for _, kind := range []schema.GroupVersionResource{
		{Version: "v1", Resource: "configmaps"},
		{Version: "v1", Resource: "pods"},
		{Version: "v1", Resource: "events"},
		{Version: "v1", Resource: "services"},
		{Version: "v1", Resource: "serviceaccounts"},
		{Group: "batch", Version: "v1", Resource: "jobs"},
		{Group: "apps", Version: "v1", Resource: "deployments"},
		{Group: "apps", Version: "v1", Resource: "replicasets"},
		{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
	} {
		list, err := client.Resource(kind).Namespace(s.namespace).List(s.t.Context(), metav1.ListOptions{})
		if err != nil {
			s.t.Fatal(err)
		}
		raw, err := json.Marshal(list)
		if err != nil {
			s.t.Fatal(err)
		}
		out[kind.Resource] = string(raw)
	}
	return out
}

// TestAccStorage has a program read from one bucket and write to another, of a MinIO
// in another namespace, until its credentials are rotated.
func TestAccStorage(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	data := s.c.Namespace(t)
	configure := func(rotate string) {
		s.program(`
once    = {}
inputs  = { default = analytics_minio.lake.users["etl"].s3 }
outputs = { clean = merge(analytics_minio.lake.users["etl"].s3, { bucket = "clean" }) }
script  = <<-EOT
import hashlib, hmac, os, datetime, urllib.request, urllib.parse, json
# Signature of AWS, version 4, for a client without packages.
def s3(method, path, body=b""):
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    url = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"] + path)
    digest = hashlib.sha256(body).hexdigest()
    signed = "host;x-amz-content-sha256;x-amz-date"
    canonical = "\n".join([method, url.path, "", "host:" + url.netloc, "x-amz-content-sha256:" + digest, "x-amz-date:" + at, "", signed, digest])
    scope = "/".join([at[:8], os.environ["AWS_REGION"], "s3", "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    request = urllib.request.Request(url.geturl(), data=body or None, method=method, headers={
        "x-amz-date": at, "x-amz-content-sha256": digest, "Content-Type": "application/octet-stream",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={signed}, Signature={signature}"})
    return urllib.request.urlopen(request, timeout=30).read()
s3("PUT", f"/{os.environ['DEFAULT_BUCKET']}/in.csv", b"a,b\n1,2\n")
rows = s3("GET", f"/{os.environ['DEFAULT_BUCKET']}/in.csv")
s3("PUT", f"/{os.environ['CLEAN_BUCKET']}/out.json", json.dumps(rows.decode().split()).encode())
print(s3("GET", f"/{os.environ['CLEAN_BUCKET']}/out.json").decode())
EOT`, fmt.Sprintf(`
resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = %q
  pools     = [{ servers = 1, size = "300Mi" }]
  resources = { requests = { cpu = "10m", memory = "128Mi" }, limits = { memory = "400Mi" } }
  buckets   = { raw = { force_destroy = true }, clean = { force_destroy = true } }
  users     = { etl = { policies = ["readwrite"], bucket = "raw", rotate = %q } }
}`, data, rotate))
	}
	configure("1")
	s.Apply().Succeeds()
	s.PlansNothing()
	if log := fmt.Sprint(s.result()["log"]); log != `["a,b", "1,2"]` {
		t.Errorf("the program wrote %q", log)
	}
	uid := s.jobs()[0].UID
	configure("2")
	s.Plan().Says("Job/run runs again")
	s.Apply().Succeeds()
	s.PlansNothing()
	if s.jobs()[0].UID == uid {
		t.Error("it did not run with the new credentials")
	}
	s.Destroy().Succeeds()
}
