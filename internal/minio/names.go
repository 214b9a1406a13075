package minio

import (
	"fmt"
	"strings"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const productName = "minio"

// Ports of a server.
const (
	apiPort     = 9000
	consolePort = 9001
)

// Keys of objects that others refer to.
const (
	keyClient     = "Service/client"
	keyRootSecret = "Secret/root"
)

// pools are the keys of the StatefulSets.
func pools(m *Model) []string {
	keys := make([]string, len(m.Pools))
	for i := range m.Pools {
		keys[i] = keyPool(i)
	}
	return keys
}

func keyPool(pool int) string { return fmt.Sprintf("StatefulSet/pool-%d", pool) }

func keyUserSecret(user string) string { return "Secret/user-" + user }

// names are those of the Kubernetes objects of one resource.
type names struct {
	resource, namespace, domain string
	tls                         bool
}

func newNames(m *Model, env workload.Environment) names {
	return names{resource: m.Name, namespace: env.Namespace, domain: env.ClusterDomain, tls: m.TLS != nil}
}

func (n names) servers() string { return n.resource + "-servers" }

func (n names) pool(i int) string { return fmt.Sprintf("%s-pool-%d", n.resource, i) }

func (n names) rootSecret() string { return n.resource + "-root" }

func (n names) userSecret(user string) string { return n.resource + "-user-" + user }

func (n names) scheme() string {
	if n.tls {
		return "https"
	}
	return "http"
}

// host is the client Service's name in DNS.
func (n names) host() string { return fmt.Sprintf("%s.%s.svc.%s", n.resource, n.namespace, n.domain) }

// endpoint is the URL of the S3 API inside of the cluster.
func (n names) endpoint() string { return fmt.Sprintf("%s://%s:%d", n.scheme(), n.host(), apiPort) }

// volumes is the server's argument for the drives of a pool, in MinIO's ellipsis
// notation. A single drive of a single server is a plain path.
func (n names) volumes(i int, p Pool) string {
	drives := drivePath
	if d := p.drives(); d > 1 {
		drives = fmt.Sprintf("%s/{0...%d}", drivePath, d-1)
	} else {
		drives += "/0"
	}
	if p.Servers == 1 {
		return drives
	}
	host := fmt.Sprintf("%s-{0...%d}.%s.%s.svc.%s", n.pool(i), p.Servers-1, n.servers(), n.namespace, n.domain)
	return fmt.Sprintf("%s://%s:%d%s", n.scheme(), host, apiPort, drives)
}

// claim is the name of the volume claim template of a drive.
func claim(drive int64) string { return fmt.Sprintf("drive-%d", drive) }

func (p Pool) drives() int64 {
	if p.Drives == nil {
		return 1
	}
	return *p.Drives
}

// isServerVariable reports whether servers compare the variable with their peers.
func isServerVariable(name string) bool { return strings.HasPrefix(name, "MINIO_") }
