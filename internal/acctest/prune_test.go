package acctest

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAccPrune drops and renames parts of a resource: what is not wanted any more
// goes, and nothing else does.
func TestAccPrune(t *testing.T) {
	s := newStand(t)
	const volume = `volumes = { cache = { new_claim = { size = "300Mi" }, mounts = [{ path = "/cache" }] } }`
	s.fixture(`
parts = { one = "1", two = "2", three = "3" }
job = { script = "true" }
service = { name = "front" }
env = { GREETING = "hello" }
replicas = 0
` + volume)
	s.Apply().Succeeds()
	base := []string{
		"ConfigMap/it-script", "Deployment/it", "PersistentVolumeClaim/it-cache", "Secret/analytics.fixture.it", "Secret/it-credentials", "ServiceAccount/it",
	}
	has := func(more ...string) {
		t.Helper()
		s.has(slices.Concat(base, more)...)
	}
	has("ConfigMap/it-part-one", "ConfigMap/it-part-two", "ConfigMap/it-part-three", "Job/it-job", "Service/front", "Secret/it-env")
	credential := s.credential()
	bystander := s.configMap("bystander", nil)
	volumeUID := func() string {
		t.Helper()
		claim, err := s.cluster.CoreV1().PersistentVolumeClaims(s.namespace).Get(t.Context(), "it-cache", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return string(claim.UID)
	}
	data := volumeUID()

	// Renamed, dropped, and taken over by somebody else meanwhile.
	s.edit(configMaps, "it-part-three", map[string]any{"metadata": map[string]any{"labels": map[string]any{ownerLabel: "somebody"}}})
	s.fixture(`
parts = { one = "1", zwei = "2" }
service = { name = "entry" }
replicas = 0
`)
	s.Apply().Succeeds().Says(
		"creates ConfigMap/part-zwei", "deletes ConfigMap/part-two", "deletes Job/run", "deletes Secret/env", "keeps PersistentVolumeClaim/cache, which the configuration no longer has",
		"ConfigMap "+s.namespace+"/it-part-three was left alone", "(owner somebody)")
	has("ConfigMap/it-part-one", "ConfigMap/it-part-zwei", "ConfigMap/it-part-three", "Service/entry")
	s.PlansNothing()
	if _, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Get(t.Context(), bystander, metav1.GetOptions{}); err != nil {
		t.Errorf("a bystander: %v", err)
	}
	if got := s.credential(); got != credential {
		t.Errorf("the credential changed from %q to %q", credential, got)
	}

	// A volume that comes back is the same.
	s.fixture(volume + `
replicas = 0`)
	s.Apply().Succeeds().Says("creates PersistentVolumeClaim/cache", "deletes ConfigMap/part-one", "deletes ConfigMap/part-zwei")
	has("ConfigMap/it-part-three", "Service/it")
	if got := volumeUID(); got != data {
		t.Errorf("the volume is another one: %s, not %s", got, data)
	}
	s.PlansNothing()

	// What was dropped outlives the resource, unless nothing is to.
	s.fixture(`replicas = 0`)
	s.Apply().Succeeds()
	s.Destroy().Succeeds()
	s.has("ConfigMap/it-part-three", "PersistentVolumeClaim/it-cache", "Secret/analytics.fixture.it", "Secret/it-credentials")
	s.fixture(`replicas = 0`)
	s.Apply().Succeeds()
	if got := s.credential(); got != credential {
		t.Errorf("the credential changed from %q to %q", credential, got)
	}
	s.fixture("replicas = 0\ndeletion_policy = \"Delete\"")
	s.Apply().Succeeds()
	s.Destroy().Succeeds()
	s.has("ConfigMap/it-part-three")
	if _, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Get(t.Context(), bystander, metav1.GetOptions{}); err != nil {
		t.Errorf("a bystander: %v", err)
	}
	if s.secret(s.claimName()) != nil {
		t.Error("the claim is left")
	}
}
