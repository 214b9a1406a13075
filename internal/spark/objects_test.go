package spark

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"gotest.tools/v3/golden"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func minimal() *Model {
	return &Model{Common: workload.Common{Name: "daily"}, Script: new("print('hello')\n")}
}

func lake() *connection.S3 {
	return &connection.S3{Endpoint: "https://lake.storage.svc:9000", Region: "us-east-1", Bucket: new("raw"), Namespace: "storage", Secret: "lake-user-spark", Version: "3"}
}

func full() *Model {
	return &Model{
		Common:   workload.Common{Name: "daily"},
		MainFile: new("s3a://raw/app.jar"), MainClass: new("org.example.Main"), Arguments: []string{"--token", "$(correct horse)"},
		Session: session(),
		Schedule: &run.Schedule{
			Cron: "0 3 * * *", TimeZone: new("Europe/Berlin"), Suspend: new(true), Concurrency: new("Replace"), StartingDeadline: new("10m"),
			KeepSucceeded: new(int64(1)), KeepFailed: new(int64(2)), Retries: new(int64(2)), TimeLimit: new("1h"),
		},
	}
}

// session has all that a driver with executors can have.
func session() Session {
	return Session{
		Image: new("registry.example.com/spark:4.3.0"),
		Jars:  []string{"s3a://raw/a.jar", "local:///opt/b.jar"}, PyFiles: []string{"s3a://raw/a.zip"}, Files: []string{"s3a://raw/a.conf"}, Archives: []string{"s3a://raw/env.tgz#env"},
		Packages: []string{"org.postgresql:postgresql:42.7.8"}, ExcludePackages: []string{"org.checkerframework:checker-qual"}, Repositories: []string{"https://maven.example.com"},
		IvyCache:    &IvyCache{NewClaim: &pod.Claim{Size: "1Gi"}},
		SparkConfig: map[string]string{"spark.sql.shuffle.partitions": "8", "spark.redis.password": "battery staple"}, HadoopConfig: map[string]string{"fs.s3a.connection.maximum": "50"},
		S3: lake(), EventLog: &EventLog{Rolling: new(true)},
		MLflow: &connection.Tracking{URI: "http://track.ml.svc:5000/ml", Namespace: "ml", Secret: "track-user-spark", Version: "1"},
		Driver: &Driver{Size: Size{Cores: new(int64(2)), Memory: new("2Gi")}, Settings: pod.Settings{Env: map[string]string{"LEVEL": "debug"}, PriorityClass: new("high")}, GPU: &GPU{Amount: 1}},
		Executor: &Executor{Size: Size{Cores: new(int64(4))}, GPU: &ExecutorGPU{GPU: GPU{Amount: 2, Vendor: new("amd.com"), DiscoveryScript: new("/opt/gpus.sh")}, PerTask: new(0.25)}, DeleteOnTermination: new(false), Settings: pod.Settings{
			Resources:    &pod.Resources{Limits: &pod.Amounts{CPU: new("3"), Memory: new("8Gi"), EphemeralStorage: new("10Gi")}},
			NodeSelector: map[string]string{"pool": "spot"}, Env: map[string]string{"LEVEL": "info"},
		}},
		DynamicAllocation: &DynamicAllocation{MinExecutors: new(int64(1)), MaxExecutors: 20, IdleTimeoutSeconds: new(int64(30)), ShuffleTimeoutSeconds: new(int64(600))},
		BatchScheduler:    &BatchScheduler{Name: "volcano", Queue: new("etl"), PriorityClass: new("night")},
		Metrics:           &Metrics{PodMonitor: new(true), Namespace: new("monitoring")},
		Scratch:           &Scratch{Ephemeral: &pod.Claim{Size: "50Gi", StorageClass: new("fast")}},
	}
}

func environment() workload.Environment {
	return workload.Environment{Namespace: "data", ClusterDomain: "cluster.local"}
}

// s3InImage is one whose jars for S3 are in its image.
func s3InImage() *Model {
	m := minimal()
	m.S3, m.S3Jars, m.EventLog = lake(), new("image"), &EventLog{}
	m.Once = &run.Once{Wait: new(false), Retries: new(int64(1)), TimeLimit: new("1h"), TTL: new("24h")}
	m.Scratch = &Scratch{EmptyDir: &pod.EmptyDir{SizeLimit: new("20Gi")}}
	return m
}

