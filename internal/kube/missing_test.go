package kube

import "testing"

func TestMissingRef(t *testing.T) {
	for message, want := range map[string]string{
		`MountVolume.SetUp failed for volume "dags" : configmap "flow-dags" not found`: "ConfigMap data/flow-dags",
		`MountVolume.SetUp failed for volume "tls" : secret "lake-tls" not found`:      "Secret data/lake-tls",
		`MountVolume.SetUp failed for volume "a" : references non-existent secret key`: "",
		`Unable to attach or mount volumes: timed out waiting for the condition`:       "",
	} {
		got := ""
		if ref, ok := missingRef("data", message); ok {
			got = ref.String()
		}
		if got != want {
			t.Errorf("%q is about %q, want %q", message, got, want)
		}
	}
}
