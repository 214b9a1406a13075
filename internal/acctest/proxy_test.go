package acctest

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// proxy stands between the provider and the API server, and disturbs them.
type proxy struct {
	*httptest.Server
	forward http.Handler

	mu sync.Mutex
	// disturb decides about a request: nil lets it pass.
	disturb func(r *http.Request) fault
	counts  map[string]int
	seen    []string
}

// A fault is what happens to a request instead of its answer.
type fault func(w http.ResponseWriter, r *http.Request, forward http.Handler)

func newProxy(t *testing.T, c *Cluster) *proxy {
	t.Helper()
	target, err := url.Parse(c.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{counts: map[string]int{}, forward: &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			// The cluster's own credentials take the place of the provider's.
			r.Out.Header.Del("Authorization")
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	// A broken connection is what it is made for, not worth a line.
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.StartTLS()
	t.Cleanup(func() { p.CloseClientConnections(); p.Close() })
	return p
}

// authority is the certificate of the authority that the proxy's is signed by, as PEM.
func (p *proxy) authority() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw})
}

// kubeconfig is one that leads to the cluster through the proxy.
func (p *proxy) kubeconfig() string {
	return fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "it",
		"contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
		"clusters": [{"name": "it", "cluster": {"server": %q, "certificate-authority-data": %q}}],
		"users": [{"name": "it", "user": {"token": "any"}}]}`, p.URL, base64.StdEncoding.EncodeToString(p.authority()))
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen = append(p.seen, r.Method+" "+r.URL.Path)
	var f fault
	if p.disturb != nil {
		f = p.disturb(r)
	}
	p.mu.Unlock()
	if f == nil {
		f = pass
	}
	f(w, r, p.forward)
}

// set changes what happens to the requests from now on.
func (p *proxy) set(disturb func(r *http.Request) fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.disturb = disturb
}

// requests returns what came since the last call, as "METHOD path".
func (p *proxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

func pass(w http.ResponseWriter, r *http.Request, forward http.Handler) { forward.ServeHTTP(w, r) }

// answers is an answer of the API server itself.
func answers(code int, reason, message string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		if code == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%q,"details":{"kind":"objects","name":"it"}}`, code, reason, message)
	}
}

// resets breaks the connection instead of sending the request on.
func resets(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// loses sends the request on and breaks the connection instead of answering.
func loses(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	forward.ServeHTTP(httptest.NewRecorder(), r)
	resets(w, r, forward)
}

// hangs does not answer.
func hangs(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // so that the end of the connection is noticed
	select {
	case <-r.Context().Done():
	case <-time.After(2 * time.Minute):
	}
}

var (
	unauthorized = answers(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
	forbidden    = answers(http.StatusForbidden, "Forbidden", `objects "it" is forbidden: User "ci" cannot do this to resource "objects" in API group ""`)
	busy         = answers(http.StatusTooManyRequests, "TooManyRequests", "the server has received too many requests")
	broken       = answers(http.StatusInternalServerError, "InternalError", "etcdserver: leader changed")
	unavailable  = answers(http.StatusServiceUnavailable, "ServiceUnavailable", "the server is currently unable to handle the request")
)

// isWatch tells the requests that stay open on purpose.
func isWatch(r *http.Request) bool {
	return strings.Contains(r.URL.RawQuery, "watch=true") || strings.Contains(r.URL.RawQuery, "watch=1")
}

// listen tells who connects to an address.
func listen(t *testing.T, at string, asked chan<- string) (net.Listener, error) {
	t.Helper()
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
			asked <- at
		}
	}()
	return listener, nil
}
