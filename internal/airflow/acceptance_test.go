package airflow_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/airflow"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// airflowImage is the default image.
var airflowImage = pod.Pinned(airflow.DefaultImage)

// stand is a workspace with one analytics_airflow, "flow", alone in its namespace
// but for the analytics_minio that keeps its logs.
type stand struct {
	*acctest.Workspace
	t         *testing.T
	c         *acctest.Cluster
	namespace string
	// restore is the name of the backup that the database is restored from, if any.
	restore string
}

func newStand(t *testing.T) *stand {
	t.Helper()
	c := acctest.Connect(t)
	w := acctest.NewWorkspace(t)
	w.Timeout = 10 * time.Minute // an Airflow starts slowly on a busy machine
	return &stand{Workspace: w, t: t, c: c, namespace: c.Namespace(t)}
}

// configure writes a configuration of a small Airflow with these attributes more.
func (s *stand) configure(attributes string) {
	s.t.Helper()
	restore := ""
	if s.restore != "" {
		restore = fmt.Sprintf("restore_from = %q", s.restore)
	}
	s.Configure(`
provider "analytics" {
  config_path = %q
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = %[2]q
  pools     = [{ servers = 1, size = "300Mi" }]
  resources = { requests = { cpu = "10m", memory = "128Mi" } }
  buckets   = { logs = {} }
  users     = { airflow = { policies = ["readwrite"], bucket = "logs" } }
}

resource "analytics_airflow" "flow" {
  name      = "flow"
  namespace = %[2]q
  resources = { requests = { cpu = "10m", memory = "200Mi" } } # several of them share two processors
  database = {
    embedded = { size = "512Mi", resources = { requests = { cpu = "10m", memory = "64Mi" } } }
    backups  = { size = "300Mi" }
    %[4]s
  }
  logs      = analytics_minio.lake.users["airflow"].s3
  config    = { workers = { execution_api_timeout = "180" } } # 5 s are too few where the processors are shared with much else
  %[3]s
}
`, s.c.Kubeconfig, s.namespace, attributes, restore)
}

// hello is a DAG whose tasks print: one where the scheduler runs, one in a pod.
const hello = `
from airflow.sdk import Connection, Variable, dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def hello():
    @task
    def say():
        print("it said", "hello")

    @task(executor="KubernetesExecutor")
    def say_in_pod():
        print("the pod said", Variable.get("greeting", "goodbye"))
        print("it opens" if Connection.get("warehouse").password == "p@ss/w:rd" else "it stays closed")

    say() >> say_in_pod()

hello()
`

// dags is the attribute with DAG files, given by name.
func dags(files map[string]string) string {
	var b strings.Builder
	b.WriteString("dags = {\n")
	for name, text := range files {
		fmt.Fprintf(&b, "    %q = <<EOT\n%sEOT\n", name, text)
	}
	b.WriteString("  }\n")
	return b.String()
}

// selector selects the pods of a component.
func selector(component string) string {
	return "app.kubernetes.io/instance=flow,app.kubernetes.io/component=" + component
}

// pods returns the pods of a component that are not on their way out.
func (s *stand) pods(component string) []corev1.Pod {
	s.t.Helper()
	list, err := s.c.CoreV1().Pods(s.namespace).List(s.t.Context(), metav1.ListOptions{LabelSelector: selector(component)})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []corev1.Pod
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodSucceeded {
			out = append(out, p)
		}
	}
	return out
}

// tasks lists the pods that tasks of the DAG hello ran in, by the events about them.
func (s *stand) tasks() []string {
	s.t.Helper()
	events, err := s.c.CoreV1().Events(s.namespace).List(s.t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind=Pod,reason=Started"})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, e := range events.Items {
		if strings.HasPrefix(e.InvolvedObject.Name, "hello-") {
			out = append(out, e.InvolvedObject.Name)
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
