package script_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

const address = "analytics_ingestion.it"

// selector selects its pods.
const selector = "app.kubernetes.io/instance=it"

// stand is one program under test.
type stand struct {
	*acctest.Workspace
	t         *testing.T
	c         *acctest.Cluster
	namespace string
}

func newStand(t *testing.T) *stand {
	t.Helper()
	c := acctest.Connect(t)
	return &stand{Workspace: acctest.NewWorkspace(t), t: t, c: c, namespace: c.Namespace(t)}
}

// program configures analytics_ingestion.it; further resources may follow.
func (s *stand) program(attributes string, more ...string) {
	s.t.Helper()
	s.Configure(`
provider "analytics" {
  config_path = %q
  defaults    = { namespace = %q }
}

resource "analytics_ingestion" "it" {
  name = "it"
  resources = { requests = { cpu = "10m", memory = "32Mi" }, limits = { memory = "64Mi" } }
%s
}
%s`, s.c.Kubeconfig, s.namespace, attributes, strings.Join(more, "\n"))
}

func (s *stand) jobs() []batchv1.Job {
	s.t.Helper()
	list, err := s.c.BatchV1().Jobs(s.namespace).List(s.t.Context(), metav1.ListOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return list.Items
}

func (s *stand) pods() []corev1.Pod {
	s.t.Helper()
	list, err := s.c.CoreV1().Pods(s.namespace).List(s.t.Context(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		s.t.Fatal(err)
	}
	return list.Items
}

// result is the attribute result.
func (s *stand) result() map[string]any {
	s.t.Helper()
	return s.resultOf(address)
}

// resultOf is the attribute result of another resource.
func (s *stand) resultOf(address string) map[string]any {
	s.t.Helper()
	r, _ := s.Attributes(address)["result"].(map[string]any)
	return r
}

// TestAccOnce lets a program fail, corrects it, and makes sure that it runs again
// when it is to, and never else.
func TestAccOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	const good = `
once   = { triggers = { day = "1" } }
env    = { TOKEN = sensitive("a-secret-of-the-program") }
script = <<-EOT
  import json, os, sys
  print("hello", sys.argv[1:], os.environ["TOKEN"])
  json.dump({"rows": 3}, open(os.environ["OUTPUT_FILE"], "w"))
EOT
args   = ["one"]`
	s.program(strings.Replace(good, "import json", "import no_such_module, json", 1))
	s.Apply().Fails().Says("Job/", "failed", "exit code 1", "ModuleNotFoundError: No module named 'no_such_module'").SaysNot("a-secret-of-the-program")
	if r := s.result(); r["succeeded"] != false || fmt.Sprint(r["exit_code"]) != "1" {
		t.Errorf("the result of the run that failed is %v", r)
	}
	s.program(good)
	s.Run("untaint", address)
	s.Apply().Succeeds()
	s.PlansNothing()
	first := s.result()
	if first["succeeded"] != true || first["output"] != `{"rows": 3}` || !strings.Contains(fmt.Sprint(first["log"]), "hello ['one']") {
		t.Errorf("the result is %v", first)
	}
	if strings.Contains(fmt.Sprint(first), "a-secret-of-the-program") {
		t.Errorf("the result shows a secret: %v", first)
	}
	uid := s.jobs()[0].UID

	// What does not matter to the run does not make it run again.
	s.program(good + "\nlabels = { team = \"a\" }\npod_annotations = { a = \"b\" }")
	s.Plan().Says("Job/run does not run again").SaysNot("result ")
	s.Apply().Succeeds()
	s.PlansNothing()
	if jobs := s.jobs(); len(jobs) != 1 || jobs[0].UID != uid {
		t.Errorf("a label made it run again: %v", jobs)
	}
	s.program(good)
	s.Apply().Succeeds()

	// A Job that is gone is no reason to run again, whatever happens next.
	background := metav1.DeletePropagationBackground
	if err := s.c.BatchV1().Jobs(s.namespace).Delete(t.Context(), "it", metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		t.Fatal(err)
	}
	acctest.Eventually(t, time.Minute, func() string {
		if n := len(s.jobs()); n > 0 {
			return fmt.Sprintf("there are %d Jobs", n)
		}
		return ""
	})
	s.PlansNothing()
	s.program(good + "\nannotations = { note = \"x\" }")
	s.Apply().Succeeds()
	s.PlansNothing()
	if n := len(s.jobs()); n != 0 {
		t.Errorf("there are %d Jobs: it ran again", n)
	}
	if again := s.result(); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("the result was %v and is %v", first, again)
	}

	// What matters does.
	for _, change := range [][2]string{{`day = "1"`, `day = "2"`}, {`["one"]`, `["two"]`}, {"a-secret-of-the-program", "another-secret-of-it"}} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("nothing to change: %s", change[0])
		}
		before := s.jobs()
		s.program(strings.Replace(good, change[0], change[1], 1))
		plan := s.Plan()
		if len(before) > 0 {
			plan.Says("Job/run runs again")
		}
		s.Apply().Succeeds()
		s.PlansNothing()
		jobs := s.jobs()
		if len(jobs) != 1 || len(before) > 0 && jobs[0].UID == before[0].UID {
			t.Errorf("%v did not make it run again", change)
		}
	}
	s.Destroy().Succeeds()
}

