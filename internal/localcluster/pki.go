package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateLife is how long a cluster's certificates are valid.
const certificateLife = 10 * 365 * 24 * time.Hour

// keyPair is a certificate and its key.
type keyPair struct {
	cert *x509.Certificate
	der  []byte
	key  *ecdsa.PrivateKey
}

// ensurePKI makes the certificates, keys and kubeconfig files of a cluster in
// dir, once: all of them or none.
func ensurePKI(dir, clusterName string, addr addresses) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	tmp := dir + ".new"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return err
	}
	if err := makePKI(tmp, clusterName, addr); err != nil {
		return fmt.Errorf("making the certificates: %w", err)
	}
	return os.Rename(tmp, dir)
}

func makePKI(dir, clusterName string, addr addresses) error {
	ca, err := newAuthority("kubernetes-ca")
	if err != nil {
		return err
	}
	frontProxy, err := newAuthority("front-proxy-ca")
	if err != nil {
		return err
	}
	if err := ca.write(dir, "ca"); err != nil {
		return err
	}
	if err := frontProxy.write(dir, "front-proxy-ca"); err != nil {
		return err
	}

	node := pkix.Name{CommonName: "system:node:" + nodeName, Organization: []string{"system:nodes"}}
	admins := []string{"system:masters"}
	for _, c := range []struct {
		name      string
		authority *keyPair
		subject   pkix.Name
		dns       []string // with ips: a server's certificate, else a client's
		ips       []net.IP
		config    bool // wants a kubeconfig
	}{
		{
			name: "apiserver", authority: ca, subject: pkix.Name{CommonName: "kube-apiserver"},
			dns: []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"},
			ips: []net.IP{net.IPv4(127, 0, 0, 1), addr.Node.AsSlice(), addr.API.AsSlice()},
		},
		{name: "kubelet-server", authority: ca, subject: node, dns: []string{nodeName}, ips: []net.IP{addr.Node.AsSlice()}},
		{name: "front-proxy", authority: frontProxy, subject: pkix.Name{CommonName: "front-proxy-client"}},
		{name: "apiserver-kubelet", authority: ca, subject: pkix.Name{CommonName: "apiserver-kubelet", Organization: admins}},
		{name: "admin", authority: ca, subject: pkix.Name{CommonName: "admin", Organization: admins}, config: true},
		{name: "controller-manager", authority: ca, subject: pkix.Name{CommonName: "system:kube-controller-manager"}, config: true},
		{name: "scheduler", authority: ca, subject: pkix.Name{CommonName: "system:kube-scheduler"}, config: true},
		{name: "kubelet", authority: ca, subject: node, config: true},
		{name: "proxy", authority: ca, subject: pkix.Name{CommonName: "system:kube-proxy"}, config: true},
	} {
		pair, err := c.authority.issue(c.subject, c.dns, c.ips)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if err := pair.write(dir, c.name); err != nil {
			return err
		}
		if c.config {
			if err := writeKubeconfig(filepath.Join(dir, c.name+".conf"), clusterName, addr.server(), c.name, ca, pair); err != nil {
				return err
			}
		}
	}
	return writeServiceAccountKey(dir)
}

// writeServiceAccountKey makes the key that signs ServiceAccounts' tokens.
func writeServiceAccountKey(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := keyPEM(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "sa.key"), private, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "sa.pub"), encodePEM("PUBLIC KEY", public), 0o644)
}

func newAuthority(name string) (*keyPair, error) {
	template, err := certificate(pkix.Name{CommonName: name})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	return sign(template, nil)
}

func (p *keyPair) issue(subject pkix.Name, dns []string, ips []net.IP) (*keyPair, error) {
	template, err := certificate(subject)
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(dns)+len(ips) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		template.DNSNames, template.IPAddresses = dns, ips
	}
	return sign(template, p)
}

func certificate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-time.Hour), // clocks that are set back a little
		NotAfter:     now.Add(certificateLife),
	}, nil
}

// sign makes a key and its certificate. Without an authority it signs itself.
func sign(template *x509.Certificate, authority *keyPair) (*keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	parent, parentKey := template, key
	if authority != nil {
		parent, parentKey = authority.cert, authority.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &keyPair{cert: cert, der: der, key: key}, err
}

func (p *keyPair) certPEM() []byte { return encodePEM("CERTIFICATE", p.der) }

func (p *keyPair) write(dir, name string) error {
	key, err := keyPEM(p.key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, name+".key"), key, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".crt"), p.certPEM(), 0o644)
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return encodePEM("EC PRIVATE KEY", der), err
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// writeKubeconfig writes the kubeconfig of one user, with all certificates in
// the file itself.
func writeKubeconfig(path, clusterName, server, user string, ca, pair *keyPair) error {
	key, err := keyPEM(pair.key)
	if err != nil {
		return err
	}
	b64 := base64.StdEncoding.EncodeToString
	data, err := render("config/kubeconfig.yaml", map[string]string{
		"Cluster": clusterName,
		"Server":  server,
		"User":    user,
		"CA":      b64(ca.certPEM()),
		"Cert":    b64(pair.certPEM()),
		"Key":     b64(key),
	})
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
