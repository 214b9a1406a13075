package spark_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	s3 "github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/parquet-go/parquet-go"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// sparkImage is Spark's own with the jars for S3: pods of tests download nothing.
const sparkImage = "localhost/spark-s3a:4.1.2"

// quickJVM has a JVM compile only quickly, so that several fit beside other tests.
const quickJVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

// sizes are small, for the same reason.
const sizes = `
  driver   = { memory = "512Mi", memory_overhead = "384Mi", resources = { requests = { cpu = "100m" } } }
  executor = { memory = "512Mi", memory_overhead = "384Mi", instances = 2, resources = { requests = { cpu = "100m" } } }
  spark_config = {
    "spark.sql.shuffle.partitions"   = "2"
    "spark.ui.enabled"               = "false"
    "spark.driver.extraJavaOptions"   = "` + quickJVM + `"
    "spark.executor.extraJavaOptions" = "` + quickJVM + `"
  }
`

// stand is a namespace with an application.
type stand struct {
	*acctest.Workspace
	t         testing.TB
	c         *acctest.Cluster
	namespace string
	// applied gets the end of the apply that was started.
	applied chan *acctest.Result
}

func newStand(t *testing.T) *stand {
	t.Helper()
	t.Parallel()
	return standOf(t)
}

func standOf(t testing.TB) *stand {
	t.Helper()
	c := acctest.Connect(t)
	w := acctest.NewWorkspace(t)
	w.Timeout = 12 * time.Minute
	return &stand{Workspace: w, t: t, c: c, namespace: c.Namespace(t), applied: make(chan *acctest.Result, 1)}
}

// configure writes the configuration: an application of that name, and what else
// there is.
func (s *stand) configure(name, script, attributes, others string) {
	s.t.Helper()
	s.Configure(`
provider "analytics" {
  config_path = %q
}
%s
%s
`, s.c.Kubeconfig, s.application("job.py", name, script, attributes), others)
}

// application is one of that name, whose script is in a file.
func (s *stand) application(file, name, script, attributes string) string {
	s.t.Helper()
	s.WriteFile(file, script)
	return fmt.Sprintf(`
resource "analytics_spark_job" %[2]q {
  name      = %[2]q
  namespace = %[3]q
  image     = %[4]q
  script    = file("${path.module}/%[1]s")
  %[5]s
}
`, file, name, s.namespace, sparkImage, attributes)
}

