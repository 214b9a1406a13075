package airflow_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
)

// databasePassword has all that means something in a URL.
const databasePassword = "p@ss:w/o?r#d%20&+"

// TestAccAirflowExternalDatabase uses a database that is there already, first with a
// wrong password.
func TestAccAirflowExternalDatabase(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.postgres()
	s.repository("fetched.py", strings.ReplaceAll(short, "hello", "fetched"))
	secret := func(password string) {
		t.Helper()
		o := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "credentials"}, StringData: map[string]string{"word": password}}
		_ = s.c.CoreV1().Secrets(s.namespace).Delete(t.Context(), o.Name, metav1.DeleteOptions{})
		if _, err := s.c.CoreV1().Secrets(s.namespace).Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	configure := func(version string) {
		s.Configure(`
provider "analytics" {
  config_path = %q
}

resource "analytics_airflow" "flow" {
  name      = "flow"
  namespace = %q
  resources = { requests = { cpu = "10m", memory = "200Mi" } }
  triggerer = { replicas = 0 }
  config    = { core = { paralelism = "4" }, workers = { execution_api_timeout = "180" } }
  dag_bundles = { team = { repository = "git://repo/dags", subdir = "flows", refresh_interval = 5 } }
  database = {
    external = {
      host            = "db"
      name            = "meta"
      user            = "owner"
      password_secret = { name = "credentials", key = "word", version = %q }
      ssl_mode        = "disable"
    }
    backups = { enabled = true, size = "300Mi" }
  }
}
`, s.c.Kubeconfig, s.namespace, version)
	}
	secret("wrong")
	configure("1")
	failed := s.Apply().Fails().Says("Job/migrate", `password authentication failed for user "owner"`, `Did you mean "parallelism"?`)
	if form := acctest.Spilled(failed.Output, databasePassword); form != "" {
		t.Errorf("the output holds the password %s", form)
	}
	if pods := s.pods("scheduler"); len(pods) != 0 {
		t.Error("the scheduler was started without a database")
	}

	secret(databasePassword)
	configure("2")
	s.Apply().Succeeds()
	s.PlansNothing()
	c := s.login()
	var health map[string]struct {
		Status string `json:"status"`
	}
	acctest.Eventually(t, time.Minute, func() string {
		if err := c.try("GET", "/api/v2/monitor/health", nil, &health); err != nil {
			return err.Error()
		}
		for _, part := range []string{"metadatabase", "scheduler", "dag_processor"} {
			if health[part].Status != "healthy" {
				return part + " is " + health[part].Status
			}
		}
		return ""
	})
	// The DAG comes from the repository, and without a storage of logs they come from
	// the pod of the scheduler.
	run := c.trigger("fetched")
	c.succeeds("fetched", run)
	c.logged("fetched", run, "say", "it said fetched")

	url := string(s.secret("flow-database")["url"])
	if !strings.HasPrefix(url, "postgresql+psycopg2://owner:p%40ss") || !strings.HasSuffix(url, "@db:5432/meta") {
		t.Errorf("the URL of the database is %s", url)
	}
	s.Destroy().Succeeds()
}

// postgres starts a Postgres that is not the provider's, as "db".
func (s *stand) postgres() {
	s.t.Helper()
	s.serve("db", 5432, 999, corev1.Container{
		Image: postgres.DefaultImage,
		Env: []corev1.EnvVar{{Name: "POSTGRES_USER", Value: "owner"}, {Name: "POSTGRES_PASSWORD", Value: databasePassword},
			{Name: "POSTGRES_DB", Value: "meta"}, {Name: "PGDATA", Value: "/data/pgdata"}},
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"pg_isready", "-h", "127.0.0.1"}}}, PeriodSeconds: 2, TimeoutSeconds: 10},
	})
}

// repository serves a Git repository as git://repo/dags, with one file in the folder
// flows.
func (s *stand) repository(name, content string) {
	s.t.Helper()
	const script = `mkdir -p /data/dags/flows
cd /data/dags
export HOME=/tmp GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@example.com GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@example.com
git init -q -b main
printf '%s' "$CONTENT" >"flows/$NAME"
git add .
git commit -q -m first
exec git daemon --export-all --base-path=/data --listen=0.0.0.0`
	s.serve("repo", 9418, 50000, corev1.Container{
		Image: airflowImage, Command: []string{"bash", "-ec", script},
		Env:            []corev1.EnvVar{{Name: "NAME", Value: name}, {Name: "CONTENT", Value: content}},
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(9418)}}, PeriodSeconds: 2, TimeoutSeconds: 10},
	})
}

// serve runs a container in a pod, and a Service of the same name before it.
func (s *stand) serve(name string, port int32, user int64, container corev1.Container) {
	s.t.Helper()
	labels := map[string]string{"app": name}
	_, err := s.c.CoreV1().Services(s.namespace).Create(s.t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: port}}},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	yes, no := true, false
	container.Name = name
	// Without a share of the processor, it would be starved on a busy node.
	container.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")}
	container.SecurityContext = &corev1.SecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	var volumes []corev1.Volume
	for volume, path := range map[string]string{"data": "/data", "run": "/run/postgresql", "tmp": "/tmp"} {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: volume, MountPath: path})
		volumes = append(volumes, corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	_, err = s.c.CoreV1().Pods(s.namespace).Create(s.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, FSGroup: &user,
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			AutomountServiceAccountToken: &no, Containers: []corev1.Container{container}, Volumes: volumes,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	acctest.Eventually(s.t, 4*time.Minute, func() string {
		pod, err := s.c.CoreV1().Pods(s.namespace).Get(s.t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				return ""
			}
		}
		return name + " is not ready"
	})
}
