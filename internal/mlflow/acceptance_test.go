package mlflow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/mlflow"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
)

func TestMain(m *testing.M) { acctest.Main(m) }

const (
	// formerVersion is the one that is upgraded from.
	formerVersion = "3.16.1"
	// servers selects the servers' pods.
	servers = "app.kubernetes.io/instance=track,app.kubernetes.io/component=server"
)

// stand is a workspace with one analytics_mlflow, "track", alone in its namespace but
// for the analytics_minio that keeps its artifacts, and the clients.
type stand struct {
	*acctest.Workspace
	t         testing.TB
	c         *acctest.Cluster
	namespace string
	// beside is what the configuration has beside the two.
	beside string
	// resources are those of the servers.
	resources string
}

func newStand(t testing.TB) *stand {
	t.Helper()
	c := acctest.Connect(t)
	w := acctest.NewWorkspace(t)
	w.Timeout = 10 * time.Minute // a busy machine starts servers slowly
	return &stand{Workspace: w, t: t, c: c, namespace: c.Namespace(t), resources: `{ requests = { memory = "300Mi" } }`}
}

// configure writes a configuration with an MLflow that has these attributes more, or
// with the storage alone where they are "".
func (s *stand) configure(attributes string) {
	s.t.Helper()
	track := ""
	if attributes != "" {
		track = fmt.Sprintf(`
resource "analytics_mlflow" "track" {
  name          = "track"
  namespace     = %q
  artifacts     = analytics_minio.lake.users["mlflow"].s3
  static_prefix = "/ml"
  default_permission = "NO_PERMISSIONS"
  metrics       = {}
  resources     = %s
  database = {
    embedded = { size = "512Mi", resources = { requests = { memory = "64Mi" } } }
    backups  = { size = "300Mi" }
  }
  %s
}`, s.namespace, s.resources, attributes)
	}
	s.Configure(`
provider "analytics" {
  config_path = %q
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = %q
  pools     = [{ servers = 1, size = "300Mi" }]
  resources = { requests = { cpu = "10m", memory = "128Mi" } }
  buckets   = { models = {} }
  users     = { mlflow = { policies = ["readwrite"], bucket = "models" } }
}
%s
%s
`, s.c.Kubeconfig, s.namespace, track, s.beside)
}

// pods returns the servers' pods that are not on their way out.
func (s *stand) pods() []corev1.Pod {
	s.t.Helper()
	list, err := s.c.CoreV1().Pods(s.namespace).List(s.t.Context(), metav1.ListOptions{LabelSelector: servers})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []corev1.Pod
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			out = append(out, p)
		}
	}
	return out
}

func (s *stand) secret(name string) map[string][]byte {
	s.t.Helper()
	secret, err := s.c.CoreV1().Secrets(s.namespace).Get(s.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return secret.Data
}

// client runs a program in Python, with MLflow's client, in a pod that knows the
// tracking URI alone. It acts as the user whose Secret has that name.
func (s *stand) client(account, program string) string {
	s.t.Helper()
	out, err := s.tryClient(account, program)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *stand) tryClient(account, program string) (string, error) {
	s.t.Helper()
	const name = "client"
	if _, err := s.c.CoreV1().Pods(s.namespace).Get(s.t.Context(), name, metav1.GetOptions{}); err != nil {
		s.startClient(name)
	}
	a := s.secret(account)
	settings := fmt.Sprintf("import os\nos.environ[%q] = %q\nos.environ[%q] = %q\n", "MLFLOW_TRACKING_USERNAME", a["MLFLOW_TRACKING_USERNAME"], "MLFLOW_TRACKING_PASSWORD", a["MLFLOW_TRACKING_PASSWORD"])
	return s.c.Exec(s.t.Context(), s.namespace, name, strings.NewReader(settings+program), "python", "-")
}

func (s *stand) startClient(name string) {
	s.t.Helper()
	yes, no, user, grace := true, false, int64(65532), int64(0)
	_, err := s.c.CoreV1().Pods(s.namespace).Create(s.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: name, Image: pod.Pinned(mlflow.DefaultImage), Command: []string{"sleep", "3600"},
				Env: []corev1.EnvVar{{Name: "HOME", Value: "/tmp"}, {Name: "MLFLOW_TRACKING_URI", Value: "http://track:5000/ml"}, {Name: "GIT_PYTHON_REFRESH", Value: "quiet"}},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
				VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}}, WorkingDir: "/tmp",
			}},
			AutomountServiceAccountToken: &no, EnableServiceLinks: &no, TerminationGracePeriodSeconds: &grace,
			Volumes:         []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	acctest.Eventually(s.t, time.Minute, func() string {
		live, err := s.c.CoreV1().Pods(s.namespace).Get(s.t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if live.Status.Phase != corev1.PodRunning {
			return fmt.Sprintf("the client is %s", live.Status.Phase)
		}
		return ""
	})
}

