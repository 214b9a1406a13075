package minio_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// certificate makes a Secret as cert-manager would, for the names of the Service
// and of the servers, and returns the authority.
func (l *lake) certificate(secret string) *x509.CertPool {
	l.t.Helper()
	must := func(err error) {
		l.t.Helper()
		if err != nil {
			l.t.Fatal(err)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "lake"}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{
			"lake", "lake." + l.namespace + ".svc", "lake." + l.namespace + ".svc.cluster.local",
			"*.lake-servers." + l.namespace + ".svc.cluster.local",
		},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	_, err = l.c.CoreV1().Secrets(l.namespace).Create(l.t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: secret}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{
			"tls.crt": encode("CERTIFICATE", leafDER), "tls.key": encode("PRIVATE KEY", keyDER), "ca.crt": encode("CERTIFICATE", caDER),
		},
	}, metav1.CreateOptions{})
	must(err)
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(caDER)
	must(err)
	pool.AddCert(parsed)
	return pool
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
