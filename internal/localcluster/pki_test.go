package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPKI(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	if err := os.MkdirAll(filepath.Join(dir+".new", "half"), 0o700); err != nil { // of a predecessor that was killed
		t.Fatal(err)
	}
	addr := addressesOf(7)
	if err := ensurePKI(dir, "analytics-7", addr); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, authority, subject string
		usage                    x509.ExtKeyUsage
		hosts                    []string
	}{
		{"apiserver", "ca", "CN=kube-apiserver", x509.ExtKeyUsageServerAuth, []string{"kubernetes.default.svc", addr.Node.String(), addr.API.String(), "127.0.0.1"}},
		{"kubelet-server", "ca", "CN=system:node:analytics-node,O=system:nodes", x509.ExtKeyUsageServerAuth, []string{nodeName, addr.Node.String()}},
		{"kubelet", "ca", "CN=system:node:analytics-node,O=system:nodes", x509.ExtKeyUsageClientAuth, nil},
		{"admin", "ca", "CN=admin,O=system:masters", x509.ExtKeyUsageClientAuth, nil},
		{"scheduler", "ca", "CN=system:kube-scheduler", x509.ExtKeyUsageClientAuth, nil},
		{"front-proxy", "front-proxy-ca", "CN=front-proxy-client", x509.ExtKeyUsageClientAuth, nil},
	} {
		cert := certificateIn(t, filepath.Join(dir, c.name+".crt"))
		if got := cert.Subject.String(); got != c.subject {
			t.Errorf("%s is of %s, not %s", c.name, got, c.subject)
		}
		roots := x509.NewCertPool()
		roots.AddCert(certificateIn(t, filepath.Join(dir, c.authority+".crt")))
		for _, host := range append(c.hosts, "") {
			if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: []x509.ExtKeyUsage{c.usage}}); err != nil {
				t.Errorf("%s for %q: %v", c.name, host, err)
			}
		}
		if _, err := tls.LoadX509KeyPair(filepath.Join(dir, c.name+".crt"), filepath.Join(dir, c.name+".key")); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if st, err := os.Stat(filepath.Join(dir, c.name+".key")); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: others can read the key (%v, %v)", c.name, st.Mode(), err)
		}
	}
	admin := read(t, filepath.Join(dir, "admin.conf"))
	if !strings.Contains(admin, "server: "+addr.server()+"\n") || !strings.Contains(admin, "current-context: analytics-7\n") {
		t.Errorf("admin.conf:\n%s", admin)
	}

	if err := ensurePKI(dir, "analytics-7", addr); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(dir, "admin.conf")) != admin {
		t.Error("a second start makes other credentials")
	}
}

func certificateIn(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(read(t, path)))
	if block == nil {
		t.Fatalf("%s holds no PEM", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
