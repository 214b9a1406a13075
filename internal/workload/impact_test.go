package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a product makes itself is not deleted when the configuration no longer has it.
func TestImpactOfWhatLasts(t *testing.T) {
	prior := map[string]map[string]string{"Pool/default_pool": {"slots": "64"}, "Pool/etl": {"slots": "2"}}
	lasts := func(key string) bool { return key == "Pool/default_pool" }
	for name, test := range map[string]struct {
		lasts func(string) bool
		want  []string
	}{
		"one lasts": {lasts, []string{"leaves Pool/default_pool as it is", "deletes Pool/etl"}},
		"none does": {nil, []string{"deletes Pool/default_pool", "deletes Pool/etl"}},
	} {
		got := describe(prior, view{}.changesFrom(prior), nil, nil, false, test.lasts)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
