package bench

import (
	"bytes"
	"cmp"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// request is a kind of request: what is done to which resource.
type request struct{ verb, resource string }

// requests counts them.
type requests map[request]int

func (r requests) total() int {
	sum := 0
	for _, n := range r {
		sum += n
	}
	return sum
}

func (r requests) verb(verb string) int {
	sum := 0
	for q, n := range r {
		if q.verb == verb {
			sum += n
		}
	}
	return sum
}

// String lists the requests, the most frequent first.
func (r requests) String() string {
	keys := slices.SortedFunc(maps.Keys(r), func(a, b request) int {
		return cmp.Or(r[b]-r[a], strings.Compare(a.verb+a.resource, b.verb+b.resource))
	})
	parts := make([]string, len(keys))
	for i, q := range keys {
		parts[i] = fmt.Sprintf("%d %s %s", r[q], q.verb, q.resource)
	}
	return strings.Join(parts, ", ")
}

// proxy stands before the API server, with the rights of the tests' kubeconfig. It counts requests and keeps the objects that were
// applied, or were to be.
type proxy struct {
	config *rest.Config // leads to the proxy

	mu      sync.Mutex
	counted requests
	sent    map[string]*unstructured.Unstructured // by path; the last one counts
}

type objects = []*unstructured.Unstructured

func newProxy(t testing.TB, config *rest.Config) *proxy {
	t.Helper()
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	p.take()
	forward := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,                         // watches
		ErrorLog:      log.New(io.Discard, "", 0), // a watch that its client ends is not worth a line
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.count(r)
		forward.ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = true // as the API server has it
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	p.config = &rest.Config{
		Host: server.URL, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})},
	}
	return p
}

// kubeconfig is the content of a kubeconfig file that leads to the proxy.
func (p *proxy) kubeconfig(t testing.TB) string {
	t.Helper()
	content, err := clientcmd.Write(clientcmdapi.Config{
		CurrentContext: "proxy",
		Contexts:       map[string]*clientcmdapi.Context{"proxy": {Cluster: "proxy"}},
		Clusters:       map[string]*clientcmdapi.Cluster{"proxy": {Server: p.config.Host, CertificateAuthorityData: p.config.CAData}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (p *proxy) count(r *http.Request) {
	object := &unstructured.Unstructured{}
	applies := isApply(r)
	if applies {
		body, err := io.ReadAll(r.Body)
		applies = err == nil && object.UnmarshalJSON(body) == nil
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counted[classify(r)]++
	if applies {
		p.sent[r.URL.Path] = object
	}
}

func isApply(r *http.Request) bool {
	return r.Method == http.MethodPatch && r.Header.Get("Content-Type") == string(types.ApplyYAMLPatchType)
}

// take returns what was counted and sent since the last call.
func (p *proxy) take() (requests, objects) {
	p.mu.Lock()
	defer p.mu.Unlock()
	counted, sent := p.counted, p.sent
	p.counted, p.sent = requests{}, map[string]*unstructured.Unstructured{}
	return counted, slices.Collect(maps.Values(sent))
}

// classify names a request as roles do, except that a server-side apply is one of its own.
func classify(r *http.Request) request {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return request{strings.ToLower(r.Method), r.URL.Path}
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	q := request{resource: parts[0]}
	query := r.URL.Query()
	switch {
	case query.Has("watch"):
		q.verb = "watch"
	case query.Has("dryRun"):
		q.verb = "dry run"
	case isApply(r):
		q.verb = "apply"
	case r.Method == http.MethodGet && len(parts) == 1:
		q.verb = "list"
	default:
		q.verb = map[string]string{"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}[r.Method]
	}
	return q
}
