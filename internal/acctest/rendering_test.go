package acctest

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAccCLIRendering plans with newer versions of the provider, which render the
// same configuration differently.
func TestAccCLIRendering(t *testing.T) {
	s := newStand(t)
	s.fixture(`replicas = 0`)
	s.Apply().Succeeds()
	s.PlansNothing()
	generation := func() int64 {
		t.Helper()
		d, err := s.cluster.AppsV1().Deployments(s.namespace).Get(t.Context(), s.name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return d.Generation
	}
	first := generation()
	const differently, rendered = "This provider version would render the resource differently", "spec.template.spec.containers[main].env[RENDERING].value"

	// A newer version alone changes nothing, and says so; an apply does as the plan says.
	s.Env = []string{RenderingVariable + "=two"}
	s.PlansNothing().Says(differently, "Raise its attribute")
	s.Apply().Succeeds().Says(differently, "0 added, 0 changed, 0 destroyed").SaysNot(rendered)
	if now := generation(); now != first {
		t.Errorf("the Deployment changed from generation %d to %d", first, now)
	}

	// rendering takes it up, visibly.
	s.fixture("replicas = 0\nrendering = 2")
	s.Apply().Succeeds().Says(`+ "`+rendered+`"`, `= "two"`, "Deployment/web").SaysNot(differently)
	if now := generation(); now != first+1 {
		t.Errorf("the Deployment has generation %d, want %d", now, first+1)
	}
	s.PlansNothing().SaysNot(differently)

	// So does any change of the configuration: the resource's, or the provider's.
	s.Env = []string{RenderingVariable + "=three"}
	s.PlansNothing().Says(differently)
	s.fixture("replicas = 0\nrendering = 2\nparts = { a = \"1\" }")
	s.Apply().Succeeds().Says(`~ "`+rendered+`"`, `"two" -> "three"`).SaysNot(differently)
	s.PlansNothing().SaysNot(differently)
	s.Env = []string{RenderingVariable + "=four"}
	s.connection += "\ndefaults = { annotations = { team = \"data\" } }"
	s.fixture("replicas = 0\nrendering = 2\nparts = { a = \"1\" }")
	s.Apply().Succeeds().Says(`"three" -> "four"`, "metadata.annotations.team").SaysNot(differently)
	s.PlansNothing().SaysNot(differently)

	// And a repair: the cluster changed.
	s.Env = []string{RenderingVariable + "=five"}
	s.deletes(configMaps, "it-part-a")
	s.Apply().Succeeds().Says(`"four" -> "five"`, "creates ConfigMap/part-a").SaysNot(differently)

	// An older version is another one too.
	s.Env = nil
	s.PlansNothing().Says(differently)
}
