package airflow_test

import (
	"fmt"
	"slices"
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

// databasePassword has all that means something in a URL, or in PgBouncer's file of
// users.
const databasePassword = `p@ss:w/o?r#d%20&+"q'\$x`

// TestAccAirflowExternalDatabase uses a database that is there already, first with a
// wrong password, by TLS and through two PgBouncers. Old logs go from the disks,
// metrics to an exporter, and a package into the pods.
func TestAccAirflowExternalDatabase(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.postgres()
	s.index(acctest.Wheel(t, "greeting", "1.0", "def say(): return 'from the package'\n"))
	repository := s.repository(map[string]string{"fetched.py": "import greeting\n" + strings.ReplaceAll(strings.ReplaceAll(short, "hello", "fetched"), `"fetched")`, `"fetched", greeting.say())`)})
	secret := func(password string) {
		t.Helper()
		o := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "credentials"}, StringData: map[string]string{"word": password}}
		_ = s.c.CoreV1().Secrets(s.namespace).Delete(t.Context(), o.Name, metav1.DeleteOptions{})
		if _, err := s.c.CoreV1().Secrets(s.namespace).Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	// One bundle is fetched by SSH and one with a token, both from the same repository.
	poolSize := 6
	configure := func(version, subdir string) {
		s.Configure(`
provider "analytics" {
  config_path = %[1]q
}

resource "analytics_airflow" "flow" {
  name      = "flow"
  namespace = %[2]q
  resources = { requests = { cpu = "10m", memory = "200Mi" } }
  triggerer = { replicas = 0 }
  config    = { core = { paralelism = "4" }, workers = { execution_api_timeout = "180" } }
  dag_bundles = {
    team = {
      repository         = "ssh://git@repo:2222/dags"
      private_key_secret = { name = "deploy" }
      known_hosts        = %[4]q
      subdir             = "flows"
      refresh_interval   = 5
    }
    more = {
      repository      = "http://repo:8000/dags"
      password_secret = { name = "deploy", key = "token" }
      ref             = "first"
      subdir          = %[5]q
    }
  }
  database = {
    external = {
      host            = "db"
      name            = "meta"
      user            = "owner"
      password_secret = { name = "credentials", key = "word", version = %[3]q }
      ssl_mode        = "verify-full"
      ca_secret       = { name = "db-tls" }
    }
    backups = { enabled = true, size = "300Mi" }
  }
  requirements = { packages = ["greeting"], index_url = "http://index:8000/simple" }
  log_grooming = { retention_days = 1, interval = "2s" }
  metrics = {
    statsd = {
      resources = { requests = { cpu = "10m" } }
      mappings  = yamlencode({ mappings = [{ match = "airflow.scheduler_heartbeat", name = "scheduler_beats" }] })
    }
  }
  pgbouncer = { replicas = 2, metadata_pool_size = %[6]d, resources = { requests = { cpu = "10m" } } }
}
`, s.c.Kubeconfig, s.namespace, version, repository.knownHosts, subdir, poolSize)
	}
	secret("wrong")
	configure("1", "more")
	failed := s.Apply().Fails().Says("Job/migrate", `password authentication failed for user "owner"`, `Did you mean "parallelism"?`)
	if form := acctest.Spilled(failed.Output, databasePassword); form != "" {
		t.Errorf("the output holds the password %s", form)
	}
	if pods := s.pods("scheduler"); len(pods) != 0 {
		t.Error("the scheduler was started without a database")
	}

	// The database is migrated, and a bundle lacks its folder.
	secret(databasePassword)
	configure("2", "none")
	failed = s.Apply().Fails().Says("Job/bundles", "dag_bundles.more cannot be fetched: FileNotFoundError: there is no folder none in first").SaysNot("Job/migrate:", "dag_bundles.team cannot")
	for name, value := range map[string]string{"token": repository.token, "private key": repository.privateKey} {
		if form := acctest.Spilled(failed.Output, value); form != "" {
			t.Errorf("the output holds the %s %s", name, form)
		}
	}
	if pods := s.pods("scheduler"); len(pods) != 0 {
		t.Error("the scheduler was started without a bundle")
	}

	configure("2", "more")
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
	c.logged("fetched", run, "say", "it said fetched from the package")

	s.poolsConnections(poolSize)
	s.grooms(t, "scheduler", "dag-processor")
	s.exports(t, `scheduler_beats`, `airflow_pool_open_slots\{.*pool_name="default_pool".*\}`, `airflow_ti_finish\{.*dag_id="fetched".*task_id="say".*\}`)

	// PgBouncer rolls while a DAG runs, and users and tasks do not notice.
	failures := c.asks("/api/v2/dags?limit=1")
	run = c.trigger("fetched")
	poolSize = 4
	configure("2", "more")
	s.Apply().Succeeds().Says("rolls the 2 pods of Deployment/pgbouncer, each replaced when its successor is ready").SaysNot("Deployment/scheduler", "Deployment/api-server", "Job/migrate")
	c.succeeds("fetched", run)
	if said := failures(); said != "" {
		t.Errorf("while PgBouncer rolled, a request failed: %s", said)
	}
	s.poolsConnections(poolSize)

	url := string(s.secret("flow-database")["url"])
	if !strings.HasPrefix(url, "postgresql+psycopg2://owner:p%40ss") || !strings.HasSuffix(url, "@db:5432/meta") {
		t.Errorf("the URL of the database is %s", url)
	}
	s.Destroy().Succeeds()
}

