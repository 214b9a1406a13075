package pod

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOver(t *testing.T) {
	class, other := "a", "b"
	all := Settings{
		Env: map[string]string{"A": "all", "B": "all"}, PriorityClass: &class, DNSPolicy: &class,
		Tolerations: []Toleration{{Key: &class}}, ImagePullSecrets: []string{"all"},
	}
	own := Settings{Env: map[string]string{"B": "own", "C": "own"}, PriorityClass: &other, Tolerations: []Toleration{}, NodeSelector: map[string]string{"disk": "ssd"}}
	want := Settings{
		Env: map[string]string{"A": "all", "B": "own", "C": "own"}, PriorityClass: &other, DNSPolicy: &class,
		Tolerations: []Toleration{}, ImagePullSecrets: []string{"all"}, NodeSelector: map[string]string{"disk": "ssd"},
	}
	if diff := cmp.Diff(want, own.Over(all)); diff != "" {
		t.Error(diff)
	}
	if all.Env["B"] != "all" || len(all.Env) != 2 {
		t.Errorf("the settings of all changed: %v", all.Env)
	}
	if diff := cmp.Diff(all, Settings{}.Over(all)); diff != "" {
		t.Error(diff)
	}
}
