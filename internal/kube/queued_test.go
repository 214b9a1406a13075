package kube

import (
	"maps"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestNotAdmitted(t *testing.T) {
	condition := func(kind, status, reason, message string) any {
		return map[string]any{"type": kind, "status": status, "reason": reason, "message": message}
	}
	for name, c := range map[string]struct {
		spec       map[string]any
		conditions []any
		reason     string // "" where it is admitted
		patience   time.Duration
	}{
		"nothing said": {reason: "Kueue has not admitted it to the queue etl yet"},
		"no quota": {
			conditions: []any{condition("QuotaReserved", "False", "Pending", "couldn't assign flavors")},
			reason:     "Kueue has not admitted it to the queue etl yet: couldn't assign flavors",
		},
		"no queue": {
			conditions: []any{condition("QuotaReserved", "False", inadmissible, "LocalQueue etl doesn't exist")},
			reason:     "LocalQueue etl doesn't exist", patience: patienceSchedule,
		},
		"quota, but not admitted": {
			conditions: []any{condition("QuotaReserved", "True", "QuotaReserved", "")},
			reason:     "Kueue has not admitted it to the queue etl yet",
		},
		"taken out": {spec: map[string]any{"active": false}, reason: "it was taken out of the queue etl"},
		"admitted": {
			conditions: []any{condition("QuotaReserved", "True", "QuotaReserved", ""), condition("Admitted", "True", "Admitted", "")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := map[string]any{"queueName": "etl"}
			maps.Copy(spec, c.spec)
			got := notAdmitted(&unstructured.Unstructured{Object: map[string]any{"spec": spec, "status": map[string]any{"conditions": c.conditions}}})
			switch {
			case c.reason == "":
				if got != nil {
					t.Errorf("an admitted Workload is found fault with: %s", got.reason)
				}
			case got == nil:
				t.Error("nothing is found")
			case !strings.HasSuffix(got.reason, c.reason) || got.patience != c.patience:
				t.Errorf("the finding is %q with patience %s, want %q with %s", got.reason, got.patience, c.reason, c.patience)
			}
		})
	}
}
