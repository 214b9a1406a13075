package spark_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

const counting = `
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.sparkContext.parallelize(range(10), 2).count() == 10
spark.stop()
`

// TestAccSparkVolcano has Volcano place a gang in a queue, three times, and then hold one that its queue has no room for.
func TestAccSparkVolcano(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	s.c.Volcano(t, s.namespace)
	queue := s.namespace
	s.c.VolcanoQueue(t, queue, map[string]any{"cpu": "500m", "memory": "4Gi"})
	scheduler := func(more string) string {
		return sizes + fmt.Sprintf("batch_scheduler = { name = \"volcano\", queue = %q, gang = true }\n%s\n", queue, more)
	}

	groups := map[types.UID]bool{}
	for run, script := range []string{counting, counting + "print('again')\n"} {
		s.configure("gang", script, scheduler(""), "")
		s.start()
		var phases []string
		for done := false; !done; time.Sleep(100 * time.Millisecond) {
			select {
			case r := <-s.applied:
				r.Succeeds()
				done = true
			default:
			}
			if phase := s.phase("gang"); len(phases) == 0 || phases[len(phases)-1] != phase {
				phases = append(phases, phase)
			}
			for _, role := range []string{"driver", "executor"} {
				for name, pod := range s.pods("gang", role) {
					if pod.Spec.SchedulerName != "volcano" {
						t.Errorf("%s is placed by %s", name, pod.Spec.SchedulerName)
					}
				}
			}
		}
		t.Logf("run %d: the PodGroup was %q", run, phases)
		if !slices.Contains(phases, "Running") {
			t.Errorf("run %d: the PodGroup was %q, and never Running", run, phases)
		}
		s.PlansNothing()
		groups[s.c.PodGroup(t, s.namespace, "gang").GetUID()] = true
	}
	if len(groups) != 2 {
		t.Error("both runs had the same PodGroup, for which Volcano looks for room only once")
	}

	// Volcano would keep room for a group that has lost its pods: it goes with the Job.
	s.configure("gang", counting+"print('once more')\n", scheduler(`once = { ttl = "1s" }`), "")
	s.Apply().Succeeds()
	acctest.Eventually(t, time.Minute, func() string {
		if left := s.c.PodGroups(t, s.namespace); len(left) > 0 {
			return fmt.Sprintf("the PodGroups %q are left", left)
		}
		return ""
	})
	s.PlansNothing()

	// Each run is a gang of its own.
	large := strings.Replace(scheduler(`timeouts = { create = "60s", update = "60s" }`), `instances = 2, resources = { requests = { cpu = "100m" } }`, `instances = 2, resources = { requests = { cpu = "300m" } }`, 1)
	for _, name := range []string{"gang", "large"} {
		s.configure(name, counting+"print('never')\n", large, "")
		s.Apply().Fails().Says("PodGroup "+s.namespace+"/"+name, "queue resource quota insufficient")
		for pod, live := range s.pods(name, "driver") {
			if live.Spec.NodeName != "" {
				t.Errorf("%s has started, without room for its executors", pod)
			}
		}
	}
	s.Destroy().Succeeds()
	if left := s.c.PodGroups(t, s.namespace); len(left) > 0 {
		t.Errorf("the PodGroups %q are left", left)
	}
}

// phase is that of the PodGroup of an application, "" where there is none.
func (s *stand) phase(name string) string {
	s.t.Helper()
	group := s.c.PodGroup(s.t, s.namespace, name)
	if group == nil {
		return ""
	}
	phase, _, _ := unstructured.NestedString(group.Object, "status", "phase")
	return phase
}
