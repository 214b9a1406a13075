package minio_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// certificate makes a Secret for the names of the Service and of the servers, and
// returns the authority.
func (l *lake) certificate(secret string) *x509.CertPool {
	l.t.Helper()
	return l.c.Certificate(l.t, l.namespace, secret, "lake", "lake."+l.namespace+".svc", "lake."+l.namespace+".svc.cluster.local",
		"*.lake-servers."+l.namespace+".svc.cluster.local")
}

// TestAccMinIOWithTLS serves TLS between servers and to clients, with all that
// can be switched on, and changes a variable that all servers must share.
func TestAccMinIOWithTLS(t *testing.T) {
	l := newLake(t)
	l.secure = true
	authority := l.certificate("lake-tls")
	s := defaults()
	s.pools = `{ servers = 2, drives = 2, size = "300Mi" }`
	options := `
  tls     = { secret = "lake-tls" }
  console = true
  metrics = {}
  parity  = 1
  service = { type = "NodePort" }
  ingress = { host = "s3.example.com", tls_secret = "s3-tls" }
`
	s.extra = options
	l.configure(s)
	l.Apply().Succeeds().Says("https://lake."+l.namespace+".svc.cluster.local:9000", "usable_bytes = 943718400")
	l.PlansNothing()
	l.put("ingest", "a.txt", "over TLS")

	transport := l.transportTo(9000)
	transport.TLSClientConfig = &tls.Config{RootCAs: authority, ServerName: "lake." + l.namespace + ".svc", MinVersion: tls.VersionTLS12}
	metrics := fetch(t, transport, "https://lake:9000/minio/v2/metrics/cluster")
	if !strings.Contains(metrics, "minio_cluster_drive_online_total") {
		t.Errorf("no metrics but %.200s", metrics)
	}
	if console := fetch(t, l.transportTo(9001), "https://lake:9001/"); !strings.Contains(console, "<html") {
		t.Errorf("no console but %.200s", console)
	}

	before := l.pods()
	s.extra = options + `  env = { MINIO_API_REQUESTS_MAX = "200" }`
	l.configure(s)
	l.Apply().Succeeds().Says("restarts all 2 pods of StatefulSet/pool-0 at once: MinIO stops for about 30 s")
	if got := restarted(before, l.pods()); len(got) != 2 {
		t.Errorf("a variable of all servers changed, and only these restarted: %v", got)
	}
	l.PlansNothing()
	l.wantObject("ingest", "a.txt", "over TLS")
}

func fetch(t *testing.T, transport *http.Transport, url string) string {
	t.Helper()
	resp, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(fmt.Errorf("%s answers %s: %w", url, resp.Status, err))
	}
	return string(body)
}