// TestAccOnceEnds proves how runs end that do not succeed.
func TestAccOnceEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		attributes string
		says       []string
		pods       int
	}{
		"out of memory": {
			"once = {}\nscript = \"x = b'x' * 10**9\"",
			[]string{"OOMKilled", "64Mi", "raise resources.limits.memory"},
			1,
		},
		"too long": {"once = { time_limit = \"5s\" }\nscript = \"import time; time.sleep(600)\"", []string{"DeadlineExceeded", "time_limit"}, 0},
		"final exit code": {
			"once = { retries = 5, no_retry_exit_codes = [42] }\nscript = \"import sys; print('no use', flush=True); sys.exit(42)\"",
			[]string{"exit code 42", "no use"},
			1,
		},
		"requirement that does not exist": {
			"once = {}\nrequirements = { packages = [\"no-such-package-at-all\"], index_url = \"http://127.0.0.1:9/simple\" }\nscript = \"pass\"",
			[]string{"container install ended with exit code 1", "No matching distribution found for no-such-package-at-all"},
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			s.program(test.attributes)
			s.Apply().Fails().Says(test.says...)
			if test.pods > 0 && len(s.pods()) != test.pods {
				t.Errorf("there are %d pods, not %d", len(s.pods()), test.pods)
			}
			s.Destroy().Succeeds()
		})
	}
}

// TestAccSchedule lets a schedule run twice, and leaves out what would overlap.
func TestAccSchedule(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	const attributes = `
schedule = { cron = "* * * * *", time_zone = "Asia/Kathmandu" }
script   = <<-EOT
  import time
  print("at work", flush=True)
  time.sleep(%d)
EOT`
	s.program(fmt.Sprintf(attributes, 70))
	// A plan holds when a run was due between it and its apply.
	s.Plan("-out=plan").Succeeds()
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute + time.Second)))
	s.Run("apply", "-no-color", "plan").Succeeds()
	s.PlansNothing()
	if next, _ := s.Attributes(address)["next_runs"].([]any); len(next) != 3 || !strings.HasSuffix(fmt.Sprint(next[0]), "+05:45") {
		t.Errorf("the next runs are %v", next)
	}
	runs := func() (all []batchv1.Job, done int) {
		for _, job := range s.jobs() {
			all = append(all, job)
			if job.Status.Succeeded > 0 {
				done++
			}
		}
		return all, done
	}
	most := 0
	acctest.Eventually(t, 4*time.Minute, func() string {
		all, done := runs()
		active := 0
		for _, job := range all {
			active += int(job.Status.Active)
		}
		most = max(most, active)
		if done < 2 {
			return fmt.Sprintf("%d of %d runs have succeeded", done, len(all))
		}
		return ""
	})
	if most != 1 {
		t.Errorf("%d runs were under way at once", most)
	}
	events, err := s.c.CoreV1().Events(s.namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind=CronJob,reason=JobAlreadyActive"})
	if err != nil || len(events.Items) == 0 {
		t.Errorf("no run was left out because of another one: %v", err)
	}
	s.Run("apply", "-refresh-only", "-auto-approve", "-no-color").Succeeds()
	status, _ := s.Attributes(address)["runs"].(map[string]any)
	if status["last"] == nil || status["last_success"] == nil {
		t.Errorf("the runs are %v", status)
	}
	if r := s.result(); !strings.Contains(fmt.Sprint(r["log"]), "at work") {
		t.Errorf("the result is %v", r)
	}
	s.PlansNothing()
	s.program(fmt.Sprintf(attributes, 1))
	s.Plan().Says("CronJob/run takes effect with the next run")
	s.Apply().Succeeds()
	s.PlansNothing()
	s.Destroy().Succeeds()
}

const server = `
import http.server, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"%s")
    def log_message(self, *args): pass
httpd = http.server.ThreadingHTTPServer(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *args: sys.exit(0))
httpd.serve_forever()
`

