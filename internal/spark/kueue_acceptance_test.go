package spark_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// squares waits for its executor, and then long enough to be looked at.
const squares = `
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.sparkContext.parallelize(range(10), 2).map(lambda x: x * x).sum() == 285
time.sleep(%d)
spark.stop()
`

// inQueue is an application with one executor in a queue.
func inQueue(scheduler, driverCPU, executorCPU, more string) string {
	small := strings.NewReplacer("instances = 2", "instances = 1").Replace(sizes)
	driver, executor, _ := strings.Cut(small, "executor =")
	driver = strings.Replace(driver, `cpu = "100m"`, fmt.Sprintf("cpu = %q", driverCPU), 1)
	executor = strings.Replace(executor, `cpu = "100m"`, fmt.Sprintf("cpu = %q", executorCPU), 1)
	return fmt.Sprintf("%s executor = %s\n  batch_scheduler = { %s }\n%s", driver, executor, scheduler, more)
}

// TestAccSparkKueue has two applications share a queue of Kueue that has room for one: the other one is held back until the first is over. Executors are
// admitted one by one. What has no room in the queue, and what names no queue, fails with what Kueue says about it.
func TestAccSparkKueue(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	s.c.Kueue(t, s.namespace)
	s.c.KueuePriority(t, s.namespace, 7)
	// Room for a driver and an executor, or for one driver: two would wait for executors that never come.
	s.c.KueueQueue(t, s.namespace, "etl", "280m", "4Gi")
	queue := fmt.Sprintf(`name = "kueue", queue = "etl", priority_class = %q`, s.namespace)
	attributes := inQueue(queue, "150m", "100m", "")
	script := fmt.Sprintf(squares, 10)
	s.configure("one", script, attributes, s.application("other.py", "other", script, attributes))

	s.start()
	var first, second string
	s.eventually(func() string {
		for _, name := range []string{"one", "other"} {
			if len(s.pods(name, "executor")) > 0 {
				first, second = name, map[string]string{"one": "other", "other": "one"}[name]
				return ""
			}
		}
		return "no application has executors"
	})
	s.awaitRunning(first, "executor", 1)
	held, err := s.c.BatchV1().Jobs(s.namespace).Get(t.Context(), second, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if held.Spec.Suspend == nil || !*held.Spec.Suspend || len(s.pods(second, "driver")) > 0 {
		t.Errorf("%s is not held back while %s runs: suspend is %v", second, first, held.Spec.Suspend)
	}
	admitted := map[string]bool{}
	for _, w := range s.c.KueueWorkloads(t, s.namespace) {
		if holds(w, "Admitted") {
			admitted[ownerKind(w)] = true
		}
		if priority, _, _ := unstructured.NestedInt64(w.Object, "spec", "priority"); priority != 7 {
			t.Errorf("%s has priority %d, want that of its class, 7", w.GetName(), priority)
		}
	}
	if !admitted["Job"] || !admitted["Pod"] {
		t.Errorf("of the one that runs, Kueue counts %v, want its Job and its executor's pod", admitted)
	}
	(<-s.applied).Succeeds()
	s.PlansNothing()
	for _, name := range []string{"one", "other"} {
		if got := s.result(name); got["succeeded"] != true {
			t.Errorf("the result of %s is %v", name, got)
		}
	}

	s.runsHeldBack(t, queue)
	s.hasNoRoom(t)
	s.Destroy().Succeeds()
}

// runsHeldBack has Kueue admit a run of a schedule.
func (s *stand) runsHeldBack(t *testing.T, queue string) {
	s.configure("daily", fmt.Sprintf(squares, 0), inQueue(queue, "150m", "100m", `schedule = { cron = "0 3 29 2 *" }`), "")
	s.Apply().Succeeds()
	s.PlansNothing()
	created := s.c.RunNow(t, s.namespace, "daily")
	if created.Spec.Suspend == nil || !*created.Spec.Suspend {
		t.Error("a run of the schedule begins without Kueue")
	}
	acctest.Eventually(t, 4*time.Minute, func() string {
		live, err := s.c.BatchV1().Jobs(s.namespace).Get(t.Context(), "daily-now", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if live.Status.Succeeded == 0 {
			return "the run is not over"
		}
		return ""
	})
	s.PlansNothing()
}

// hasNoRoom tries what Kueue never admits.
func (s *stand) hasNoRoom(t *testing.T) {
	const queue = `name = "kueue", queue = "etl"`
	patience := func(text string) string { return fmt.Sprintf("timeouts = { create = %q }", text) }
	script := fmt.Sprintf(squares, 0)
	s.configure("wide", script, inQueue(queue, "400m", "100m", patience("20s")), s.application("grown.py", "grown", script, inQueue(queue, "100m", "250m", patience("70s")))+
		s.application("lost.py", "lost", script, inQueue(`name = "kueue", queue = "nowhere"`, "100m", "100m", patience("5m"))))
	began := time.Now()
	s.Apply().Fails().Says(
		"wide is not ready", "Kueue has not admitted it to the queue etl yet", "insufficient quota for cpu", "raise the quota of its ClusterQueue",
		"grown is not ready", "Pod grown-", "-exec-1: Kueue has not admitted it to the queue etl yet",
		"lost does not become ready", "LocalQueue nowhere doesn't exist", "Create the queue that the message names",
	)
	if took := time.Since(began); took > 4*time.Minute {
		t.Errorf("a queue that does not exist was waited for to the end: %s", took)
	}
}

func holds(workload unstructured.Unstructured, condition string) bool {
	conditions, _, _ := unstructured.NestedSlice(workload.Object, "status", "conditions")
	for _, c := range conditions {
		if is, _ := c.(map[string]any); is["type"] == condition && is["status"] == "True" {
			return true
		}
	}
	return false
}

func ownerKind(workload unstructured.Unstructured) string {
	for _, owner := range workload.GetOwnerReferences() {
		return owner.Kind
	}
	return ""
}
