package spark_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// The application says which GPUs its driver and its tasks have. The tasks of a round wait for one another, so that they share the executor.
const accelerated = `
import json, os, time
from pyspark import BarrierTaskContext
from pyspark.sql import SparkSession

def look(_):
    task = BarrierTaskContext.get()
    task.barrier()
    yield task.resources()["gpu"].addresses

spark = SparkSession.builder.getOrCreate()
sc = spark.sparkContext
tasks = sc.parallelize(range(2), 2).barrier().mapPartitions(look).collect()
with open(os.environ["OUTPUT_FILE"], "w") as f:
    json.dump({"driver": sc.resources["gpu"].addresses, "tasks": tasks}, f)
spark.stop()
`

// TestAccSparkGPU has driver and executor ask for GPUs. The node only advertises some, as it may with any extended resource: a script says their
// addresses in place of nvidia-smi. Before that, the apply tells who waits for them.
func TestAccSparkGPU(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	const gpu = "nvidia.com/gpu"
	if s.c.Advertises(t, gpu) {
		t.Skip("a node has GPUs, whose number the test cannot change")
	}
	discovery := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "discovery"}, Data: map[string]string{
		"gpus.sh": "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"seven\"]}'\n",
	}}
	if _, err := s.c.CoreV1().ConfigMaps(s.namespace).Create(t.Context(), discovery, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	const (
		volume = `volumes = { discovery = { config_map = { name = "discovery", default_mode = "0555" }, mounts = [{ path = "/opt/discovery" }] } }, `
		gpus   = `gpu = { amount = 1, discovery_script = "/opt/discovery/gpus.sh" }, ` + volume
	)
	executor := strings.NewReplacer("executor = {", "executor = { cores = 2, "+strings.Replace(gpus, "amount = 1", "amount = 1, per_task = 0.5", 1), "instances = 2", "instances = 1").Replace(sizes)
	both := strings.Replace(executor, "driver   = {", "driver   = { "+gpus, 1)

	s.configure("look", accelerated, both, "")
	s.Apply().Fails().Says("no node takes it", "Insufficient "+gpu)
	s.configure("look", accelerated, executor+"\ntimeouts = { create = \"100s\", update = \"100s\" }\n", "")
	s.Apply().Fails().Says("Pod look-", "-exec-1: no node takes it", "Insufficient "+gpu)

	s.c.Advertise(t, gpu, 2)
	s.configure("look", accelerated, both, "")
	s.start()
	for _, role := range []string{"driver", "executor"} {
		s.eventually(func() string {
			for _, pod := range s.pods("look", role) {
				if n := pod.Spec.Containers[0].Resources.Limits[gpu]; pod.Status.Phase == corev1.PodRunning && n.Value() == 1 {
					return ""
				}
			}
			return "no " + role + " runs that asks for a GPU"
		})
	}
	(<-s.applied).Succeeds()
	s.PlansNothing()
	var got struct {
		Driver []string
		Tasks  [][]string
	}
	output, _ := s.result("look")["output"].(string)
	if err := json.Unmarshal([]byte(output), &got); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if !slices.Equal(got.Driver, []string{"seven"}) || len(got.Tasks) != 2 || !slices.Equal(got.Tasks[0], got.Driver) || !slices.Equal(got.Tasks[1], got.Driver) {
		t.Errorf("the GPUs are %+v, want the one that the script tells, for two tasks at once", got)
	}
	s.Destroy().Succeeds()
}
