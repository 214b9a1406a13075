package postgres

import (
	"testing"
	"time"

	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// TestRecoveryIsNotInterrupted has a server that replays for long what it had not
// written before a crash go on: if it were restarted, it would begin anew, for ever.
func TestRecoveryIsNotInterrupted(t *testing.T) {
	out, diags := Render(Input{Resource: "flow", Product: "airflow", Scheme: "postgresql", Version: "1", Environment: workload.Environment{Namespace: "data", ClusterDomain: "cluster.local"}})
	if diags.HasError() {
		t.Fatal(diags)
	}
	for _, o := range out.Objects {
		set, is := o.Manifest.(*appsv1ac.StatefulSetApplyConfiguration)
		if !is {
			continue
		}
		starts := set.Spec.Template.Spec.Containers[0].StartupProbe
		if starts == nil {
			t.Fatal("a server that starts is asked whether it lives")
		}
		if patience := time.Duration(*starts.PeriodSeconds**starts.FailureThreshold) * time.Second; patience < time.Hour {
			t.Errorf("a server that recovers is restarted after %s", patience)
		}
		return
	}
	t.Fatal("there is no StatefulSet")
}
