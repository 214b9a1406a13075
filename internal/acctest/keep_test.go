package acctest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// volume is the claim of the first server of a stand.
func (s *stand) volume() string { return "data-" + s.name + "-store-0" }

// volumeUID tells one volume from another of the same name, "" when there is none.
func (s *stand) volumeUID() string {
	s.t.Helper()
	pvc, err := s.cluster.CoreV1().PersistentVolumeClaims(s.namespace).Get(s.t.Context(), s.volume(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return ""
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return string(pvc.UID)
}

// onVolume runs a command in the server whose volume is mounted at /data.
func (s *stand) onVolume(command string) string {
	s.t.Helper()
	shell := &Shell{c: s.cluster, t: s.t, Namespace: s.namespace, Name: s.name + "-store-0"}
	out, err := shell.Run(s.t.Context(), nil, "sh", "-c", command)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// kept is what a destroy leaves.
func (s *stand) kept() []string {
	return []string{"PersistentVolumeClaim/" + s.volume(), "Secret/" + s.name + "-credentials", "Secret/" + s.claimName()}
}

// taint marks the resource for replacement, as a creation that failed does.
func (s *stand) taint() {
	s.t.Helper()
	s.Run("taint", address).Succeeds()
}

const stored = `storage = { size = "300Mi" }
`

// TestAccKept destroys, taints and replaces a resource. Its volume and its
// generated credential stay, and the next one of the same name has them.
func TestAccKept(t *testing.T) {
	s := newStand(t)
	// The creation fails: what it has made already must not be lost either.
	s.fixture(stored + `job = { script = "exit 1" }`)
	s.Apply().Fails()
	credential := s.credential()
	if credential == "" {
		t.Fatal("the failed creation has left no credential: the test proves nothing")
	}
	s.fixture(stored)
	s.Apply().Succeeds().Says("is tainted, so must be replaced")
	volume := s.volumeUID()
	s.onVolume("echo kept >/data/marker")
	same := func(after string) {
		t.Helper()
		if s.credential() != credential {
			t.Errorf("the credential is another one after %s", after)
		}
		if s.volumeUID() != volume || strings.TrimSpace(s.onVolume("cat /data/marker")) != "kept" {
			t.Errorf("the volume is another one after %s", after)
		}
		s.PlansNothing()
	}
	same("a failed creation")

	s.Destroy().Succeeds().Says("Volumes and credentials stay", "Secret/credentials", "StatefulSet/store", `deletion_policy = "Delete"`)
	s.has(s.kept()...)
	s.Apply().Succeeds()
	same("a destroy")

	s.Apply("-replace=" + address).Succeeds()
	same("apply -replace")

	s.taint()
	s.Apply().Succeeds().Says("must be replaced")
	same("a taint")

	// Another name is another resource; back under the old name it has its own.
	other := standIn(t, s.cluster, s.namespace, "other")
	other.Workspace = s.Workspace
	other.fixture(stored)
	other.Apply().Succeeds().Says("forces replacement")
	if other.credential() == credential || other.credential() == "" {
		t.Error("the resource of another name has no credential of its own")
	}
	s.has(s.kept()...)
	s.fixture(stored)
	s.Apply().Succeeds()
	same("a change of the name")
}

// TestAccNamespaceByDefault takes the namespace from the provider: where that
// leads elsewhere the resource is replaced, and only there.
func TestAccNamespaceByDefault(t *testing.T) {
	s := newStand(t)
	elsewhere := s.cluster.Namespace(t)
	configure := func(byDefault, namespace string) {
		s.Configure("provider \"analytics\" {\n%s\ndefaults = { namespace = %q }\n}\nresource \"analytics_fixture\" \"it\" {\nname = \"it\"\n%s\n}", s.connection, byDefault, namespace)
	}
	configure(elsewhere, fmt.Sprintf("namespace = %q", s.namespace))
	s.Apply().Succeeds()
	pods := s.uids("web")
	configure(s.namespace, "")
	s.Apply().Succeeds().SaysNot("forces replacement")
	s.PlansNothing()
	if got := s.uids("web"); !slices.Equal(got, pods) {
		t.Errorf("the namespace is the same, and the pods are %v, not %v", got, pods)
	}
	configure(elsewhere, "")
	s.Apply().Succeeds().Says("forces replacement", elsewhere+"/it")
	s.PlansNothing()
	s.has("Secret/it-credentials", "Secret/"+s.claimName())
	s.namespace = elsewhere
	s.has("ConfigMap/it-script", "Deployment/it", "Secret/it-credentials", "Secret/"+s.claimName(), "Service/it", "ServiceAccount/it")
}

// TestAccDeletionPolicy deletes volumes and credentials where it is asked to, and
// nothing where deletion_protection is set.
func TestAccDeletionPolicy(t *testing.T) {
	s := newStand(t)
	s.fixture(stored + `deletion_protection = true`)
	s.Apply().Succeeds()
	pods := s.uids("store")
	untouched := func(what string) {
		t.Helper()
		if got := s.uids("store"); !slices.Equal(got, pods) {
			t.Errorf("%s stopped the pods %v: now there are %v", what, pods, got)
		}
	}
	const refused = "The resource is protected from deletion"
	s.Plan("-destroy").Fails().Says(refused, "Apply deletion_protection = false first")
	s.Apply("-replace=" + address).Fails().Says(refused)
	untouched("apply -replace")
	s.Configure("provider \"analytics\" {\n%s\n}\n", s.connection)
	s.Plan().Fails().Says(refused)
	renamed := standIn(t, s.cluster, s.namespace, "renamed")
	renamed.Workspace = s.Workspace
	renamed.fixture(stored + `deletion_protection = true`)
	renamed.Plan().Fails().Says(refused, "This change replaces it")
	// Not even when the same change drops the protection.
	renamed.fixture(stored)
	renamed.Plan().Fails().Says(refused)
	s.taint()
	s.fixture(stored + `deletion_protection = true`)
	s.Apply().Fails().Says(refused)
	untouched("the apply of a taint")
	s.Run("untaint", address).Succeeds()
	s.PlansNothing()

	s.fixture(stored + `deletion_policy = "Delete"`)
	s.Apply().Succeeds().Says("deletion_protection")
	s.PlansNothing()
	untouched("a change of the policy")
	credential, volume := s.credential(), s.volumeUID()
	s.onVolume("echo gone >/data/marker")
	s.Apply("-replace=" + address).Succeeds()
	if s.credential() == credential || s.volumeUID() == volume || s.onVolume("ls /data") != "" {
		t.Error("the replaced resource has the volume or the credential of before")
	}
	s.PlansNothing()
	s.Destroy().Succeeds().SaysNot("Volumes and credentials stay")
	s.has()
	Eventually(t, 30*time.Second, func() string {
		if uid := s.volumeUID(); uid != "" {
			return "the volume is there"
		}
		return ""
	})
}

// TestAccLostCredential loses the generated credential while the volume that it
// opens is there. No new one is made over old data, and each way out works.
func TestAccLostCredential(t *testing.T) {
	s := newStand(t)
	s.fixture(stored)
	s.Apply().Succeeds()
	lose := func() *corev1.Secret {
		t.Helper()
		lost := s.secret("it-credentials")
		if err := s.cluster.CoreV1().Secrets(s.namespace).Delete(t.Context(), lost.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		return lost
	}
	restore := func(lost *corev1.Secret, meta metav1.ObjectMeta) {
		t.Helper()
		meta.Name = lost.Name
		_, err := s.cluster.CoreV1().Secrets(s.namespace).Create(t.Context(), &corev1.Secret{ObjectMeta: meta, Type: lost.Type, Data: lost.Data}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(ways ...string) {
		t.Helper()
		s.Apply().Fails().Says(append(ways, "A credential is missing", "Restore the Secret")...)
		if s.secret("it-credentials") != nil {
			t.Fatal("a new Secret was made over old data")
		}
	}
	lostKey := func() {
		t.Helper()
		secret := s.secret("it-credentials")
		delete(secret.Data, "generated")
		if _, err := s.cluster.CoreV1().Secrets(s.namespace).Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}

	// Known to the state: found at plan. Restored as it was, it is ours again.
	lost := lose()
	s.Plan().Fails().Says("A credential is missing", "Restore the Secret", `"rotate"`)
	refused(`"rotate"`)
	restore(lost, metav1.ObjectMeta{Labels: lost.Labels, Annotations: lost.Annotations})
	s.Apply().Succeeds()
	s.PlansNothing()
	if s.credential() != string(lost.Data["generated"]) {
		t.Error("the restored credential was replaced")
	}
	// Restored from its data alone, as it says, with adopt.
	lose()
	refused()
	restore(lost, metav1.ObjectMeta{})
	s.Apply().Fails().Says("adopt = true")
	s.fixture(stored + `adopt = true`)
	s.Apply().Succeeds()
	s.PlansNothing()
	if s.credential() != string(lost.Data["generated"]) {
		t.Error("the restored credential was replaced")
	}
	s.fixture(stored)
	s.Apply().Succeeds()
	// One key of it.
	lostKey()
	s.Apply().Fails().Says("A credential is missing", `the key "generated"`)
	// A new one, because the user says that nothing depends on the old one.
	s.fixture(stored + `credentials = { rotate = "1" }`)
	s.Apply().Succeeds()
	s.PlansNothing()
	if fresh := s.credential(); fresh == "" || fresh == string(lost.Data["generated"]) {
		t.Errorf("the rotated credential is %q", fresh)
	}

	// Known to the claim that a destroy has left, also after refusals.
	s.Destroy().Succeeds()
	lose()
	refused(`"rotate"`)
	refused(`"rotate"`)
	if s.Attributes(address) != nil {
		t.Error("the state holds what was never created")
	}
	s.fixture(stored + `credentials = { rotate = "2" }`)
	s.Apply().Succeeds()
	s.PlansNothing()

	// Known to nobody, but for the volume.
	s.Destroy().Succeeds()
	lost = lose()
	if err := s.cluster.CoreV1().Secrets(s.namespace).Delete(t.Context(), s.claimName(), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	refused(s.volume(), "delete these volumes")
	s.Apply().Fails().Says(s.volume()).SaysNot(`"rotate"`)
	restore(lost, metav1.ObjectMeta{})
	s.fixture(stored + `adopt = true
credentials = { rotate = "2" }`)
	s.Apply().Succeeds()
	s.PlansNothing()
	if s.credential() != string(lost.Data["generated"]) {
		t.Error("the restored credential was replaced")
	}
	s.Destroy().Succeeds()
	lose()
	if err := s.cluster.CoreV1().Secrets(s.namespace).Delete(t.Context(), s.claimName(), metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	refused(s.volume())
	s.loseVolume()
	s.Apply().Succeeds()
	s.PlansNothing()
}

// TestAccTamperedCredential changes the values of a Secret by hand: those of the
// configuration are repaired, and the generated one, which nobody else has, is
// announced.
func TestAccTamperedCredential(t *testing.T) {
	s := newStand(t)
	attributes := `credentials = { plain = "plain-value", password_wo = "written-value", password_wo_version = "1"`
	s.fixture(attributes + " }")
	s.Apply().Succeeds()
	patch := `{"stringData": {"generated": "by-hand", "plain": "by-hand", "password": "by-hand"}}`
	if _, err := s.cluster.CoreV1().Secrets(s.namespace).Patch(t.Context(), "it-credentials", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	s.Apply().Succeeds().Says("A generated credential was changed outside of Terraform", "an apply takes the new one over",
		`"(changed outside of Terraform)" -> "(generated, revision 1)"`, `"(changed outside of Terraform)" -> "(write-only, revision 1)"`)
	s.PlansNothing().SaysNot("changed outside")
	data := s.secret("it-credentials").Data
	if got := fmt.Sprintf("%s %s %s", data["generated"], data["plain"], data["password"]); got != "by-hand plain-value written-value" {
		t.Errorf("the Secret holds %s", got)
	}
	s.fixture(attributes + `, rotate = "1" }`)
	s.Apply().Succeeds().SaysNot("changed outside")
	if s.credential() == "by-hand" || len(s.credential()) < 16 {
		t.Errorf("the rotated credential is %q", s.credential())
	}
	s.PlansNothing()
}

// loseVolume deletes the volume and waits until it is gone.
func (s *stand) loseVolume() {
	s.t.Helper()
	if err := s.cluster.CoreV1().PersistentVolumeClaims(s.namespace).Delete(s.t.Context(), s.volume(), metav1.DeleteOptions{}); err != nil {
		s.t.Fatal(err)
	}
	Eventually(s.t, time.Minute, func() string {
		if s.volumeUID() != "" {
			return "the volume is there"
		}
		return ""
	})
}
