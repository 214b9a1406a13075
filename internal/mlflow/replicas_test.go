package mlflow_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
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
		s.awaitServers(replicas)
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

// awaitServers waits until so many servers are ready and no other one is there.
func (s *stand) awaitServers(count int) {
	s.t.Helper()
	acctest.Eventually(s.t, 3*time.Minute, func() string {
		ready := 0
		pods := s.pods()
		for _, p := range pods {
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
					ready++
				}
			}
		}
		if ready != count || len(pods) != count {
			return fmt.Sprintf("%d of %d servers are ready, want %d", ready, len(pods), count)
		}
		return ""
	})
}
