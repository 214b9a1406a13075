package acctest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// loseState forgets all that the workspace knew.
func (s *stand) loseState() {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.Dir, "terraform.tfstate")); err != nil {
		s.t.Fatal(err)
	}
}

// without is a workspace with the same provider and nothing of the configuration
// but this.
func (s *stand) without(format string, args ...any) *Workspace {
	s.t.Helper()
	w := NewWorkspace(s.t)
	w.Configure("provider \"analytics\" {\n%s\n}\n\n%s", s.connection, fmt.Sprintf(format, args...))
	return w
}

// imports fails the test unless a plan imports one resource and changes nothing.
func imports(w *Workspace, args ...string) {
	w.t.Helper()
	w.Plan(args...).Succeeds().Says("Plan: 1 to import, 0 to add, 0 to change, 0 to destroy")
}

// TestAccCLIImport loses the state, and the configuration too. An import brings
// back both, and the plan after it is empty.
func TestAccCLIImport(t *testing.T) {
	s := newStand(t)
	id := s.namespace + "/it"
	s.fixture(`
  deletion_policy = "Delete"
  replicas        = 2
  labels          = { team = "data" }
  env             = { GREETING = "hello \"$${world}\"" }
  script          = <<-EOT
    # Two lines, with a $${brace}.
    exec sleep 3600
  EOT
  credentials     = { rotate = "1" }
  storage         = { size = "300Mi" }
  job             = { script = "true" }
  parts           = { one = "1" }
  tolerations     = [{ key = "spot", operator = "Exists", effect = "NoSchedule" }]
  timeouts        = { create = "5m" }
  wait            = { on_failure = "warn" }`)
	s.Apply().Succeeds()
	before, pods := s.Attributes(address), s.uids("web")

	// By id, with the configuration.
	s.loseState()
	s.Apply().Fails().Says("The name is taken", fmt.Sprintf("Import it with the id %q", id))
	s.Import(address, id).Succeeds()
	if after := s.Attributes(address); !reflect.DeepEqual(before, after) {
		t.Errorf("the state was\n%v\nand is\n%v", before, after)
	}
	s.PlansNothing()

	// By id, without it.
	w := s.without("import {\n  to = %s\n  id = %q\n}", address, id)
	imports(w, "-generate-config-out=generated.tf")
	w.Apply().Succeeds().Says("1 imported, 0 added, 0 changed, 0 destroyed")
	w.PlansNothing()

	// By identity.
	if w = s.without("import {\n  to = %s\n  identity = {\n    namespace = %q\n    name = \"it\"\n  }\n}", address, s.namespace); w.importsByIdentity() {
		imports(w, "-generate-config-out=generated.tf")
		w.Apply().Succeeds()
		w.PlansNothing()
	} else {
		w.Plan("-generate-config-out=generated.tf").Fails()
		t.Log("this CLI does not import by identity")
	}
	if got := s.uids("web"); !slices.Equal(got, pods) {
		t.Errorf("an import restarted the pods %v: now there are %v", pods, got)
	}

	// What was changed by hand meanwhile shows after the import.
	patch := []byte(`{"spec": {"replicas": 3}}`)
	if _, err := s.cluster.AppsV1().Deployments(s.namespace).Patch(t.Context(), "it", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	s.loseState()
	s.Import(address, id).Succeeds()
	s.Plan().Succeeds().Says(`"spec.replicas"`, `"3" -> "2"`)
	s.Apply().Succeeds()
	s.PlansNothing()

	s.loseState()
	for id, message := range map[string]string{
		"it": "NAMESPACE/NAME", s.namespace + "/": "NAMESPACE/NAME", s.namespace + "/other": "There is no such Secret",
	} {
		s.Import(address, id).Fails().Says(message)
	}
	s.Import(address, id).Succeeds()
	s.Destroy().Succeeds()
	s.Import(address, id).Fails().Says("There is nothing to import")
}

// importsByIdentity reports whether the CLI knows imports by identity.
func (w *Workspace) importsByIdentity() bool {
	w.t.Helper()
	version := strings.Fields(w.Run("version").Succeeds().Stdout)
	at := slices.IndexFunc(version, func(word string) bool { return strings.HasPrefix(word, "v1.") })
	if at < 0 {
		w.t.Fatalf("the version cannot be read: %v", version)
	}
	var minor int
	if _, err := fmt.Sscanf(version[at], "v1.%d.", &minor); err != nil {
		w.t.Fatal(err)
	}
	return minor >= 12
}

// TestAccCLIImportSecrets imports what has secrets. What no state may hold is not
// in the generated configuration either; the resource keeps it all the same.
func TestAccCLIImportSecrets(t *testing.T) {
	s := newStand(t)
	id := s.namespace + "/it"
	configuration := `credentials = { plain = "plain-value", password_wo = "written-value", password_wo_version = "1" }`
	s.fixture(configuration)
	s.Apply().Succeeds()
	data := s.secret("it-credentials").Data
	s.loseState()
	s.Import(address, id).Succeeds()
	s.PlansNothing()

	w := s.without("import {\n  to = %s\n  id = %q\n}", address, id)
	// The CLI leaves out what is sensitive, and says so.
	w.Plan("-generate-config-out=generated.tf").Succeeds().Says("1 to import").SaysNot("plain-value", "written-value")
	generated := w.ReadFile("generated.tf")
	if strings.Contains(generated, "-value") || strings.Count(generated, "# sensitive") != 2 {
		t.Errorf("the generated configuration is\n%s", generated)
	}
	// Put back what is not write-only, and the plan is empty.
	w.WriteFile("generated.tf", strings.Replace(generated, "plain               = null # sensitive", `plain = "plain-value"`, 1))
	imports(w)
	w.Apply().Succeeds()
	w.PlansNothing()
	if !maps.EqualFunc(s.secret("it-credentials").Data, data, slices.Equal) {
		t.Error("an import changed the Secret")
	}
}
