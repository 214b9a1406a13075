package minio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// lake is one MinIO under test.
type lake struct {
	*acctest.Workspace
	t         *testing.T
	c         *acctest.Cluster
	namespace string
	secure    bool
}

func newLake(t *testing.T) *lake {
	t.Helper()
	t.Parallel()
	c := acctest.Connect(t)
	return &lake{Workspace: acctest.NewWorkspace(t), t: t, c: c, namespace: c.Namespace(t)}
}

// settings are the parts of the configuration that tests change.
type settings struct {
	pools, buckets, users, memory, extra string
}

func defaults() settings {
	return settings{
		pools:   `{ servers = 4, size = "300Mi" }`,
		buckets: `raw = {}`,
		users:   `ingest = { policies = ["raw"], bucket = "raw" }`,
		memory:  "400Mi",
	}
}

func (l *lake) configure(s settings) {
	l.t.Helper()
	l.Configure(`
provider "analytics" {
  config_path = %q
}

resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = %q
  pools     = [%s]
  resources = { requests = { cpu = "50m", memory = "128Mi" }, limits = { memory = %q } }
  buckets   = { %s }
  users     = { %s }
  policies = {
    raw = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Action = "s3:*", Resource = ["arn:aws:s3:::raw", "arn:aws:s3:::raw/*"] }]
    })
  }
  %s
}
`, l.c.Kubeconfig, l.namespace, s.pools, s.memory, s.buckets, s.users, s.extra)
}

