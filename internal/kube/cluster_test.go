package kube

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

var (
	configMap   = schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}
	secret      = schema.GroupVersionKind{Version: "v1", Kind: "Secret"}
	podMonitor  = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"}
	statefulSet = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}
)

// recorder is an API server that gives prepared answers and keeps what it was asked.
type recorder struct {
	mu       sync.Mutex
	requests []string
	answers  map[string]func(w http.ResponseWriter, n int) // by method and path; n counts the requests to it
	counts   map[string]int
}

// ServeHTTP implements http.Handler.
func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	key := req.Method + " " + req.URL.Path
	r.mu.Lock()
	r.requests = append(r.requests, req.Method+" "+req.URL.RequestURI())
	r.counts[key]++
	n, handler := r.counts[key], r.answers[key]
	r.mu.Unlock()
	if handler == nil {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "404 page not found\n")
		return
	}
	handler(w, n)
}

func (r *recorder) asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

func recorded(t *testing.T, answers map[string]func(http.ResponseWriter, int)) (*Cluster, *recorder) {
	t.Helper()
	r := &recorder{answers: answers, counts: map[string]int{}}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	c, err := New(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

func reply(code int, body string) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func failure(code int, reason, kind, message string) func(http.ResponseWriter, int) {
	details := fmt.Sprintf(`{"kind":%q,"name":"x"}`, kind)
	text, _ := json.Marshal(message)
	return reply(code, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%s,"details":%s}`, code, reason, text, details))
}

func object(gvk schema.GroupVersionKind, namespace, name string) string {
	return fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"namespace":%q,"name":%q,"uid":"u-%s"}}`, gvk.GroupVersion(), gvk.Kind, namespace, name, name)
}

func TestObserveListsOnce(t *testing.T) {
	list := `{"apiVersion":"v1","kind":"ConfigMapList","items":[` + object(configMap, "data", "a") + "," + object(configMap, "data", "b") + `]}`
	c, api := recorded(t, map[string]func(http.ResponseWriter, int){
		"GET /api/v1/namespaces/data/configmaps":           reply(200, list),
		"GET /api/v1/namespaces/data/configmaps/gone":      failure(404, "NotFound", "configmaps", "no"),
		"GET /api/v1/namespaces/data/configmaps/unlabeled": reply(200, object(configMap, "data", "unlabeled")),
		"PATCH /api/v1/namespaces/data/configmaps/a":       reply(200, object(configMap, "data", "a")),
	})
	see := func(name string, want bool) {
		t.Helper()
		obj, err := c.Observe(t.Context(), Ref{configMap, "data", name})
		if err != nil || (obj != nil) != want || want && obj.GetName() != name {
			t.Errorf("%s: got %v, %v", name, obj, err)
		}
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { see("a", true); see("b", true) })
	}
	all.Wait()
	see("gone", false)
	see("unlabeled", true)
	lists := func() (n int) {
		for _, request := range api.asked() {
			if strings.HasPrefix(request, "GET /api/v1/namespaces/data/configmaps?") {
				n++
				if !strings.Contains(request, "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dterraform-provider-analytics") {
					t.Errorf("listed without the label: %s", request)
				}
			}
		}
		return n
	}
	if n := lists(); n != 1 {
		t.Errorf("%d LISTs: %q", n, api.asked())
	}

	changed := &unstructured.Unstructured{}
	changed.SetGroupVersionKind(configMap)
	changed.SetNamespace("data")
	changed.SetName("a")
	if _, _, err := c.Apply(t.Context(), changed, ApplyOptions{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if see("a", true); lists() != 1 {
		t.Error("a dry run forgot what was listed")
	}
	if _, _, err := c.Apply(t.Context(), changed, ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if see("a", true); lists() != 2 {
		t.Error("a write did not make the next Observe list again")
	}
}

func TestObserveWithoutRightToList(t *testing.T) {
	c, api := recorded(t, map[string]func(http.ResponseWriter, int){
		"GET /api/v1/namespaces/data/configmaps":   failure(403, "Forbidden", "configmaps", `configmaps is forbidden: User "x" cannot list resource`),
		"GET /api/v1/namespaces/data/configmaps/a": reply(200, object(configMap, "data", "a")),
	})
	for range 3 {
		if obj, err := c.Observe(t.Context(), Ref{configMap, "data", "a"}); err != nil || obj == nil {
			t.Fatalf("got %v, %v", obj, err)
		}
	}
	if n := len(api.asked()); n != 4 {
		t.Errorf("%d requests, want one LIST and three GETs: %q", n, api.asked())
	}
}

func TestObserveNeverTakesAFailureForGone(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, int){
		"forbidden": failure(403, "Forbidden", "secrets", `secrets "a" is forbidden: User "x" cannot get resource`),
		"expired":   failure(401, "Unauthorized", "", "Unauthorized"),
		"proxy":     func(w http.ResponseWriter, _ int) { http.Error(w, "<html>no such page</html>", http.StatusNotFound) },
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := recorded(t, map[string]func(http.ResponseWriter, int){
				"GET /api/v1/namespaces/data/secrets":   reply(200, `{"apiVersion":"v1","kind":"SecretList","items":[]}`),
				"GET /api/v1/namespaces/data/secrets/a": answer,
			})
			if obj, err := c.Observe(t.Context(), Ref{secret, "data", "a"}); err == nil {
				t.Errorf("got %v and no error", obj)
			}
		})
	}
}