// TestAccContinuous changes a server's program, and takes a replica away, under a
// loop of requests.
func TestAccContinuous(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	configure := func(version string) {
		s.program(fmt.Sprintf("continuous = { replicas = 2, port = 8080, readiness = { path = \"/\" }, liveness = { path = \"/\" } }\nscript = <<-EOT\n%s\nEOT", fmt.Sprintf(server, version)))
	}
	configure("one")
	s.Apply().Succeeds()
	s.PlansNothing()
	if endpoint := s.Attributes(address)["endpoint"]; endpoint != fmt.Sprintf("it.%s.svc.cluster.local:8080", s.namespace) {
		t.Errorf("the endpoint is %v", endpoint)
	}
	load := s.c.StartLoad(t, s.namespace, "http://it:8080/")
	time.Sleep(2 * time.Second)
	configure("two")
	s.Plan().Says(`rolls the 2 pods of Deployment/run, each replaced when its successor is ready`)
	s.Apply().Succeeds()
	if err := s.c.CoreV1().Pods(s.namespace).Delete(t.Context(), s.pods()[0].Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.c.AwaitReady(t, s.namespace, selector, 2)
	time.Sleep(2 * time.Second)
	if answers := load.End("an update and the loss of a pod", 20); answers["one"] == 0 || answers["two"] == 0 {
		t.Errorf("the answers are %v", answers)
	}
	s.PlansNothing()
	s.Destroy().Succeeds()
}

// TestAccRequirements installs a package from an index that asks for credentials, and
// does not install it again for the next pod.
func TestAccRequirements(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	index := fmt.Sprintf(`
resource "analytics_ingestion" "index" {
  name       = "index"
  resources  = { requests = { cpu = "10m", memory = "32Mi" } }
  continuous = { port = 8080 }
  script     = <<-EOT
import base64, http.server
WHEEL = base64.b64decode("%s")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, flush=True)
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"reader:p@ss/word-12").decode():
            self.send_response(401); self.send_header("WWW-Authenticate", "Basic"); self.end_headers(); return
        body = WHEEL if self.path.endswith(".whl") else b'<a href="/greeting-1.0-py3-none-any.whl">greeting-1.0-py3-none-any.whl</a>'
        self.send_response(200); self.send_header("Content-Type", "text/html" if body is not WHEEL else "application/zip"); self.end_headers(); self.wfile.write(body)
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
EOT
}`, acctest.Wheel(t, "greeting", "1.0", "def hello(): return 'good morning'\n"))
	if _, err := s.c.CoreV1().Secrets(s.namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "index-reader"}, StringData: map[string]string{"username": "reader", "password": "p@ss/word-12"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	configure := func(trigger string, more ...string) {
		packages, err := json.Marshal(append([]string{"greeting==1.0"}, more...))
		if err != nil {
			t.Fatal(err)
		}
		s.program(fmt.Sprintf(`
once         = { triggers = { n = %q } }
requirements = {
  packages          = %s
  index_url         = "http://${analytics_ingestion.index.endpoint}/simple"
  index_credentials = "index-reader"
  cache             = { size = "300Mi" }
}
script = "import greeting; print(greeting.hello())"`, trigger, packages), index)
	}
	installed := func() string {
		pods, err := s.c.CoreV1().Pods(s.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "job-name=it"})
		if err != nil || len(pods.Items) != 1 {
			t.Fatalf("%d pods, %v", len(pods.Items), err)
		}
		log, err := s.c.CoreV1().Pods(s.namespace).GetLogs(pods.Items[0].Name, &corev1.PodLogOptions{Container: "install"}).DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(log), "p@ss") || strings.Contains(string(log), "p%40ss") {
			t.Errorf("pip's log shows the password:\n%s", log)
		}
		return string(log)
	}
	configure("1")
	s.Apply().Succeeds()
	s.PlansNothing()
	if log := installed(); !strings.Contains(log, "Successfully installed greeting-1.0") {
		t.Errorf("pip wrote:\n%s", log)
	}
	if log := fmt.Sprint(s.result()["log"]); log != "good morning" {
		t.Errorf("the program wrote %q", log)
	}
	configure("2")
	s.Apply().Succeeds()
	if log := installed(); !strings.Contains(log, "are there already") {
		t.Errorf("it was installed again:\n%s", log)
	}

	// What cannot be installed says so, and takes nothing away.
	configure("3", "no-such-package-at-all==1.0")
	s.Apply().Fails().Says("container install ended with exit code 1", "No matching distribution found for no-such-package-at-all==1.0").SaysNot("p@ss", "p%40ss")
	configure("4")
	s.Apply().Succeeds()
	if log := installed(); !strings.Contains(log, "are there already") {
		t.Errorf("after an installation that failed, the one before is gone:\n%s", log)
	}
	s.PlansNothing()

	// The packages are no data: neither their volume stays nor the claim of the resource.
	s.Destroy().Succeeds()
	secrets, err := s.c.CoreV1().Secrets(s.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets.Items {
		if secret.Name != "index-reader" {
			t.Errorf("Secret %s is left", secret.Name)
		}
	}
	volumes, err := s.c.CoreV1().PersistentVolumeClaims(s.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(volumes.Items) != 0 {
		t.Errorf("%d volumes are left, %v", len(volumes.Items), err)
	}
}
