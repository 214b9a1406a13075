package spark_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

const historyServer = `
resource "analytics_spark_history_server" "history" {
  name      = "history"
  namespace = %q
  image     = %q
  s3        = analytics_minio.lake.users["spark"].s3
  s3_jars   = "image"
  memory    = "512Mi"
  resources = { requests = { cpu = "10m" } }
}
`

// historyShows asks the history server for the run of an application, which is over.
func (s *stand) historyShows(name string) {
	s.t.Helper()
	var applications []struct {
		ID, Name string
		Attempts []struct{ Completed bool }
	}
	acctest.Eventually(s.t, time.Minute, func() string {
		if err := s.askHistory("/api/v1/applications", &applications); err != nil {
			return err.Error()
		}
		if len(applications) != 1 {
			return fmt.Sprintf("the history server shows %d applications, want one", len(applications))
		}
		return ""
	})
	a := applications[0]
	if a.Name != name || len(a.Attempts) != 1 || !a.Attempts[0].Completed {
		s.t.Fatalf("the history server shows %+v, want a completed run of %s", a, name)
	}
	var executors []struct{ ID string }
	if err := s.askHistory("/api/v1/applications/"+a.ID+"/allexecutors", &executors); err != nil {
		s.t.Fatal(err)
	}
	if !slices.ContainsFunc(executors, func(e struct{ ID string }) bool { return e.ID == "3" }) {
		s.t.Errorf("the history server shows the executors %v, and not the one that took the place of the killed", executors)
	}
}

// askHistory reads an answer of the history server's API.
func (s *stand) askHistory(path string, into any) error {
	cluster, err := kube.New(s.c.Config)
	if err != nil {
		return err
	}
	pods, err := s.c.CoreV1().Pods(s.namespace).List(s.t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/instance=history"})
	if err != nil {
		return err
	}
	if len(pods.Items) != 1 {
		return fmt.Errorf("the history server has %d pods, want one", len(pods.Items))
	}
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return cluster.Dial(ctx, s.namespace, pods.Items[0].Name, 18080)
	}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://history:18080" + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
