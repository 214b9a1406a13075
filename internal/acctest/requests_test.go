package acctest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestAccRequests counts what a plan without changes asks the API server: one LIST of each kind in each namespace and the cluster's
// identity, however many resources there are.
func TestAccRequests(t *testing.T) {
	s := newStand(t)
	p := s.throughProxy(t)
	other := s.cluster.Namespace(t)
	configure := func(resources int) {
		s.Configure("provider \"analytics\" {\n%s\n}\n\nresource \"analytics_fixture\" \"it\" {\ncount = %d\nname = \"it-${count.index}\"\n"+
			"namespace = count.index %% 2 == 0 ? %q : %q\nreplicas = 0\ndeletion_policy = \"Delete\"\n}\n", s.connection, resources, s.namespace, other)
	}
	want := []string{"GET /api/v1/namespaces/kube-system"}
	for _, namespace := range []string{s.namespace, other} {
		for _, kind := range []string{"configmaps", "secrets", "serviceaccounts", "services"} {
			want = append(want, fmt.Sprintf("GET /api/v1/namespaces/%s/%s", namespace, kind))
		}
		want = append(want, fmt.Sprintf("GET /apis/apps/v1/namespaces/%s/deployments", namespace))
	}
	slices.Sort(want)
	for _, resources := range []int{2, 10} {
		configure(resources)
		s.Apply().Succeeds()
		p.requests()
		s.PlansNothing()
		if got := slices.Sorted(slices.Values(p.requests())); !slices.Equal(got, want) {
			t.Errorf("the plan of %d resources sent\n%s\nwant\n%s", resources, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}

	// A role that may read Secrets and not list them is enough.
	p.set(func(r *http.Request) fault {
		if strings.HasSuffix(r.URL.Path, "/secrets") && r.Method == http.MethodGet {
			return forbidden
		}
		return nil
	})
	s.PlansNothing()
	byName := 0
	for _, request := range p.requests() {
		if strings.Contains(request, "/secrets/") {
			byName++
		}
	}
	if byName != 10 {
		t.Errorf("%d Secrets were read by name, want 10", byName)
	}
	p.set(nil)
	s.Destroy().Succeeds()
}
