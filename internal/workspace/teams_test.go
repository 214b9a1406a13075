package workspace_test

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// teamToken is what the API of the test asks for.
const teamToken = "bearer-Quagmire-1947-Nasturtium"

// teamAPI is the API that is told what was loaded. It stands beside the storage,
// which the teams may reach.
const teamAPI = `
resource "analytics_ingestion" "api" {
  name       = "api"
  namespace  = analytics_workspace.storage.name
  continuous = { port = 8080 }
  resources  = { requests = { cpu = "10m", memory = "32Mi" } }
  script     = <<-EOT
    import hashlib, http.server, json
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            known = hashlib.sha256(token.encode()).hexdigest() == "%x"
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200 if known else 401); self.end_headers()
            self.wfile.write(f"{told['team']} loaded {told['rows']} rows".encode())
    http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
  EOT
}
`

// TestAccTeams applies examples/team: one module for two teams, and an object storage
// that both use. Their programs really write there and call an API, and none of the
// teams reaches the other.
func TestAccTeams(t *testing.T) {
	t.Parallel()
	c := acctest.Connect(t)
	w := acctest.NewWorkspace(t)
	w.Env = []string{"KUBE_CONFIG_PATH=" + c.Kubeconfig}
	w.Copy(filepath.Join("..", "..", "examples", "team"), "")
	w.Copy(filepath.Join("..", "..", "examples", "modules", "team"), "modules")
	w.WriteFile("main.tf", strings.ReplaceAll(w.ReadFile("main.tf"), "../modules/team", "./modules"))
	claims := c.Namespace(t)
	prefix := claims + "-"
	for _, name := range []string{"storage", "marketing", "finance"} {
		c.Forget(t, prefix+name)
	}
	w.WriteFile("terraform.tfvars", `prefix = "`+prefix+`"
claim_namespace = "`+claims+`"
servers = 1
`)
	// The API is given to the module as the example has it: as a URL.
	w.WriteFile("api.tf", fmt.Sprintf(teamAPI, sha256.Sum256([]byte(teamToken))))
	w.Env = append(w.Env, "TF_VAR_api_token="+teamToken, "TF_VAR_api_url=http://api."+prefix+"storage.svc.cluster.local:8080")
	w.Run("get", "-no-color").Succeeds()
	applied := w.Apply().Succeeds().Output
	w.PlansNothing()

	marketing, finance := prefix+"marketing", prefix+"finance"
	for _, team := range []string{"marketing", "finance"} {
		at := fmt.Sprintf("module.team[%q].", team)
		loaded, told := childAttributes(w, at+"analytics_ingestion.load"), childAttributes(w, at+"analytics_automation.report[0]")
		if result, _ := loaded["result"].(map[string]any); result["succeeded"] != true || result["output"] != `{"rows": 100}` {
			t.Errorf("the ingestion of %s: %v", team, result)
		}
		if result, _ := told["result"].(map[string]any); !strings.Contains(fmt.Sprint(result["log"]), "200 "+prefix+team+" loaded 100 rows") {
			t.Errorf("the automation of %s: %v", team, result)
		}
	}
	for where, text := range map[string]string{"the apply": applied, "the state": w.ReadFile("terraform.tfstate")} {
		if form := acctest.Spilled(text, teamToken); form != "" {
			t.Errorf("%s holds the token %s", where, form)
		}
	}
	r := &rooms{Workspace: w, t: t, c: c}
	shell, _ := r.server(marketing)
	other, address := r.server(finance)
	unreachable(t, shell, address, "one team reaches the other")
	acctest.Eventually(t, 20*time.Second, func() string {
		out, err := shell.Run(t.Context(), nil, "sh", "-c", `printf 'GET /minio/health/live HTTP/1.1\r\nHost: lake\r\nConnection: close\r\n\r\n' | nc -w 2 lake.`+prefix+`storage.svc.cluster.local 9000`)
		if err != nil || !strings.Contains(out, "200 OK") {
			return "a team does not reach the object storage: " + out
		}
		return ""
	})

	client, _ := r.client(marketing, "ci")
	if _, err := client.CoreV1().Secrets(marketing).List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("the team's CI cannot read its own Secrets: %v", err)
	}
	for _, elsewhere := range []string{finance, prefix + "storage", claims} {
		if _, err := client.CoreV1().Secrets(elsewhere).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
			t.Errorf("the team's CI reads the Secrets of %s: %v", elsewhere, err)
		}
	}
	pod := podWith(func(c *corev1.Container) {
		c.Resources.Requests = corev1.ResourceList{"memory": resource.MustParse("5Gi")}
		c.Resources.Limits = c.Resources.Requests
	})
	if _, err := client.CoreV1().Pods(marketing).Create(t.Context(), pod, metav1.CreateOptions{}); err == nil || !strings.Contains(err.Error(), "exceeded quota") {
		t.Errorf("the team gets more than its quota: %v", err)
	}

	// What the storage holds is not lost by a destroy.
	r.end(shell, other)
	w.Destroy().Succeeds().Says("Namespace "+prefix+"storage stays", "PersistentVolumeClaim: drive-0-lake-pool-0-0")
	for name, stays := range map[string]bool{marketing: false, finance: false, prefix + "storage": true} {
		_, err := c.CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
		if stays != (err == nil) || err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("namespace %s: want it to stay: %t; got %v", name, stays, err)
		}
	}
}

// childAttributes are those of a resource of a module.
func childAttributes(w *acctest.Workspace, address string) map[string]any {
	for _, module := range w.State().Values.RootModule.ChildModules {
		for _, r := range module.Resources {
			if r.Address == address {
				return r.AttributeValues
			}
		}
	}
	return nil
}
