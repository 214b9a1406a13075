package airflow_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// rotates has the Fernet key rotated in an apply that is killed as soon as the new key is
// there, and in the one after it: what was encrypted before is encrypted anew, and the
// pods that read the key are others, but no workers.
func (s *stand) rotates(t *testing.T, attributes string, readers, others []string) {
	t.Helper()
	c := s.login()
	stored := map[string]any{"connection_id": "stored", "conn_type": "http", "password": "p@ss/w:rd"}
	if err := c.try(http.MethodPost, "/api/v2/connections", stored, nil); err != nil {
		t.Fatal(err)
	}
	uids := func(components []string) map[string]bool {
		out := map[string]bool{}
		for _, component := range components {
			for _, p := range s.pods(component) {
				out[component+" "+string(p.UID)] = true
			}
		}
		return out
	}
	old, read, unread := string(s.secret("flow-keys")["fernet_key"]), uids(readers), uids(others)

	s.configure(attributes + "\nkeys = { fernet = { rotate = \"1\" } }")
	s.Plan().Succeeds().Says("(generated, revision 1)\" -> \"(generated, revision 2)", "Job/rotate-fernet-key")
	killed := s.Command("apply", "-auto-approve", "-no-color")
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	acctest.Eventually(t, 2*time.Minute, func() string {
		if string(s.secret("flow-keys")["fernet_key"]) == old {
			return "the key is the old one"
		}
		return ""
	})
	if err := syscall.Kill(-killed.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	ring := string(s.secret("flow-keys")["fernet_key"])
	s.Apply().Succeeds()
	s.PlansNothing()

	if now := string(s.secret("flow-keys")["fernet_key"]); now != ring || !strings.HasSuffix(ring, ","+old) {
		t.Error("the next apply did not go on with the key that the killed one made, or dropped the former one")
	}
	for pod := range uids(readers) {
		if read[pod] {
			t.Errorf("%s still runs, with the former key", pod)
		}
	}
	for pod := range uids(others) {
		if !unread[pod] {
			t.Errorf("%s is new, and does not read the key", pod)
		}
	}
	said, err := s.c.Exec(t.Context(), s.namespace, s.pods("api-server")[0].Name, nil,
		"bash", "-c", `AIRFLOW__CORE__FERNET_KEY=${AIRFLOW__CORE__FERNET_KEY%%,*} exec airflow connections get stored -o json`)
	if err != nil || !strings.Contains(said, "p@ss/w:rd") {
		t.Errorf("with the new key alone the connection is not readable: %v\n%s", err, said)
	}
}
