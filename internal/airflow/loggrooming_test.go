package airflow_test

import (
	"strings"
	"testing"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// grooms puts logs of different ages into a pod of each component, and waits until the
// old ones are gone.
func (s *stand) grooms(t *testing.T, components ...string) {
	t.Helper()
	const write = `cd /opt/airflow/logs
mkdir -p "dag_id=old/a b" empty fresh
touch -d "50 hours ago" "dag_id=old/a b/old.log"
touch -d "20 hours ago" "dag_id=old/a b/young.log"
ln -s nowhere latest
touch -h -d "50 hours ago" latest
touch -d "2 hours ago" empty`
	const list = `cd /opt/airflow/logs; find "dag_id=old" empty fresh latest 2>/dev/null | sort | paste -sd,`
	const want = "dag_id=old,dag_id=old/a b,dag_id=old/a b/young.log,fresh"
	for _, component := range components {
		pods := s.pods(component)
		if len(pods) == 0 {
			t.Fatalf("there is no %s", component)
		}
		run := func(script string) (string, error) {
			return s.c.ExecIn(t.Context(), s.namespace, pods[0].Name, component, nil, "bash", "-ec", script)
		}
		if said, err := run(write); err != nil {
			t.Fatalf("%s: %s %v", component, said, err)
		}
		acctest.Eventually(t, time.Minute, func() string {
			said, err := run(list)
			if err != nil {
				return err.Error()
			}
			if got := strings.TrimSpace(said); got != want {
				return component + " keeps " + got
			}
			return ""
		})
	}
}
