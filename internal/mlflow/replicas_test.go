package mlflow_test

import (
	"fmt"
	"testing"
	"time"
)

// What one measurement is.
const (
	loadClients = 6
	loadTime    = 30 * time.Second
	// warmTime is how long servers that have just started are asked before it counts.
	warmTime = 5 * time.Second
	// serverCPU is how much of a processor each server gets, so that the number of
	// servers counts and not that of the processors.
	serverCPU = "500m"
)

// BenchmarkReplicas measures how many requests a second one server answers and how many
// two do, on the same database. One server is measured before and after, so that a
// machine which grows busier meanwhile does not pass for the servers.
func BenchmarkReplicas(b *testing.B) {
	s := newStand(b)
	s.resources = fmt.Sprintf("{ requests = { memory = \"300Mi\" }, limits = { cpu = %q, memory = \"2Gi\" } }", serverCPU)
	var rates []float64
	for _, replicas := range []int{1, 2, 1} {
		s.configure(fmt.Sprintf("replicas = %d", replicas))
		s.Apply().Succeeds()
		s.c.AwaitReady(b, s.namespace, servers, replicas)
		admin := s.secret("track-admin")
		url := fmt.Sprintf("http://%s:%s@track:5000/ml/api/2.0/mlflow/experiments/get?experiment_id=0", admin["username"], admin["password"])
		s.c.RequestsPerSecond(b, s.namespace, url, loadClients, warmTime)
		rate := s.c.RequestsPerSecond(b, s.namespace, url, loadClients, loadTime)
		fmt.Printf("replicas = %d, each with %s of a processor: %.1f requests a second of %d clients\n", replicas, serverCPU, rate, loadClients)
		rates = append(rates, rate)
	}
	s.Destroy().Succeeds()
	one, two := (rates[0]+rates[2])/2, rates[1]
	fmt.Printf("| what | compared with | ratio |\n|---|---|---|\n| requests a second that two servers of MLflow answer | one server | %.2f |\n", two/one)
	b.ReportMetric(two/one, "ratio")
}
