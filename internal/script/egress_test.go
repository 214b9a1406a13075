package script

import "testing"

func TestInCluster(t *testing.T) {
	for text, want := range map[string]struct {
		namespace string
		port      int32
		ok        bool
	}{
		"http://lake.storage.svc.cluster.local:9000": {"storage", 9000, true},
		"http://lake.storage.svc":                    {"storage", 0, true},
		"https://api":                                {"data", 0, true},
		"https://api.example.com":                    {},
		"https://example.com":                        {},
		"http://localhost:80":                        {},
		"http://a.b.svc.other.domain":                {},
		"://":                                        {},
	} {
		namespace, port, ok := inCluster(text, environment())
		if ok != want.ok || namespace != want.namespace || ok && port != want.port {
			t.Errorf("%s: got %q, %d, %t", text, namespace, port, ok)
		}
	}
}