// training logs a run with an artifact and a model, and registers the model.
const training = `
import mlflow

class Doubles(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * x for x in model_input]

mlflow.set_experiment("numbers")
with mlflow.start_run(run_name="first") as run:
    mlflow.log_param("depth", 3)
    mlflow.log_metric("loss", 0.25)
    mlflow.log_text("kept in object storage", "note.txt")
    mlflow.pyfunc.log_model(name="doubles", python_model=Doubles(), registered_model_name="doubles", pip_requirements=[])
mlflow.MlflowClient().set_registered_model_alias("doubles", "best", 1)
print("logged", run.info.run_id)
`

// reading reads back what training logged.
const reading = `
import mlflow

[run] = mlflow.search_runs(experiment_names=["numbers"], output_format="list")
note = mlflow.artifacts.load_text(run.info.artifact_uri + "/note.txt")
model = mlflow.pyfunc.load_model("models:/doubles@best")
print("read", run.data.params["depth"], run.data.metrics["loss"], note, model.predict([21]))
`

const read = "read 3 0.25 kept in object storage [42]"

func (s *stand) reads(when string) {
	s.t.Helper()
	if out := s.client("track-admin", reading); !strings.Contains(out, read) {
		s.t.Errorf("%s, the client printed %q", when, out)
	}
}

// status defines what asks the API as somebody and by a host name.
const status = `
import base64, sys, urllib.error, urllib.request
def status(host, user, password):
    request = urllib.request.Request("http://track:5000/ml/api/2.0/mlflow/experiments/get?experiment_id=0")
    request.add_header("Host", host)
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as e:
        return e.code
import os
me = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
`

// startLoad has a client ask for the registered model all the time.
func (s *stand) startLoad() *acctest.Load {
	s.t.Helper()
	admin := s.secret("track-admin")
	return s.c.StartLoad(s.t, s.namespace, fmt.Sprintf("http://%s:%s@track:5000/ml/api/2.0/mlflow/registered-models/get?name=doubles", admin["username"], admin["password"]))
}

