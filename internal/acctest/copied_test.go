package acctest

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAccCopiedSecret wires two products across namespaces: the consumer copies
// the credential, and the plan shows which pods roll when it is rotated.
func TestAccCopiedSecret(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	from, to := c.Namespace(t), c.Namespace(t)
	w := NewWorkspace(t)
	configure := func(version string) {
		w.Configure(`
provider "analytics" {
  config_path = %q
}

resource "analytics_fixture" "it" {
  name      = "it"
  namespace = %q
  copied    = { namespace = %q, secret = "source", key = "token", version = %q }
}
`, c.Kubeconfig, to, from, version)
	}
	configure("1")
	w.Apply().Fails().Says("A credential cannot be copied", "Secret "+from+"/source does not exist")

	source := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "source"}, StringData: map[string]string{"token": "first-credential"}}
	source, err := c.CoreV1().Secrets(from).Create(t.Context(), source, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.Apply().Succeeds()
	w.PlansNothing()
	want := func(value string) {
		t.Helper()
		got, err := c.CoreV1().Secrets(to).Get(t.Context(), "it-copied", metav1.GetOptions{})
		if err != nil || string(got.Data["token"]) != value {
			t.Fatalf("the copy holds %q (%v), want %q", got.Data["token"], err, value)
		}
	}
	want("first-credential")

	source.Data = map[string][]byte{"token": []byte("second-credential")}
	if _, err := c.CoreV1().Secrets(from).Update(t.Context(), source, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	configure("2")
	w.Apply().Succeeds().Says("(copied from "+from+"/source, revision 2)", "revision-of-copied]", "rolls the 1 pod of Deployment/web").
		SaysNot("first-credential", "second-credential")
	want("second-credential")
	w.PlansNothing()
	if state := w.ReadFile("terraform.tfstate"); strings.Contains(state, "-credential\"") {
		t.Error("the state holds the credential")
	}
}
