package mlflow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// provider is a stand-in for a provider of language models, since no pod reaches one of these. It has OpenAI's API so far, and answers with the
// model and the key that it was asked with.
const provider = `
resource "analytics_ingestion" "standin" {
  name       = "openai-standin"
  namespace  = %q
  continuous = { port = 8080 }
  resources  = { requests = { cpu = "10m" } }
  script     = <<-EOT
    import json
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    class Provider(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = "%%s by %%s with %%s" %% (self.path, asked["model"], self.headers["Authorization"])
            answer = json.dumps({
                "id": "1", "object": "chat.completion", "created": 1, "model": asked["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
    ThreadingHTTPServer(("", 8080), Provider).serve_forever()
  EOT
}
`

// asking has an endpoint of the gateway asked by a user, and prints what the model said, or the status of the refusal.
const asking = `
import requests
me = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
body = {"messages": [{"role": "user", "content": "hello"}]}
for url, more in ("gateway/chat/mlflow/invocations", {}), ("gateway/mlflow/v1/chat/completions", {"model": "chat"}):
    answer = requests.post("http://track:5000/ml/" + url, json=body | more, auth=me)
    print(answer.json()["choices"][0]["message"]["content"] if answer.ok else answer.status_code)
`

// TestAccMLflowGateway takes minutes since each server of MLflow keeps what it has read of an endpoint for one.
func TestAccMLflowGateway(t *testing.T) {
	acctest.Long(t)
	t.Parallel()
	s := newStand(t)
	s.gateway()
	s.Destroy().Succeeds()
}

// gateway declares an endpoint, uses it, has somebody change it behind Terraform's back, sends another key, and takes all away.
func (s *stand) gateway() {
	s.t.Helper()
	key := func(value string) {
		s.t.Helper()
		secrets := s.c.CoreV1().Secrets(s.namespace)
		o := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "llm"}, StringData: map[string]string{"api_key": value}}
		_, err := secrets.Create(s.t.Context(), o, metav1.CreateOptions{})
		if err != nil {
			_, err = secrets.Update(s.t.Context(), o, metav1.UpdateOptions{})
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	says := func(user, want string) {
		s.t.Helper()
		// Each server keeps what it has read of an endpoint for a minute.
		acctest.Eventually(s.t, 2*time.Minute, func() string {
			out, err := s.tryClient("track-user-"+user, asking)
			if out = strings.TrimSpace(out); err != nil || out != want {
				return fmt.Sprintf("%s got %q (%v), want %q", user, out, err, want)
			}
			return ""
		})
	}
	configure := func(version, model string) {
		s.t.Helper()
		s.configure(fmt.Sprintf(`
  users   = { ana = {}, ben = {} }
  models  = { doubles = {} }
  gateway = {
    private_providers = true
    api_keys  = { llm = { provider = "openai", secret = "llm", version = %q, auth_config = { api_base = "http://${analytics_ingestion.standin.endpoint}/v1" } } }
    endpoints = { chat = { api_key = "llm", model = %q, permissions = { ana = "USE" } } }
  }`, version, model))
	}
	answers := func(model, key string) string {
		said := fmt.Sprintf("/v1/chat/completions by %s with Bearer %s", model, key)
		return said + "\n" + said
	}
	s.beside = fmt.Sprintf(provider, s.namespace)
	const first, second = "sk-first-of-the-keys", "sk-second-of-the-keys"
	key(first)
	configure("1", "small")
	plan := s.Plan().Succeeds().Says("APIKey/llm", "Endpoint/chat", `"version 1 of Secret llm"`)
	applied := s.Apply().Succeeds()
	s.PlansNothing()
	says("ana", answers("small", first))
	says("ben", "403\n403")

	// Another version sends the Secret's values again, and another model is used at once.
	key(second)
	configure("2", "large")
	s.Apply().Succeeds()
	s.PlansNothing()
	says("ana", answers("large", second))

	// What somebody changes is shown and taken back.
	s.client("track-admin", `
import requests
me = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
api = "http://track:5000/ml/api/3.0/mlflow/gateway/"
[key] = requests.get(api + "secrets/list", auth=me).json()["secrets"]
requests.post(api + "secrets/update", auth=me, json={"secret_id": key["secret_id"], "secret_value": {"api_key": "sk-of-somebody-else"}, "updated_by": "somebody"}).raise_for_status()
[model] = requests.get(api + "model-definitions/list", auth=me).json()["model_definitions"]
requests.post(api + "model-definitions/update", auth=me, json={"model_definition_id": model["model_definition_id"], "model_name": "other"}).raise_for_status()
`)
	s.Plan().Succeeds().Says(`"somebody" -> "version 2 of Secret llm"`, `"other" -> "large"`)
	s.Apply().Succeeds()
	s.PlansNothing()
	says("ana", answers("large", second))

	for name, text := range map[string]string{"the plan": plan.Output, "the output": applied.Output, "the state": s.ReadFile("terraform.tfstate")} {
		for _, secret := range []string{first, second} {
			if form := acctest.Spilled(text, secret); form != "" {
				s.t.Errorf("%s holds an API key %s", name, form)
			}
		}
	}
	s.configure("models = { doubles = {} }")
	s.Apply().Succeeds()
	s.PlansNothing()
	out := s.client("track-admin", `
import requests
me = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
api = "http://track:5000/ml/api/3.0/mlflow/gateway/"
print([requests.get(api + kind + "/list", auth=me).json() for kind in ("secrets", "endpoints", "model-definitions")])
`)
	if strings.TrimSpace(out) != "[{}, {}, {}]" {
		s.t.Errorf("there is %s, want nothing", out)
	}
	s.beside = ""
}
