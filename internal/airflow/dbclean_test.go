package airflow_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// cleans has the CronJob run on a database that holds a run of today and one of long ago,
// of a DAG called queues.
func (s *stand) cleans(t *testing.T, c *client, today string) {
	t.Helper()
	const age = `update dag_run set run_after = now() - interval '3 days', start_date = now() - interval '3 days' where run_id = '`
	old := c.trigger("queues")
	c.succeeds("queues", old)
	// Cleaning leaves the last run of a DAG, so that of today comes after it.
	last := c.trigger("queues")
	c.succeeds("queues", last)
	if _, err := s.c.Exec(t.Context(), s.namespace, "flow-database-0", nil, "psql", "-U", "airflow", "-d", "airflow", "-c", age+old+"'"); err != nil {
		t.Fatal(err)
	}
	now := s.c.RunNow(t, s.namespace, "flow-db-clean")
	acctest.Eventually(t, 5*time.Minute, func() string {
		job, err := s.c.BatchV1().Jobs(s.namespace).Get(t.Context(), now.Name, metav1.GetOptions{})
		switch {
		case err != nil:
			return err.Error()
		case job.Status.Succeeded > 0:
			return ""
		case job.Status.Failed > 0:
			t.Fatal("cleaning the database failed")
		}
		return "the database is being cleaned"
	})
	runs := c.runs("queues")
	if runs[old] != "" || runs[today] != "success" || runs[last] != "success" {
		t.Errorf("after cleaning, the runs are %v: that of three days ago, %s, must be gone, and no other", runs, old)
	}
}