func TestObserveListsNoClaims(t *testing.T) {
	c, api := recorded(t, map[string]func(http.ResponseWriter, int){
		"GET /api/v1/namespaces/data/secrets": reply(200, `{"apiVersion":"v1","kind":"SecretList","items":[`+object(secret, "data", "a")+`]}`),
	})
	if obj, err := c.Observe(t.Context(), Ref{secret, "data", "a"}); err != nil || obj == nil {
		t.Fatalf("got %v, %v", obj, err)
	}
	if asked := api.asked(); len(asked) != 1 || !strings.Contains(asked[0], "fieldSelector=type%21%3Dterraform-provider-analytics%2Fclaim") {
		t.Errorf("asked %q", asked)
	}
}

func TestGetOfAKindThatIsNotServed(t *testing.T) {
	ref := Ref{podMonitor, "data", "a"}
	groups := reply(200, `{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps","versions":[{"version":"v1"}]}]}`)
	c, _ := recorded(t, map[string]func(http.ResponseWriter, int){"GET /apis": groups})
	if obj, err := c.Get(t.Context(), ref); err != nil || obj != nil {
		t.Errorf("without its definition: %v, %v", obj, err)
	}
	if err := c.Delete(t.Context(), ref, DeleteOptions{}); err != nil {
		t.Errorf("delete without its definition: %v", err)
	}
	if _, err := c.Get(t.Context(), Ref{statefulSet, "data", "a"}); err == nil {
		t.Error("a 404 about a kind that is served counted as gone")
	}
	c, _ = recorded(t, nil)
	if _, err := c.Get(t.Context(), ref); err == nil {
		t.Error("a server that knows no path at all counted as a cluster without the kind")
	}
}

func TestApplyReturnsItsOwnWarnings(t *testing.T) {
	c, api := recorded(t, map[string]func(http.ResponseWriter, int){
		"PATCH /api/v1/namespaces/data/configmaps/a": func(w http.ResponseWriter, n int) {
			w.Header().Add("Warning", `299 - "would violate PodSecurity \"restricted\""`)
			reply(200, object(configMap, "data", "a"))(w, n)
		},
		"POST /api/v1/namespaces/data/configmaps": reply(201, object(configMap, "data", "a")),
	})
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(configMap)
	obj.SetNamespace("data")
	obj.SetName("a")
	_, got, err := c.Apply(t.Context(), obj, ApplyOptions{Force: true, DryRun: true, Manager: "other"})
	if err != nil || len(got) != 1 || !strings.Contains(got[0], `PodSecurity "restricted"`) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, want := range []string{"force=true", "dryRun=All", "fieldManager=other"} {
		if !strings.Contains(api.asked()[0], want) {
			t.Errorf("%s has no %s", api.asked()[0], want)
		}
	}
	if _, got, err = c.Create(t.Context(), obj, false); err != nil || len(got) != 0 {
		t.Errorf("create: got %q, %v", got, err)
	}
}

