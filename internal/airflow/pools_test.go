package airflow_test

import (
	"net/http"
	"testing"
)

// pool is one as the API gives it.
type pool struct {
	Slots           int64  `json:"slots"`
	Description     string `json:"description"`
	IncludeDeferred bool   `json:"include_deferred"`
}

func (c *client) pool(name string) pool {
	c.s.t.Helper()
	var out pool
	if err := c.try(http.MethodGet, "/api/v2/pools/"+name, nil, &out); err != nil {
		c.s.t.Fatal(err)
	}
	return out
}

// reconcilesPools starts with the default pool at 64 slots and one called "nightly
// loads", changes both by another hand, and has them repaired, changed and removed.
func (s *stand) reconcilesPools(t *testing.T, c *client, attributes string) {
	t.Helper()
	const nightly = "nightly%20loads"
	want := func(name string, slots int64, deferred bool) {
		t.Helper()
		if got := c.pool(name); got.Slots != slots || got.IncludeDeferred != deferred {
			t.Errorf("the pool %s is %+v, want %d slots and %t", name, got, slots, deferred)
		}
	}
	want("default_pool", 64, false)
	want(nightly, 2, true)
	if got := c.pool(nightly).Description; got != "the warehouse takes no more" {
		t.Errorf("the description is %q", got)
	}

	for name, body := range map[string]map[string]any{
		"default_pool?update_mask=slots": {"pool": "default_pool", "slots": 7},
		nightly:                          {"pool": "nightly loads", "slots": 9, "description": "mine", "include_deferred": false},
	} {
		if err := c.try(http.MethodPatch, "/api/v2/pools/"+name, body, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Plan().Succeeds().Says("Pool/default_pool", `"7" -> "64"`, "Pool/nightly loads", `"9" -> "2"`, `"mine" -> "the warehouse takes no more"`)
	s.Apply().Succeeds()
	s.PlansNothing()
	want("default_pool", 64, false)
	want(nightly, 2, true)

	// One that is gone comes back, as it is wanted by now.
	if err := c.try(http.MethodDelete, "/api/v2/pools/"+nightly, nil, nil); err != nil {
		t.Fatal(err)
	}
	s.configure(attributes + `pools = { default_pool = { slots = 32, include_deferred = true }, "nightly loads" = { slots = 4 } }`)
	s.Apply().Succeeds()
	s.PlansNothing()
	want("default_pool", 32, true)
	want(nightly, 4, false)

	s.configure(attributes)
	s.Plan().Succeeds().Says("deletes Pool/nightly loads", "leaves Pool/default_pool as it is").SaysNot("deletes Pool/default_pool")
	s.Apply().Succeeds()
	s.PlansNothing()
	want("default_pool", 32, true)
	if err := c.try(http.MethodGet, "/api/v2/pools/"+nightly, nil, nil); err == nil {
		t.Error("the pool that was taken out is still there")
	}
}