// collects runs the CronJob that empties the trash, in which the experiment "fraud" is.
func (s *stand) collects() {
	s.t.Helper()
	const inTrash = "import mlflow\nfrom mlflow.entities import ViewType\nprint([e.name for e in mlflow.search_experiments(view_type=ViewType.DELETED_ONLY)])"
	if out := s.client("track-admin", inTrash); !strings.Contains(out, "fraud") {
		s.t.Errorf("in the trash there is %s, want fraud", out)
	}
	now := s.c.RunNow(s.t, s.namespace, "track-gc")
	acctest.Eventually(s.t, 4*time.Minute, func() string {
		live, err := s.c.BatchV1().Jobs(s.namespace).Get(s.t.Context(), now.Name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if live.Status.Succeeded == 0 {
			return fmt.Sprintf("the job is %+v", live.Status)
		}
		return ""
	})
	if out := s.client("track-admin", inTrash); strings.Contains(out, "fraud") {
		s.t.Errorf("after the trash was emptied there is %s in it", out)
	}
}

// permissions declares users, experiments and models, has somebody change them behind
// Terraform's back, and takes them away.
func (s *stand) permissions() {
	s.t.Helper()
	const users = "users = { ana = {}, ben = {} }\n"
	s.configure(users + `
  experiments = { fraud = { permissions = { ana = "EDIT", ben = "READ" } }, spare = {} }
  models      = { doubles = { permissions = { ben = "READ" } }, empty = {} }
}

resource "analytics_ingestion" "job" {
  name      = "job"
  namespace = analytics_mlflow.track.namespace
  image     = "` + pod.Pinned(mlflow.DefaultImage) + `"
  once      = {}
  mlflow    = analytics_mlflow.track.users["ana"].tracking
  script    = <<-EOT
    import mlflow
    mlflow.set_experiment("fraud")
    with mlflow.start_run(run_name="from a program"):
        mlflow.log_metric("rows", 7)
  EOT
}

resource "analytics_spark_job" "job" {
  name      = "spark"
  namespace = analytics_mlflow.track.namespace
  image     = "localhost/spark-s3a:4.1.2"
  mlflow    = analytics_mlflow.track.users["ana"].tracking
  driver    = { memory = "512Mi", memory_overhead = "384Mi", resources = { requests = { cpu = "10m" } } }
  executor  = { memory = "512Mi", memory_overhead = "384Mi", instances = 1, resources = { requests = { cpu = "10m" } } }
  script    = <<-EOT
    import base64, json, os, urllib.request
    from pyspark.sql import SparkSession

    def fraud(_):
        user = os.environ["MLFLOW_TRACKING_USERNAME"] + ":" + os.environ["MLFLOW_TRACKING_PASSWORD"]
        request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/experiments/get-by-name?experiment_name=fraud",
            headers={"Authorization": "Basic " + base64.b64encode(user.encode()).decode()})
        return json.load(urllib.request.urlopen(request))["experiment"]["name"]

    spark = SparkSession.builder.getOrCreate()
    on_executor = spark.sparkContext.parallelize([0], 1).map(fraud).collect()[0]
    with open(os.environ["OUTPUT_FILE"], "w") as f:
        print(fraud(0), on_executor, end="", file=f)
    spark.stop()
  EOT
`)
	s.Apply().Succeeds()
	result, _ := s.Attributes("analytics_spark_job.job")["result"].(map[string]any)
	if result["output"] != "fraud fraud" {
		s.t.Errorf("driver and executor of the Spark job read %v, want the experiment fraud", result["output"])
	}
	s.PlansNothing()
	const attempt = `
import mlflow
from mlflow.exceptions import MlflowException
def attempt(what):
    try:
        what()
        return "may"
    except MlflowException as e:
        return "may not" if "ermission denied" in str(e) else str(e)
def log():
    mlflow.set_experiment("fraud")
    with mlflow.start_run():
        mlflow.log_text("x", "x.txt")
def read():
    assert "from a program" in mlflow.search_runs(experiment_names=["fraud"])["tags.mlflow.runName"].tolist()
print(attempt(log), attempt(read), attempt(lambda: mlflow.MlflowClient().get_registered_model("doubles")))
`
	for user, want := range map[string]string{"ana": "may may may not", "ben": "may not may may"} {
		// MLflow's client says more than the last line, which is the program's.
		if out := s.client("track-user-"+user, attempt); !strings.HasSuffix("\n"+strings.TrimSpace(out), "\n"+want) {
			s.t.Errorf("%s: got %q, want %q for logging a run, reading runs, and reading the model", user, out, want)
		}
	}

	s.client("track-admin", `
from mlflow.server import get_app_client
client = get_app_client("basic-auth", tracking_uri="http://track:5000/ml")
client.revoke_user_permission("ben", "registered_model", "doubles")
client.update_user_password("ana", "something-else-entirely")
`)
	s.Plan().Succeeds().Says("RegisteredModel/doubles", "permissions[ben]", "User/ana", `"others" -> "those of Secret track-user-ana"`)
	s.Apply().Succeeds()
	s.PlansNothing()

	// What has content stays, unless it is forced.
	s.configure(users)
	s.Apply().Fails().Says("Experiment/fraud cannot be removed", "the experiment has runs", "RegisteredModel/doubles cannot be removed", "the model has versions", "force_destroy = true")
	s.configure(users + `
  experiments = { fraud = { force_destroy = true } }
  models      = { doubles = {} }
`)
	s.Apply().Succeeds()
	s.PlansNothing()
	s.configure(users + `
  models             = { doubles = {} }
  garbage_collection = { cron = "0 3 29 2 *", older_than_days = 0 }
`)
	s.Apply().Succeeds()
	s.PlansNothing()
	s.collects()
	out := s.client("track-admin", "import mlflow\nprint(sorted(e.name for e in mlflow.search_experiments()), sorted(m.name for m in mlflow.search_registered_models()))")
	if got, want := strings.TrimSpace(out), "['Default', 'numbers'] ['doubles']"; got != want {
		s.t.Errorf("there are %s, want %s", got, want)
	}
}

// metrics reads those of a server as Prometheus does, by the address of its pod.
func (s *stand) metrics(address string) {
	s.t.Helper()
	out := s.client("track-admin", fmt.Sprintf(`
import os, requests
url = "http://%s:5000/metrics"
me = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
print(requests.get(url).status_code, requests.get(url, auth=me).text.count("mlflow_http_request_total{"))
`, address))
	if fields := strings.Fields(out); len(fields) != 2 || fields[0] != "401" || fields[1] == "0" {
		s.t.Errorf("the status without a password and the number of counted kinds of requests are %q", out)
	}
}

// TestAccMLflow logs a run and a model with MLflow's own client and reads them back
// after each of these: an upgrade with a migration and an eviction while a client asks
// all the time, a server that is killed, and a destroy.
func TestAccMLflow(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.configure(`version = "` + formerVersion + `"`)
	began := time.Now()
	s.Apply().Succeeds()
	t.Logf("created in %.1f s", time.Since(began).Seconds())
	s.PlansNothing()
	if got, want := s.Attributes("analytics_mlflow.track")["tracking_uri"], "http://track."+s.namespace+".svc.cluster.local:5000/ml"; got != want {
		t.Errorf("the tracking URI is %v, want %s", got, want)
	}
	if out := s.client("track-admin", training); !strings.Contains(out, "logged") {
		t.Fatalf("the client printed %q", out)
	}
	s.reads("at once")

	load := s.startLoad()
	s.configure(`admin = { user = "admin" }`)
	plan := s.Plan().Succeeds().Says(`"before-`+formerVersion+`" -> "before-`+mlflow.DefaultVersion+`"`, "Job/migrate", "v"+formerVersion+"-full", "v"+mlflow.DefaultVersion+"-full")
	began = time.Now()
	s.Apply().Succeeds()
	t.Logf("upgraded in %.1f s", time.Since(began).Seconds())
	s.c.Evict(t, s.pods()[0])
	s.c.AwaitReady(t, s.namespace, servers, 2)
	for answer := range load.End("the upgrade and an eviction", 20) {
		if !strings.Contains(answer, `"doubles"`) {
			t.Errorf("during the upgrade or the eviction, an answer is %s", answer)
		}
	}
	s.PlansNothing()
	s.reads("after the upgrade")
	s.configure(`version = "` + formerVersion + `"`)
	s.Plan().Fails().Says("MLflow cannot go back to an older version", `database.restore_from = "before-`+mlflow.DefaultVersion+`"`)

	// Who comes by a foreign name or with a foreign password is not let in.
	out := s.client("track-admin", status+`print(status("track:5000", *me), status("track.example.com", *me), status("track:5000", "admin", "password1234"), status("track:5000", "", ""))`)
	if strings.TrimSpace(out) != "200 403 401 401" {
		t.Errorf("the statuses are %s; want 200 for the administrator, 403 for a foreign host, and 401 for others", out)
	}

	pods := s.pods()
	if len(pods) != 2 {
		t.Fatalf("there are %d servers, want 2", len(pods))
	}
	s.metrics(pods[0].Status.PodIP)

	now := int64(0)
	if err := s.c.CoreV1().Pods(s.namespace).Delete(t.Context(), pods[0].Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	s.reads("with one of two servers killed")

	// The password is in the Secret alone, and a new one needs no new servers.
	before := string(s.secret("track-admin")["password"])
	s.configure(`admin = { rotate = "1" }`)
	rotated := s.Apply().Succeeds()
	after := string(s.secret("track-admin")["password"])
	if out := s.client("track-admin", status+fmt.Sprintf(`print(status("track:5000", *me), status("track:5000", "admin", %q))`, before)); strings.TrimSpace(out) != "200 401" {
		t.Errorf("the statuses are %s; want 200 for the new password and 401 for the former one", out)
	}
	for name, text := range map[string]string{"the plan": plan.Output, "the output": rotated.Output, "the state": s.ReadFile("terraform.tfstate")} {
		for _, secret := range []string{before, after, string(s.secret("track-database")["password"]), string(s.secret("track-keys")["encryption_passphrase"])} {
			if form := acctest.Spilled(text, secret); form != "" {
				t.Errorf("%s holds a secret %s", name, form)
			}
		}
	}

	s.permissions()

	s.configure("")
	s.Apply().Succeeds()
	if pods := s.pods(); len(pods) != 0 {
		t.Errorf("after the destroy, there are %d servers", len(pods))
	}
	s.configure(`replicas = 1`)
	s.Apply().Succeeds()
	s.PlansNothing()
	s.reads("after a destroy and an apply")
	s.Destroy().Succeeds()
}