// pods returns the uids of the servers' pods by name.
func (l *lake) pods() map[string]string {
	l.t.Helper()
	list, err := l.c.CoreV1().Pods(l.namespace).List(l.t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/instance=lake"})
	if err != nil {
		l.t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range list.Items {
		out[p.Name] = string(p.UID)
	}
	return out
}

// restarted lists the pods that are others than before.
func restarted(before, after map[string]string) []string {
	var out []string
	for name, uid := range before {
		if after[name] != uid {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (l *lake) secret(name string) map[string][]byte {
	l.t.Helper()
	s, err := l.c.CoreV1().Secrets(l.namespace).Get(l.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	return s.Data
}

// load is a client that writes and reads in a pod of its own.
type load struct {
	shell *acctest.Shell
	done  chan struct{}
	out   string
	err   error
}

func (l *lake) startLoad() *load {
	l.t.Helper()
	shell := l.c.Shell(l.t, l.namespace, "lake-user-ingest")
	shell.Install("s3load")
	r := &load{shell: shell, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.out, r.err = shell.Run(context.Background(), nil, "/tmp/s3load", "-endpoint", "lake:9000", "-bucket", "raw")
	}()
	return r
}

// end stops the load and fails the test if an operation failed.
func (r *load) end(t *testing.T) {
	t.Helper()
	if _, err := r.shell.Run(t.Context(), nil, "touch", "/tmp/stop"); err != nil {
		t.Fatal(err)
	}
	<-r.done
	var result struct {
		Writes, Reads int
		Failures      []string
		Slow          []string
		Longest       float64
	}
	if err := json.Unmarshal([]byte(r.out), &result); err != nil || r.err != nil {
		t.Fatalf("the load ended with %v and printed %q", r.err, r.out)
	}
	t.Logf("%d writes, %d reads, %d failed, the longest took %.1f s", result.Writes, result.Reads, len(result.Failures), result.Longest)
	if len(result.Slow) > 0 {
		t.Logf("operations that took long:\n%s", strings.Join(result.Slow, "\n"))
	}
	if len(result.Failures) > 0 {
		t.Errorf("operations failed:\n%s", strings.Join(result.Failures, "\n"))
	}
	if result.Reads < 50 {
		t.Errorf("only %d reads: the load proves nothing", result.Reads)
	}
}

// TestAccMinIOUnderLoad kills a server, changes the memory of all, and grows the
// volumes, while a client writes and reads.
func TestAccMinIOUnderLoad(t *testing.T) {
	l := newLake(t)
	s := defaults()
	l.configure(s)
	began := time.Now()
	l.Apply().Succeeds().Says("creates 10 objects")
	t.Logf("created in %.1f s", time.Since(began).Seconds())
	l.PlansNothing()
	load := l.startLoad()

	before := l.pods()
	now := int64(0)
	if err := l.c.CoreV1().Pods(l.namespace).Delete(t.Context(), "lake-pool-0-2", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	killed := time.Now().UTC()
	l.c.AwaitReady(t, l.namespace, "app.kubernetes.io/instance=lake", 4)
	t.Logf("killed a server at %s", killed.Format(time.TimeOnly))
	if got := restarted(before, l.pods()); !slices.Equal(got, []string{"lake-pool-0-2"}) {
		t.Errorf("one pod was killed, and these are new: %v", got)
	}

	before = l.pods()
	s.memory = "450Mi"
	l.configure(s)
	began = time.Now()
	l.Apply().Succeeds().Says("restarts the 4 pods of StatefulSet/pool-0 one by one", `limits.memory"`, `"400Mi" -> "450Mi"`)
	t.Logf("restarted one by one from %s on, in %.1f s", began.UTC().Format(time.TimeOnly), time.Since(began).Seconds())
	if got := restarted(before, l.pods()); len(got) != 4 {
		t.Errorf("the memory changed, and only these pods are new: %v", got)
	}
	l.PlansNothing()

	before = l.pods()
	s.pools = `{ servers = 4, size = "400Mi" }`
	l.configure(s)
	l.Apply().Succeeds().Says("grow from 300Mi to 400Mi, without a restart")
	l.awaitVolumes(4, "400Mi")
	if got := restarted(before, l.pods()); len(got) != 0 {
		t.Errorf("the volumes grew, and these pods restarted: %v", got)
	}
	l.PlansNothing()
	load.end(t)

	s.pools = `{ servers = 4, size = "300Mi" }`
	l.configure(s)
	l.Plan().Fails().Says("A volume cannot shrink")
	s.pools = `{ servers = 8, size = "400Mi" }`
	l.configure(s)
	l.Plan().Fails().Says("A pool cannot change its servers or drives", "add a pool at the end of the list")
}

func (l *lake) awaitVolumes(want int, size string) {
	l.t.Helper()
	acctest.Eventually(l.t, time.Minute, func() string {
		list, err := l.c.CoreV1().PersistentVolumeClaims(l.namespace).List(l.t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		grown := 0
		for _, pvc := range list.Items {
			if q := pvc.Status.Capacity[corev1.ResourceStorage]; q.String() == size {
				grown++
			}
		}
		if grown != want {
			return fmt.Sprintf("%d of %d volumes have %s", grown, want, size)
		}
		return ""
	})
}

// put writes an object as a user; get reads it.
func (l *lake) put(user, key, content string) {
	l.t.Helper()
	c := l.client(user)
	if err := c.put(l.t.Context(), key, content); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) wantObject(user, key, content string) {
	l.t.Helper()
	got, err := l.client(user).get(l.t.Context(), key)
	if err != nil || got != content {
		l.t.Fatalf("%s holds %q (%v), want %q", key, got, err, content)
	}
}

// wantHealthAt asks MinIO for its health from within the cluster, at a fixed address.
func (l *lake) wantHealthAt(shell *acctest.Shell, address string) {
	l.t.Helper()
	out, err := shell.Run(l.t.Context(), nil, "/tmp/httpload", "-limit", "1s", "-url", "http://"+address+":9000/minio/health/live")
	if err != nil || !strings.Contains(out, `"Failures":null`) {
		l.t.Errorf("MinIO does not answer at its fixed address %s: %v\n%s", address, err, out)
	}
}

// TestAccMinIOInside reconciles what lives inside the server: credentials, drift,
// buckets that hold objects, and a pool that is added.
func TestAccMinIOInside(t *testing.T) {
	l := newLake(t)
	s := defaults()
	s.buckets = `raw = { versioning = true, quota = "200Mi", lifecycle = [{ prefix = "tmp/", expire_days = 7 }] }, scratch = {}`
	l.configure(s)
	l.Apply().Succeeds()
	l.PlansNothing()
	l.put("ingest", "a.txt", "kept")

	old := l.secret("lake-user-ingest")
	s.users = `ingest = { policies = ["raw"], bucket = "raw", rotate = "2" }`
	l.configure(s)
	before := l.pods()
	l.Apply().Succeeds().Says("(generated, revision 1)", "(generated, revision 2)")
	rotated := l.secret("lake-user-ingest")
	if string(old["secret_key"]) == string(rotated["secret_key"]) || string(rotated["AWS_SECRET_ACCESS_KEY"]) != string(rotated["secret_key"]) {
		t.Error("the credential in the Secret was not rotated")
	}
	l.wantObject("ingest", "a.txt", "kept")
	if _, err := l.clientWith(old).get(t.Context(), "a.txt"); err == nil {
		t.Error("MinIO still takes the old credential")
	}
	if got := restarted(before, l.pods()); len(got) != 0 {
		t.Errorf("a user's credential was rotated, and these pods restarted: %v", got)
	}
	l.PlansNothing()

	l.tamper()
	l.Plan().Succeeds().Says(`+ "Bucket/scratch"`, `~ "versioning"`, `"false" -> "true"`, `~ "quota"`, `"1Gi" -> "200Mi"`, `+ "lifecycle[0]"`, "expire after 7 days",
		`~ "document"`, `"policies"`, `"disabled" -> "enabled"`).SaysNot("theirs")
	l.Apply().Succeeds()
	l.PlansNothing()
	if quota, rules, versioned := l.bucketSettings("raw"); quota != 200<<20 || rules != 1 || !versioned {
		t.Errorf("the repaired bucket has a quota of %d bytes and %d rules, and that it is versioned is %t", quota, rules, versioned)
	}
	l.put("ingest", "b.txt", "written with the repaired policy")
	if names := l.bucketNames(); !slices.Contains(names, "theirs") {
		t.Errorf("the bucket of others is gone: there are %v", names)
	}

	s.buckets = `scratch = {}`
	s.users = `ingest = { policies = ["raw"], rotate = "2" }`
	l.configure(s)
	l.Apply().Fails().Says("Bucket/raw cannot be removed", "force_destroy = true")
	l.wantObject("ingest", "a.txt", "kept")
	s.buckets = `raw = { force_destroy = true }`
	l.configure(s)
	l.Apply().Succeeds()
	l.PlansNothing()
	s.buckets = ``
	l.configure(s)
	l.Apply().Succeeds().Says("deletes Bucket/raw")
	l.PlansNothing()
	if names := l.bucketNames(); !slices.Equal(names, []string{"theirs"}) {
		t.Errorf("these buckets are left: %v", names)
	}

	s = defaults()
	s.pools = `{ servers = 4, size = "300Mi" }, { servers = 2, drives = 2, size = "300Mi" }`
	l.configure(s)
	before = l.pods()
	l.Apply().Succeeds().Says("creates StatefulSet/pool-1", "restarts all 4 pods of StatefulSet/pool-0 at once: MinIO stops for about 30 s")
	if got := restarted(before, l.pods()); len(got) != 4 {
		t.Errorf("a pool was added, and of the first only these restarted: %v", got)
	}
	l.PlansNothing()
	l.put("ingest", "b.txt", "in two pools")
}

// TestAccMinIOOutlives destroys and applies again: objects and credentials stay
// until they are to be deleted.
func TestAccMinIOOutlives(t *testing.T) {
	l := newLake(t)
	s := defaults()
	s.pools = `{ servers = 1, drives = 4, size = "300Mi" }`
	s.buckets = `raw = {}, locked = { object_lock = true }`
	address := l.c.FreeClusterIP(t, l.namespace)
	s.extra = fmt.Sprintf("metrics = { pod_monitor = true }\nservice = { type = \"LoadBalancer\", cluster_ip = %q }", address)
	l.configure(s)
	if !l.c.Serves(t, "monitoring.coreos.com/v1", "podmonitors") {
		l.Plan().Succeeds().Says("PodMonitor/servers could not be checked", "CustomResourceDefinition is not installed")
	}
	l.c.Install(t, acctest.PodMonitors)
	l.Apply().Succeeds().SaysNot("could not be checked", "PodDisruptionBudget")
	l.PlansNothing()
	if lock, _, _, _, err := l.rootClient().GetObjectLockConfig(t.Context(), "locked"); err != nil || lock != "Enabled" {
		t.Errorf("the bucket with object_lock has the lock %q (%v)", lock, err)
	}
	l.deletePodMonitor()
	l.Apply().Succeeds().Says("creates PodMonitor/servers", "1 changed")
	l.put("ingest", "a.txt", "kept")

	old := l.secret("lake-root")
	s.extra += "\nroot_credentials = { rotate = \"2\" }"
	l.configure(s)
	l.Apply().Succeeds().Says("MinIO stops for about 30 s")
	if slices.Equal(old["MINIO_ROOT_PASSWORD"], l.secret("lake-root")["MINIO_ROOT_PASSWORD"]) {
		t.Error("the root password was not rotated")
	}
	if names := l.bucketNames(); !slices.Equal(names, []string{"locked", "raw"}) {
		t.Errorf("with the rotated root password there are the buckets %v", names)
	}

	// What does not answer does not block the plan that repairs it.
	l.scale("lake-pool-0", 0)
	l.Plan().Succeeds().Says("What lives inside "+l.namespace+"/lake could not be read", `"spec.replicas"`, `"0" -> "1"`, "0 to add, 1 to change").SaysNot("Bucket/", "User/")
	l.Apply().Succeeds()
	l.PlansNothing()
	before := l.secret("lake-user-ingest")
	root := l.secret("lake-root")
	shell := l.c.Shell(t, l.namespace)
	shell.Install("httpload")
	l.wantHealthAt(shell, address)
	l.Destroy().Succeeds()
	if n := len(l.pods()); n != 0 {
		t.Errorf("%d pods are left after the destroy", n)
	}
	l.Apply().Succeeds()
	l.wantHealthAt(shell, address)
	l.wantObject("ingest", "a.txt", "kept")
	if !maps.EqualFunc(before, l.secret("lake-user-ingest"), slices.Equal) || !maps.EqualFunc(root, l.secret("lake-root"), slices.Equal) {
		t.Error("the credentials are others than before")
	}
	l.PlansNothing()

	s.extra = `deletion_policy = "Delete"`
	l.configure(s)
	l.Apply().Succeeds()
	l.PlansNothing()
	l.Destroy().Succeeds()
	acctest.Eventually(t, time.Minute, func() string {
		claims, err := l.c.CoreV1().PersistentVolumeClaims(l.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		secrets, err := l.c.CoreV1().Secrets(l.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		if len(claims.Items)+len(secrets.Items) > 0 {
			return fmt.Sprintf("%d volumes and %d Secrets are left", len(claims.Items), len(secrets.Items))
		}
		return ""
	})
}
