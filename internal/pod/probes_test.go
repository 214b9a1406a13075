package pod

import (
	"testing"
	"time"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// TestStoreProbes has a server that replays for long what it had not written before a crash go on: if it were restarted, it would begin
// anew, for ever.
func TestStoreProbes(t *testing.T) {
	c := corev1ac.Container()
	StoreProbes(c, corev1ac.ExecAction().WithCommand("true"))
	if patience := time.Duration(*c.StartupProbe.PeriodSeconds**c.StartupProbe.FailureThreshold) * time.Second; patience < time.Hour {
		t.Errorf("a server that recovers is restarted after %s", patience)
	}
	if c.LivenessProbe.InitialDelaySeconds != nil {
		t.Error("a server that has started is not asked at once whether it lives")
	}
}