func TestRenderGolden(t *testing.T) {
	for name, m := range map[string]*Model{"minimal": minimal(), "full": full(), "s3-in-image": s3InImage()} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := render(m, environment())
			assertGolden(t, name+".yaml", rendering, diags, "requests", m.Requests)
		})
	}
}

// assertGolden compares a rendering, and a computed value, with a golden file.
func assertGolden(t *testing.T, file string, rendering workload.Rendering, diags diag.Diagnostics, title string, value any) {
	t.Helper()
	if diags.HasError() {
		t.Fatal(diags)
	}
	var got bytes.Buffer
	section := func(title string, value any) {
		text, err := yaml.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		// What a placeholder stands for is the engine's to say.
		fmt.Fprintf(&got, "--- # %s\n%s", title, bytes.ReplaceAll(text, []byte(`\0`), nil))
	}
	for _, o := range rendering.Objects {
		section(fmt.Sprintf("%s, stage %d, keep %t, wait %t", o.Key, o.Stage, o.Keep, !o.NoWait), o.Manifest)
		if len(o.Mask) > 0 {
			section("masks of "+o.Key, o.Mask)
		}
		if len(o.Data) > 0 {
			section("keys of "+o.Key, slices.Sorted(maps.Keys(o.Data)))
		}
	}
	section(title, value)
	golden.Assert(t, got.String(), file)
}

// Secrets of the user stand in Secrets alone, but for arguments, which are masked.
func TestSecretsStandInSecrets(t *testing.T) {
	rendering, diags := render(full(), environment())
	if diags.HasError() {
		t.Fatal(diags)
	}
	for _, o := range rendering.Objects {
		text, err := yaml.Marshal(o.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "battery staple") {
			t.Errorf("%s holds a value of spark_config", o.Key)
		}
		if o.Key == "CronJob/driver" {
			// The value must reach the application as it is.
			if !strings.Contains(string(text), "$$(correct horse)") {
				t.Errorf("an argument is taken for a variable:\n%s", text)
			}
			const leaf = "spec.jobTemplate.spec.template.spec.containers[driver].args["
			masked := 0
			for at := range o.Mask {
				if strings.HasPrefix(at, leaf) {
					masked++
				}
			}
			if masked != 2 {
				t.Errorf("%d arguments are masked, want 2: %v", masked, o.Mask)
			}
		}
	}
}

// A run follows what it does, not where its pods are or how large.
func TestRunKey(t *testing.T) {
	key := func(change func(*Model)) string {
		m := minimal()
		m.Driver, m.Executor = &Driver{}, &Executor{}
		change(m)
		rendering, diags := render(m, environment())
		if diags.HasError() {
			t.Fatal(diags)
		}
		return rendering.Objects[len(rendering.Objects)-1].RunKey
	}
	before := key(func(*Model) {})
	for name, change := range map[string]func(*Model){
		"script":    func(m *Model) { m.Script = new("print('bye')") },
		"image":     func(m *Model) { m.Image = new("registry.example.com/spark:4.1.1") },
		"arguments": func(m *Model) { m.Arguments = []string{"x"} },
		"config":    func(m *Model) { m.SparkConfig = map[string]string{"spark.x": "y"} },
		"env":       func(m *Model) { m.Driver.Env = map[string]string{"A": "B"} },
		"mlflow":    func(m *Model) { m.MLflow = &connection.Tracking{URI: "http://track.ml.svc:5000"} },
		"triggers":  func(m *Model) { m.Once = &run.Once{Triggers: map[string]string{"a": "b"}} },
	} {
		if key(change) == before {
			t.Errorf("%s does not run it again", name)
		}
	}
	for name, change := range map[string]func(*Model){
		"memory":  func(m *Model) { m.Executor.Memory = new("2Gi") },
		"node":    func(m *Model) { m.Driver.NodeSelector = map[string]string{"a": "b"} },
		"retries": func(m *Model) { m.Once = &run.Once{Retries: new(int64(3)), TTL: new("1h")} },
		"labels":  func(m *Model) { m.Labels = map[string]string{"a": "b"} },
	} {
		if key(change) != before {
			t.Errorf("%s runs it again", name)
		}
	}
}