func TestWritesOutliveTheQuotaRace(t *testing.T) {
	c, api := recorded(t, map[string]func(http.ResponseWriter, int){
		"POST /api/v1/namespaces/data/configmaps": func(w http.ResponseWriter, n int) {
			if n < 3 {
				failure(409, "Conflict", "resourcequotas", `Operation cannot be fulfilled on resourcequotas "team": the object has been modified`)(w, n)
				return
			}
			reply(201, object(configMap, "data", "a"))(w, n)
		},
	})
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(configMap)
	obj.SetNamespace("data")
	obj.SetName("a")
	if _, _, err := c.Create(t.Context(), obj, false); err != nil || len(api.asked()) != 3 {
		t.Errorf("got %v after %q", err, api.asked())
	}
}

func TestDelete(t *testing.T) {
	ref := Ref{statefulSet, "data", "a"}
	path := "/apis/apps/v1/namespaces/data/statefulsets/a"
	c, _ := recorded(t, map[string]func(http.ResponseWriter, int){"DELETE " + path: failure(404, "NotFound", "statefulsets", "no")})
	if err := c.Delete(t.Context(), ref, DeleteOptions{}); err != nil {
		t.Errorf("gone already: %v", err)
	}
	conflict := failure(409, "Conflict", "statefulsets", "Precondition failed: UID in precondition: other, UID in object meta: u-a")
	c, _ = recorded(t, map[string]func(http.ResponseWriter, int){"DELETE " + path: conflict, "GET " + path: reply(200, object(statefulSet, "data", "a"))})
	if err := c.Delete(t.Context(), ref, DeleteOptions{UID: "other"}); err != nil {
		t.Errorf("another object has the name now: %v", err)
	}
	if err := c.Delete(t.Context(), ref, DeleteOptions{UID: "u-a"}); err == nil {
		t.Error("a conflict about the very object is no success")
	}
}

func TestIdentity(t *testing.T) {
	const path = "GET /api/v1/namespaces/kube-system"
	for name, test := range map[string]struct {
		answer func(http.ResponseWriter, int)
		want   string
	}{
		"uid":       {reply(200, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system","uid":"1-2-3"}}`), "1-2-3"},
		"forbidden": {failure(403, "Forbidden", "namespaces", `User "x" cannot get`), "ca-sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"},
		"expired":   {failure(401, "Unauthorized", "", "Unauthorized"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, api := recorded(t, map[string]func(http.ResponseWriter, int){path: test.answer})
			c.config.CAData = []byte("x\n")
			for range 3 {
				if got, err := c.Identity(t.Context()); got != test.want || (err == nil) != (test.want != "") {
					t.Errorf("got %q, %v", got, err)
				}
			}
			if known := len(api.asked()) == 1; known != (test.want != "") {
				t.Errorf("asked %q", api.asked())
			}
		})
	}
}

func TestResourceFor(t *testing.T) {
	for kind, want := range map[schema.GroupVersionKind]string{
		{Version: "v1", Kind: "Endpoints"}:                                               "endpoints namespaced",
		{Version: "v1", Kind: "Namespace"}:                                               "namespaces",
		{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}:               "networkpolicies namespaced",
		{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"}:                   "storageclasses",
		{Group: "kafka.strimzi.io", Version: "v1", Kind: "KafkaTopic"}:                   "kafkatopics namespaced",
		{Group: "example.com", Version: "v1", Kind: "Proxy"}:                             "proxies namespaced",
		{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"}:         "clusterroles",
		{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}:           "horizontalpodautoscalers namespaced",
		{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"}:                   "certificates namespaced",
		{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"}:          "servicemonitors namespaced",
		{Group: "scheduling.k8s.io", Version: "v1", Kind: "PriorityClass"}:               "priorityclasses",
		{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"}:                    "poddisruptionbudgets namespaced",
		{Group: "coordination.k8s.io", Version: "v1", Kind: "Lease"}:                     "leases namespaced",
		{Group: "batch", Version: "v1", Kind: "CronJob"}:                                 "cronjobs namespaced",
		{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}: "customresourcedefinitions",
	} {
		gvr, namespaced := resourceFor(kind)
		got := gvr.Resource
		if namespaced {
			got += " namespaced"
		}
		if got != want || gvr.Group != kind.Group || gvr.Version != kind.Version {
			t.Errorf("%s: got %s, %s", kind, gvr, got)
		}
	}
}