// poolsConnections fails the test unless all connections to the database come from the
// two PgBouncers, encrypted and no more than they may open.
func (s *stand) poolsConnections(size int) {
	s.t.Helper()
	var addresses []string
	for _, p := range s.pods("pgbouncer") {
		addresses = append(addresses, p.Status.PodIP)
	}
	if len(addresses) != 2 {
		s.t.Fatalf("there are %d PgBouncers", len(addresses))
	}
	sql := func(options ...string) []string {
		s.t.Helper()
		out, err := s.c.Exec(s.t.Context(), s.namespace, "db", nil, append([]string{"env", "PGPASSWORD=" + databasePassword, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "owner"}, options...)...)
		if err != nil {
			s.t.Fatal(err)
		}
		return strings.Fields(out)
	}
	// A PgBouncer that goes may have some for a moment.
	acctest.Eventually(s.t, time.Minute, func() string {
		connections := map[string]int{}
		for _, line := range sql("-d", "meta", "-c", "select host(client_addr) || '=' || ssl from pg_stat_activity join pg_stat_ssl using (pid) where datname = 'meta' and client_addr is not null") {
			connections[line]++
		}
		if len(connections) == 0 {
			return "nobody is connected"
		}
		for from, number := range connections {
			address, encrypted, _ := strings.Cut(from, "=")
			if !slices.Contains(addresses, address) || encrypted != "true" || number > size {
				return fmt.Sprintf("the connections are %v, and the PgBouncers %v may open %d each", connections, addresses, size)
			}
		}
		return ""
	})
	if pools := sql("-h", addresses[0], "-p", "6543", "-d", "pgbouncer", "-c", "show pools"); !slices.ContainsFunc(pools, func(line string) bool { return strings.HasPrefix(line, "metadata|owner|") }) {
		s.t.Errorf("the pools are %v", pools)
	}
}

// postgres starts a Postgres that is not the provider's, as "db".
func (s *stand) postgres() {
	s.t.Helper()
	s.c.Certificate(s.t, s.namespace, "db-tls", "db")
	s.start("db", 999, corev1.Container{
		Image:        postgres.DefaultImage,
		Args:         []string{"postgres", "-c", "ssl=on", "-c", "ssl_cert_file=/tls/tls.crt", "-c", "ssl_key_file=/tls/tls.key"},
		VolumeMounts: []corev1.VolumeMount{{Name: "db-tls", MountPath: "/tls"}},
		Env: []corev1.EnvVar{
			{Name: "POSTGRES_USER", Value: "owner"},
			{Name: "POSTGRES_PASSWORD", Value: databasePassword},
			{Name: "POSTGRES_DB", Value: "meta"},
			{Name: "PGDATA", Value: "/data/pgdata"},
		},
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"pg_isready", "-h", "127.0.0.1"}}}, PeriodSeconds: 2, TimeoutSeconds: 10},
	}, 5432)
	s.ready("db")
}

// index starts an index of Python packages, http://index:8000/simple, with the wheel of
// the package greeting.
func (s *stand) index(wheel string) {
	s.t.Helper()
	const script = `mkdir -p /data/simple/greeting
echo "$WHEEL" | base64 -d >/data/simple/greeting/greeting-1.0-py3-none-any.whl
exec python3 -m http.server --directory /data 8000`
	s.start("index", 50000, corev1.Container{
		Image: airflowImage, Command: []string{"bash", "-ec", script}, Env: []corev1.EnvVar{{Name: "WHEEL", Value: wheel}},
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8000)}}, PeriodSeconds: 2, TimeoutSeconds: 10},
	}, 8000)
	s.ready("index")
}

// start starts a container in a pod, and a Service of the same name before it. What the
// container mounts are Secrets of that name.
func (s *stand) start(name string, user int64, container corev1.Container, ports ...int32) {
	s.t.Helper()
	labels := map[string]string{"app": name}
	service := corev1.ServiceSpec{Selector: labels}
	for _, port := range ports {
		service.Ports = append(service.Ports, corev1.ServicePort{Name: fmt.Sprintf("port-%d", port), Port: port})
	}
	_, err := s.c.CoreV1().Services(s.namespace).Create(s.t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: service}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	yes, no := true, false
	container.Name = name
	// Without a share of the processor, it would be starved on a busy node.
	container.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")}
	container.SecurityContext = &corev1.SecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	var volumes []corev1.Volume
	for _, mount := range container.VolumeMounts {
		volumes = append(volumes, corev1.Volume{Name: mount.Name, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: mount.Name, DefaultMode: new(int32(0o440))}}})
	}
	for volume, path := range map[string]string{"data": "/data", "run": "/run/postgresql", "tmp": "/tmp"} {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: volume, MountPath: path})
		volumes = append(volumes, corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	_, err = s.c.CoreV1().Pods(s.namespace).Create(s.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: &yes, RunAsUser: &user, FSGroup: &user,
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			AutomountServiceAccountToken: &no, Containers: []corev1.Container{container}, Volumes: volumes,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

// running waits until the containers of a pod run, ready or not.
func (s *stand) running(name string) {
	s.t.Helper()
	s.podIs(name, "running", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning })
}

// ready waits until a pod is ready.
func (s *stand) ready(name string) {
	s.t.Helper()
	s.podIs(name, "ready", func(p *corev1.Pod) bool {
		return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue })
	})
}

func (s *stand) podIs(name, state string, is func(*corev1.Pod) bool) {
	s.t.Helper()
	acctest.Eventually(s.t, 4*time.Minute, func() string {
		pod, err := s.c.CoreV1().Pods(s.namespace).Get(s.t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if !is(pod) {
			return fmt.Sprintf("%s is not %s: %s", name, state, pod.Status.Phase)
		}
		return ""
	})
}