// pods are those of a role, by name.
func (s *stand) pods(name, role string) map[string]corev1.Pod {
	s.t.Helper()
	selector := "app.kubernetes.io/instance=" + name + ",app.kubernetes.io/component=" + role
	list, err := s.c.CoreV1().Pods(s.namespace).List(s.t.Context(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		s.t.Error(err)
	}
	out := map[string]corev1.Pod{}
	for _, p := range list.Items {
		out[p.Name] = p
	}
	return out
}

// awaitRunning waits for so many running pods of a role, and returns their names.
func (s *stand) awaitRunning(name, role string, count int) []string {
	s.t.Helper()
	var running []string
	s.eventually(func() string {
		running = nil
		for name, p := range s.pods(name, role) {
			if p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil {
				running = append(running, name)
			}
		}
		if len(running) != count {
			return fmt.Sprintf("%d pods of role %s run, and %d should", len(running), role, count)
		}
		return ""
	})
	slices.Sort(running)
	return running
}

func (s *stand) kill(pod string) {
	s.t.Helper()
	now := int64(0)
	if err := s.c.CoreV1().Pods(s.namespace).Delete(s.t.Context(), pod, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("killed %s at %s", pod, time.Now().UTC().Format(time.TimeOnly))
}

// start begins an apply, whose end is in applied.
func (s *stand) start() {
	go func() { s.applied <- s.Apply() }()
}

// eventually is Eventually, which the end of the apply ends too.
func (s *stand) eventually(check func() string) {
	s.t.Helper()
	acctest.Eventually(s.t, 8*time.Minute, func() string {
		s.t.Helper()
		select {
		case r := <-s.applied:
			s.t.Fatalf("the apply ended too early:\n%s", r.Output)
		default:
		}
		return check()
	})
}

// storage is a client of MinIO from outside of the cluster.
func (s *stand) storage() *s3.Client {
	s.t.Helper()
	cluster, err := kube.New(s.c.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	secret, err := s.c.CoreV1().Secrets(s.namespace).Get(s.t.Context(), "lake-user-spark", metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	client, err := s3.New("lake."+s.namespace+".svc:9000", &s3.Options{
		Creds: credentials.NewStaticV4(string(secret.Data["access_key"]), string(secret.Data["secret_key"]), ""), Region: "us-east-1", BucketLookup: s3.BucketLookupPath,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return cluster.Dial(ctx, s.namespace, "lake-pool-0-0", 9000)
		}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

const lake = `
resource "analytics_minio" "lake" {
  name      = "lake"
  namespace = %q
  pools     = [{ servers = 1, size = "300Mi" }]
  resources = { requests = { cpu = "50m", memory = "128Mi" }, limits = { memory = "400Mi" } }
  buckets   = { lake = { force_destroy = true } }
  users     = { spark = { policies = ["readwrite"], bucket = "lake" } }
}
`

// addends is a module that executors import. It adds one to a value: what it adds is in a
// file and in an archive.
const addends = `
def plus(x):
    with open("three.txt") as three, open("unpacked/minus-two.txt") as minus_two:
        return x + int(three.read()) + int(minus_two.read())
`

// The application reads CSV with two executors, has Python add one to each value,
// and writes sums. It waits for a replacement, so that there is time to kill one.
const etl = `
import os, sys, time
from pyspark.sql import SparkSession, functions as F
import addends

spark = SparkSession.builder.getOrCreate()
source, target = sys.argv[1:]
plus = F.udf(addends.plus, "int")
rows = spark.read.csv(source, header=True, schema="k string, v int").repartition(4)
rows.select("k", plus("v").alias("v")).groupBy("k").agg(F.sum("v").alias("sum"), F.count("*").alias("count")) \
    .coalesce(1).write.mode("overwrite").parquet(target)
backend = spark.sparkContext._jsc.sc().schedulerBackend()
for _ in range(240):
    if {"2", "3"} <= {backend.getExecutorIds().apply(i) for i in range(backend.getExecutorIds().size())}:
        break
    time.sleep(0.5)
else:
    raise RuntimeError("the executor that was killed is not replaced")
with open(os.environ["OUTPUT_FILE"], "w") as f:
    print(spark.range(10, numPartitions=2).select(plus(F.col("id").cast("int"))).count(), end="", file=f)
spark.stop()
`

// TestAccSparkS3 reads from and writes to MinIO while an executor is killed, and
// looks at the result from outside. A module, a file and an archive are in MinIO too, and
// each pod has a volume of its own for scratch.
func TestAccSparkS3(t *testing.T) {
	s := newStand(t)
	minio := fmt.Sprintf(lake, s.namespace)
	s.Configure("provider \"analytics\" {\n  config_path = %q\n}\n%s", s.c.Kubeconfig, minio)
	s.Apply().Succeeds()
	client := s.storage()
	var csv strings.Builder
	csv.WriteString("k,v\n")
	want := map[string]row{}
	for i := range 1000 {
		k := string(rune('a' + i%3))
		fmt.Fprintf(&csv, "%s,%d\n", k, i)
		r := want[k]
		want[k] = row{k, r.Sum + int64(i) + 1, r.Count + 1}
	}
	for key, content := range map[string]string{
		"in/rows.csv": csv.String(), "code/addends.py": addends, "code/three.txt": "3", "code/more.zip": string(acctest.Zip(t, acctest.File{Name: "minus-two.txt", Content: "-2"})),
	} {
		s.put(client, key, content)
	}

	const attributes = sizes + `
  arguments = ["s3a://lake/in", "s3a://lake/out"]
  py_files  = ["s3a://lake/code/addends.py"]
  files     = ["s3a://lake/code/three.txt"]
  archives  = ["s3a://lake/code/more.zip#unpacked"]
  scratch   = { ephemeral = { size = "100Mi" } }
  s3        = analytics_minio.lake.users["spark"].s3
  s3_jars   = "image"
  event_log = {}
`
	s.configure("etl", etl, attributes, minio)
	began := time.Now()
	s.start()
	executors := s.awaitRunning("etl", "executor", 2)
	for _, role := range []string{"driver", "executor"} {
		for name, pod := range s.pods("etl", role) {
			if kinds := scratches(pod); !slices.Equal(kinds, []string{"ephemeral"}) {
				t.Errorf("the volumes for scratch of %s are %q, want one of its own", name, kinds)
			}
		}
	}
	s.eventually(func() string {
		return s.lacksLog(s.awaitRunning("etl", "driver", 1)[0], "Registered executor", 2)
	})
	s.kill(executors[0])
	(<-s.applied).Succeeds().Says("creates")
	t.Logf("the application took %.0f s", time.Since(began).Seconds())
	s.PlansNothing()

	if got := s.rows(client); !maps.Equal(got, want) {
		t.Errorf("the Parquet file holds %v, want %v", got, want)
	}
	var third bool
	for name := range s.pods("etl", "executor") {
		third = third || strings.HasSuffix(name, "-exec-3")
	}
	if !third {
		t.Error("the executor that was killed has no successor")
	}
	if events := s.keys(client, "spark-events/"); len(events) == 0 {
		t.Error("there is no event log")
	}
	secret, err := s.c.CoreV1().Secrets(s.namespace).Get(t.Context(), "etl-s3", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if form := acctest.Spilled(s.ReadFile("terraform.tfstate"), string(secret.Data["AWS_SECRET_ACCESS_KEY"])); form != "" {
		t.Errorf("the state holds the secret key %s", form)
	}

	if got := s.result("etl"); got["succeeded"] != true || got["output"] != "10" {
		t.Errorf("the result is %v", got)
	}

	s.configure("etl", etl, attributes, minio+fmt.Sprintf(historyServer, s.namespace, sparkImage))
	s.Apply().Succeeds().Says("1 added, 0 changed, 0 destroyed")
	s.PlansNothing()
	s.historyShows("etl")

	// A run that is over is nobody's loss.
	background := metav1.DeletePropagationBackground
	if err := s.c.BatchV1().Jobs(s.namespace).Delete(t.Context(), "etl", metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		t.Fatal(err)
	}
	s.PlansNothing()
	s.Apply().Succeeds()
	jobs, err := s.c.BatchV1().Jobs(s.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(jobs.Items) > 0 {
		t.Errorf("the Job that was deleted is there again: %d, %v", len(jobs.Items), err)
	}
	if got := s.result("etl"); got["succeeded"] != true || got["output"] != "10" {
		t.Errorf("without the Job, the result is %v", got)
	}
	s.Destroy().Succeeds()
}

// result is how the last run ended, as the state has it.
func (s *stand) result(name string) map[string]any {
	s.t.Helper()
	result, _ := s.Attributes("analytics_spark_job." + name)["result"].(map[string]any)
	return result
}

// scratches are what the volumes are that Spark takes for scratch: those whose names begin so.
func scratches(pod corev1.Pod) []string {
	var out []string
	for _, v := range pod.Spec.Volumes {
		if !strings.HasPrefix(v.Name, "spark-local-dir-") {
			continue
		}
		kind := "other"
		if v.Ephemeral != nil {
			kind = "ephemeral"
		}
		out = append(out, kind)
	}
	return out
}

// row is one of the Parquet file.
type row struct {
	K     string `parquet:"k,optional"`
	Sum   int64  `parquet:"sum,optional"`
	Count int64  `parquet:"count"`
}

// rows reads the Parquet file that the application wrote.
func (s *stand) rows(client *s3.Client) map[string]row {
	s.t.Helper()
	out := map[string]row{}
	for _, key := range s.keys(client, "out/") {
		if !strings.HasSuffix(key, ".parquet") {
			continue
		}
		object, err := client.GetObject(s.t.Context(), "lake", key, s3.GetObjectOptions{})
		if err != nil {
			s.t.Fatal(err)
		}
		data, err := io.ReadAll(object)
		if err != nil {
			s.t.Fatal(err)
		}
		rows, err := parquet.Read[row](bytes.NewReader(data), int64(len(data)))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range rows {
			out[r.K] = r
		}
	}
	return out
}

func (s *stand) keys(client *s3.Client, prefix string) []string {
	s.t.Helper()
	var out []string
	for object := range client.ListObjects(s.t.Context(), "lake", s3.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if object.Err != nil {
			s.t.Fatal(object.Err)
		}
		out = append(out, object.Key)
	}
	return out
}

// lacksLog says that a pod's log does not have a text so many times, "" where it
// does.
func (s *stand) lacksLog(pod, text string, times int) string {
	raw, err := s.c.CoreV1().Pods(s.namespace).GetLogs(pod, &corev1.PodLogOptions{Container: "driver"}).DoRaw(s.t.Context())
	if err != nil {
		return err.Error()
	}
	if found := strings.Count(string(raw), text); found < times {
		return fmt.Sprintf("the log of %s has %q %d times, and should %d times", pod, text, found, times)
	}
	return ""
}

// TestAccSparkFails runs an application whose executors need more memory than they
// have: the apply tells the exception of the driver and how the executors were lost.
// Corrected, it runs again.
func TestAccSparkFails(t *testing.T) {
	s := newStand(t)
	// The kernel kills the largest process, so none of these must be larger than the JVM.
	const hungry = `
import os, time
from pyspark.sql import SparkSession, functions as F

def grow(x):
    for _ in range(8):
        if os.fork() == 0:
            block = b"x" * (120 << 20)
            time.sleep(60)
            os._exit(0)
    time.sleep(60)

spark = SparkSession.builder.getOrCreate()
try:
    spark.range(1, numPartitions=1).select(F.udf(grow, "long")("id")).collect()
except Exception as e:
    print(e)
    raise ValueError("the rows do not fit") from None
`
	attributes := strings.Replace(sizes, "spark_config = {", "spark_config = {\n\"spark.task.maxFailures\" = \"1\"", 1) +
		"\nonce = { retries = 3, no_retry_exit_codes = [1] }"
	s.configure("hungry", hungry, attributes, "")
	s.Apply().Fails().Says("Job", "hungry failed", "container driver ended with exit code 1", "ValueError: the rows do not fit",
		"which it made, was lost: OOMKilled", "spark-kubernetes-executor needed more memory than its limit of 896Mi")
	if n := len(s.pods("hungry", "driver")); n != 1 {
		t.Errorf("a final exit code was tried again: there are %d drivers", n)
	}
	if got := s.result("hungry"); got["succeeded"] != false || fmt.Sprint(got["exit_code"]) != "1" {
		t.Errorf("the result is %v", got)
	}
	s.configure("hungry", "print('small')\n", attributes, "")
	s.Apply().Succeeds()
	s.PlansNothing()
	s.Destroy().Succeeds()
}

// TestAccSparkDriverIsKilled kills the driver: another one runs the application, and
// the executors of the first go.
func TestAccSparkDriverIsKilled(t *testing.T) {
	s := newStand(t)
	const slow = `
import os, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
for _ in range(int(os.environ["ROUNDS"])):
    assert spark.sparkContext.parallelize(range(10), 2).count() == 10
    time.sleep(0.5)
spark.stop()
`
	attributes := strings.Replace(sizes, "driver   = {", `driver   = { env = { ROUNDS = "20" },`, 1) + "  once = { retries = 1 }\n"
	s.configure("slow", slow, attributes, "")
	s.start()
	first := s.awaitRunning("slow", "driver", 1)[0]
	s.awaitRunning("slow", "executor", 2)
	s.kill(first)
	(<-s.applied).Succeeds()
	s.PlansNothing()
	acctest.Eventually(t, time.Minute, func() string {
		for name := range s.pods("slow", "executor") {
			if strings.HasPrefix(name, first) {
				return name + " is left of the driver that was killed"
			}
		}
		return ""
	})
	if drivers := s.pods("slow", "driver"); len(drivers) != 1 {
		t.Errorf("%d drivers are left, want one", len(drivers))
	}
	s.Destroy().Succeeds()
	acctest.Eventually(t, time.Minute, func() string {
		if n := len(s.pods("slow", "executor")); n > 0 {
			return fmt.Sprintf("%d executors outlive the resource", n)
		}
		return ""
	})
}

// TestAccSparkScheduled starts a run of a schedule by hand, as kubectl create job
// --from does: executors come while tasks wait, and go when they are idle. The resource is
// imported without a difference.
func TestAccSparkScheduled(t *testing.T) {
	s := newStand(t)
	const bursty = `
import threading, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
executors = lambda: spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1

def wait(count, seconds=90):
    for _ in range(seconds * 2):
        if executors() == count:
            return
        time.sleep(0.5)
    raise RuntimeError(f"{executors()} executors, and there should be {count}")

wait(0)
# On a busy machine, the second one may come when the first has done everything.
most, done = 0, threading.Event()
def watch():
    global most
    while not done.wait(0.5):
        most = max(most, executors())
watcher = threading.Thread(target=watch)
watcher.start()
for _ in range(6):
    job = spark.sparkContext.parallelize(range(8), 8).map(lambda x: time.sleep(4) or x).sum()
    assert job == 28, job
    if most >= 2:
        break
done.set()
watcher.join()
print("GREW", most >= 2)
wait(0)
print("DONE")
spark.stop()
`
	attributes := strings.Replace(sizes, "instances = 2, ", "", 1) + `
  schedule           = { cron = "0 3 29 2 *" }
  dynamic_allocation = { max_executors = 2, idle_timeout_seconds = 2 }
  scratch            = { empty_dir = { size_limit = "1Gi" } }
`
	s.configure("bursty", bursty, attributes, "")
	s.Apply().Succeeds()
	s.PlansNothing()
	s.c.RunNow(t, s.namespace, "bursty")

	// Meanwhile.
	s.Run("state", "rm", "analytics_spark_job.bursty").Succeeds()
	s.Import("analytics_spark_job.bursty", s.namespace+"/bursty").Succeeds()
	s.PlansNothing()

	acctest.Eventually(t, 8*time.Minute, func() string {
		live, err := s.c.BatchV1().Jobs(s.namespace).Get(t.Context(), "bursty-now", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if live.Status.Failed > 0 {
			for name := range s.pods("bursty", "driver") {
				t.Fatal(s.lacksLog(name, "DONE", 1))
			}
		}
		if live.Status.Succeeded == 0 {
			return "the run is not over"
		}
		return ""
	})
	for name := range s.pods("bursty", "driver") {
		for _, text := range []string{"GREW True", "DONE"} {
			if wrong := s.lacksLog(name, text, 1); wrong != "" {
				t.Error(wrong)
			}
		}
	}
	s.Destroy().Succeeds()
}
