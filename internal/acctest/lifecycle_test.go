package acctest

import (
	"encoding/json"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestMain(m *testing.M) { Main(m) }

// TestAccCLILifeCycle creates, changes, repairs and destroys all that the fixture
// has. Whatever the CLI hands over in its own way is a part of it.
func TestAccCLILifeCycle(t *testing.T) {
	s := newStand(t)
	const rest = `
  deletion_policy = "Delete"
  env             = { GREETING = "hello" }
  credentials     = { plain = "a", password_wo = "b", password_wo_version = "1" }
  storage         = { size = "300Mi" }
  job             = { script = "true" }
  parts           = { one = "1" }
  config_maps     = 2
`
	s.fixture("replicas = 2" + rest)
	s.Apply().Succeeds().Says("creates 11 objects")
	s.PlansNothing()
	credential, servers := s.credential(), s.uids("store")

	// A change, and what another hand has changed, are one plan.
	_, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Patch(t.Context(), "it-part-one", types.MergePatchType, []byte(`{"data": {"value": "3"}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.fixture("replicas = 1" + rest)
	plan, _ := s.PlanFile()
	change := plan.ResourceChanges[0].Change
	if got := differences(objectsOf(change.Before), objectsOf(change.After)); len(got) != 2 ||
		got[0] != "ConfigMap/part-one data.value" || got[1] != "Deployment/web spec.replicas" {
		t.Errorf("the plan changes %v", got)
	}
	s.Run("apply", "-no-color", "plan").Succeeds()
	s.PlansNothing()

	// A CLI that ended in the middle of an update can have lost what is private in
	// the state.
	s.editInstance(func(instance map[string]any) {
		if instance["private"] == nil {
			t.Fatal("the state has no private part: the test proves nothing")
		}
		delete(instance, "private")
	})
	s.PlansNothing()
	s.fixture("replicas = 2" + rest)
	s.Apply().Succeeds().Says(`"1" -> "2"`).SaysNot("revision 2")
	s.PlansNothing()

	// Another release has written the state, which lacks an attribute of this one, and
	// has two that are no more.
	s.editInstance(func(instance map[string]any) {
		attributes := instance["attributes"].(map[string]any)
		if value, there := attributes["host_aliases"]; !there || value != nil {
			t.Fatalf("host_aliases is %v in the state, not null", value)
		}
		delete(attributes, "host_aliases")
		attributes["no_more"] = "a"
		attributes["storage"].(map[string]any)["no_more"] = []string{"b"}
	})
	s.PlansNothing()

	// An interrupted apply taints nothing, and the next one completes it.
	s.fixture(`
  replicas        = 3
  deletion_policy = "Delete"
  env             = { GREETING = "hello" }
  credentials     = { plain = "a", password_wo = "b", password_wo_version = "1" }
  storage         = { size = "300Mi" }
  job             = { script = "sleep 5" }`)
	s.interrupted(blow{"SIGINT", func(cli int) bool {
		return s.jobRuns() && syscall.Kill(cli, syscall.SIGINT) == nil
	}}, time.Second)
	s.Plan().Succeeds().Says("updated in-place").SaysNot("tainted", "must be replaced")
	s.Apply().Succeeds()
	s.PlansNothing()
	if s.credential() != credential || len(s.uids("store")) != 1 || s.uids("store")[0] != servers[0] {
		t.Error("the credential or the server is another one than in the beginning")
	}
	s.Destroy().Succeeds()
	s.has()
}

// editInstance changes the first instance in the state.
func (s *stand) editInstance(edit func(instance map[string]any)) {
	s.t.Helper()
	var state map[string]any
	if err := json.Unmarshal([]byte(s.ReadFile("terraform.tfstate")), &state); err != nil {
		s.t.Fatal(err)
	}
	edit(state["resources"].([]any)[0].(map[string]any)["instances"].([]any)[0].(map[string]any))
	content, err := json.Marshal(state)
	if err != nil {
		s.t.Fatal(err)
	}
	s.WriteFile("terraform.tfstate", string(content))
}

// jobRuns reports whether a pod of the Job has started.
func (s *stand) jobRuns() bool {
	s.t.Helper()
	for _, pod := range s.pods("job") {
		if pod.Status.Phase == "Running" {
			return true
		}
	}
	return false
}