// refused reports whether a diagnostic stands on that path and says that text.
func refused(diags diag.Diagnostics, at, says string) bool {
	return slices.ContainsFunc(diags.Errors(), func(d diag.Diagnostic) bool {
		on, ok := d.(diag.DiagnosticWithPath)
		return ok && on.Path().String() == at && strings.Contains(d.Summary()+"\n"+d.Detail(), says)
	})
}

// perTask has executors with GPUs, and tasks with theirs, with a version of Spark where that matters.
func perTask(amount int64, n float64, version string) func(*Model) {
	return func(m *Model) {
		m.Executor = &Executor{GPU: &ExecutorGPU{GPU: GPU{Amount: amount}, PerTask: new(n)}}
		if version != "" {
			m.SparkVersion = new(version)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*Model)
		at, says string
	}{
		"no application":           {func(m *Model) { m.Script = nil }, "script", "Exactly one application"},
		"two applications":         {func(m *Model) { m.MainFile = new("local:///a.py") }, "script", "Exactly one application"},
		"class of a script":        {func(m *Model) { m.MainClass = new("org.example.Main") }, "main_class", "A script has no class"},
		"long script":              {func(m *Model) { m.Script = new(strings.Repeat("x", 1<<20+1)) }, "script", "1 MiB"},
		"long name":                {func(m *Model) { m.Name = strings.Repeat("x", 42) }, "name", "may have 41"},
		"long scheduled name":      {func(m *Model) { m.Name, m.Schedule = strings.Repeat("x", 33), &run.Schedule{Cron: "@daily"} }, "name", "may have 32"},
		"unknown version":          {func(m *Model) { m.Image = new("team/spark:latest") }, "image", "Set spark_version"},
		"old version":              {func(m *Model) { m.Image = new("team/spark:2.4.8") }, "image", "3.5, 4.0, 4.1"},
		"key of the resource":      {func(m *Model) { m.SparkConfig = map[string]string{"spark.master": "local"} }, `spark_config["spark.master"]`, "The resource sets this key itself"},
		"key of an attribute":      {func(m *Model) { m.SparkConfig = map[string]string{"spark.executor.memory": "1g"} }, `spark_config["spark.executor.memory"]`, "set executor.memory instead"},
		"key of the driver's pod":  {func(m *Model) { m.SparkConfig = map[string]string{"spark.kubernetes.driver.label.a": "b"} }, `spark_config["spark.kubernetes.driver.label.a"]`, "set driver instead"},
		"variable of the resource": {func(m *Model) { m.Driver = &Driver{Settings: pod.Settings{Env: map[string]string{"POD_IP": "x"}}} }, `driver.env["POD_IP"]`, "The resource sets this variable itself"},
		"key of s3":                {func(m *Model) { m.S3, m.HadoopConfig = lake(), map[string]string{"fs.s3a.endpoint": "x"} }, `hadoop_config["fs.s3a.endpoint"]`, "follows from s3"},
		"key given twice": {func(m *Model) {
			m.SparkConfig, m.HadoopConfig = map[string]string{"spark.hadoop.a": "1"}, map[string]string{"a": "2"}
		}, `hadoop_config["a"]`, "The key is set twice"},
		"key of somebody else": {func(m *Model) { m.SparkConfig = map[string]string{"fs.s3a.endpoint": "x"} }, `spark_config["fs.s3a.endpoint"]`, "Put keys of Hadoop into hadoop_config"},
		"two claims of ivy":    {func(m *Model) { m.IvyCache = &IvyCache{Claim: new("a"), NewClaim: &pod.Claim{Size: "1Gi"}} }, "ivy_cache", "Exactly one volume"},
		"two scratch volumes":  {func(m *Model) { m.Scratch = &Scratch{EmptyDir: &pod.EmptyDir{}, Ephemeral: &pod.Claim{Size: "1Gi"}} }, "scratch", "At most one volume"},
		"jars of no s3":        {func(m *Model) { m.S3Jars = new("image") }, "s3_jars", "Set s3"},
		"events of no bucket":  {func(m *Model) { m.EventLog = &EventLog{} }, "event_log.directory", "The event log has no place"},
		"instances twice": {func(m *Model) {
			m.Executor, m.DynamicAllocation = &Executor{Instances: new(int64(2))}, &DynamicAllocation{MaxExecutors: 3}
		}, "executor.instances", "dynamic_allocation chooses it"},
		"least above largest": {func(m *Model) { m.DynamicAllocation = &DynamicAllocation{MinExecutors: new(int64(4)), MaxExecutors: 3} }, "dynamic_allocation.min_executors", "is 4 and max_executors 3"},
		"initial out of range": {func(m *Model) {
			m.DynamicAllocation = &DynamicAllocation{InitialExecutors: new(int64(4)), MaxExecutors: 3}
		}, "dynamic_allocation.initial_executors", "between min_executors, 0, and max_executors, 3"},
		"once and on a schedule": {func(m *Model) { m.Once, m.Schedule = &run.Once{}, &run.Schedule{Cron: "@daily"} }, "once", "Remove once, or schedule"},
		"credentials twice": {func(m *Model) {
			m.S3, m.Driver = lake(), &Driver{Settings: pod.Settings{Env: map[string]string{"AWS_ACCESS_KEY_ID": "x"}}}
		}, `driver.env["AWS_ACCESS_KEY_ID"]`, "follows from s3"},
		"tracking twice": {func(m *Model) {
			m.MLflow, m.Executor = &connection.Tracking{}, &Executor{Settings: pod.Settings{Env: map[string]string{"MLFLOW_TRACKING_URI": "x"}}}
		}, `executor.env["MLFLOW_TRACKING_URI"]`, "follows from mlflow"},
		"unknown setting": {func(m *Model) { m.BatchScheduler = &BatchScheduler{Name: "other", Gang: new(true)} }, "batch_scheduler.gang", "but these do: volcano, yunikorn"},
		"gang on a schedule": {func(m *Model) {
			m.Schedule, m.BatchScheduler = &run.Schedule{Cron: "@daily"}, &BatchScheduler{Name: "volcano", Gang: new(true)}
		}, "batch_scheduler.gang", "All runs share one PodGroup"},
		"kueue without queue": {func(m *Model) { m.BatchScheduler = &BatchScheduler{Name: "kueue"} }, "batch_scheduler.queue", "Kueue needs a queue"},
		"key of a gpu": {func(m *Model) {
			m.Executor, m.SparkConfig = &Executor{GPU: &ExecutorGPU{GPU: GPU{Amount: 1}}}, map[string]string{"spark.executor.resource.gpu.amount": "2"}
		}, `spark_config["spark.executor.resource.gpu.amount"]`, "follows from executor.gpu"},
		"more gpus of a task":  {perTask(1, 2, ""), "executor.gpu.per_task", "per_task is 2 and amount 1"},
		"part of a second gpu": {perTask(2, 1.5, ""), "executor.gpu.per_task", "a whole number, or at most 1"},
		"part for Spark 3.5":   {perTask(1, 0.7, "3.5.8"), "executor.gpu.per_task", "at most 0.5"},
		"metrics without ui":   {func(m *Model) { m.Metrics, m.SparkConfig = &Metrics{}, map[string]string{"spark.ui.enabled": "false"} }, `spark_config["spark.ui.enabled"]`, "follows from metrics"},
		"request below limit": {func(m *Model) {
			m.Executor = &Executor{Settings: pod.Settings{Resources: &pod.Resources{Requests: &pod.Amounts{Memory: new("1Gi")}, Limits: &pod.Amounts{Memory: new("2Gi")}}}}
		}, "executor.resources.requests.memory", "always as large as the limit"},
		"small executor": {func(m *Model) { m.Executor = &Executor{Size: Size{Memory: new("256Mi")}} }, "executor.memory", "The heap is too small"},
	} {
		m := minimal()
		c.change(m)
		if _, diags := render(m, environment()); !refused(diags, c.at, c.says) {
			t.Errorf("%s: got %v", name, diags)
		}
	}
}
