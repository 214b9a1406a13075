package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The images that the node itself needs, by their official names.
const (
	pauseImage   = "registry.k8s.io/pause:3.10.1"
	coreDNSImage = "registry.k8s.io/coredns/coredns:v" + coreDNSVersion
	metricsImage = "registry.k8s.io/metrics-server/metrics-server:v" + metricsVersion
)

// catalogueEntry is an image that can be assembled on this machine. It keeps
// the contract of the official image of that name: entrypoint, programs, paths.
type catalogueEntry struct {
	name       string
	components []string // that are built first
	config     v1.Config
	// trees are folders that lie under the files, each a layer that images share.
	trees []func(context.Context) (string, error)
	files func(builds) ([]file, error)
}

var catalogue = []catalogueEntry{
	{
		name:       pauseImage,
		components: []string{"pause"},
		config:     v1.Config{User: "65535:65535", Entrypoint: []string{"/pause"}},
		files: func(b builds) ([]file, error) {
			return []file{{path: "/pause", source: b.program("pause", "pause")}}, nil
		},
	},
	{
		name:       coreDNSImage,
		components: []string{"coredns"},
		config:     v1.Config{User: "65532:65532", WorkingDir: "/", Entrypoint: []string{"/coredns"}},
		files: func(b builds) ([]file, error) {
			return []file{{path: "/coredns", source: b.program("coredns", "coredns")}, rootCertificates}, nil
		},
	},
	{
		name:       metricsImage,
		components: []string{"metrics-server"},
		config:     v1.Config{User: "65534", Entrypoint: []string{"/metrics-server"}},
		files: func(b builds) ([]file, error) {
			return []file{{path: "/metrics-server", source: b.program("metrics-server", "metrics-server")}, rootCertificates}, nil
		},
	},
	{
		name:       "quay.io/prometheus/statsd-exporter:v" + statsDVersion,
		components: []string{"statsd-exporter"},
		config:     v1.Config{User: "65534", Entrypoint: []string{"/bin/statsd_exporter"}, ExposedPorts: map[string]struct{}{"9102/tcp": {}, "9125/tcp": {}, "9125/udp": {}}},
		files: func(b builds) ([]file, error) {
			return []file{{path: "/bin/statsd_exporter", source: b.program("statsd-exporter", "statsd_exporter")}, rootCertificates}, nil
		},
	},
	{
		name:   "docker.io/library/busybox:1.37",
		config: v1.Config{Cmd: []string{"sh"}},
		files: func(builds) ([]file, error) {
			shell, err := busybox()
			return slices.Concat(accounts, shell, []file{nameServices}), err
		},
	},
	{
		// The image that MinIO's users moved to when upstream stopped making
		// any. The server is upstream's last, from its Go module.
		name:       "docker.io/pgsty/minio:RELEASE.2026-08-04T00-00-00Z",
		components: []string{"minio"},
		config: v1.Config{
			Env:          []string{"MC_CONFIG_DIR=/tmp/.mc"},
			Entrypoint:   []string{"/usr/bin/docker-entrypoint.sh"},
			Cmd:          []string{"minio"},
			ExposedPorts: map[string]struct{}{"9000/tcp": {}},
			Volumes:      map[string]struct{}{"/data": {}},
		},
		files: func(b builds) ([]file, error) {
			bash, err := programWithLibraries("/bin/bash")
			if err != nil {
				return nil, err
			}
			shell, err := busybox()
			if err != nil {
				return nil, err
			}
			return slices.Concat(accounts, shell, bash, []file{
				nameServices,
				rootCertificates,
				{path: "/usr/bin/minio", source: b.program("minio", "minio")},
				{path: "/usr/bin/docker-entrypoint.sh", mode: 0o755, content: minioEntrypoint},
				{path: "/data", mode: 0o777, dir: true},
			}), nil
		},
	},
	pythonImage("3.13", trixie),
	indexImage(trixie),
	postgresImage("17", trixie),
	redisImage("8.0", trixie),
	pgBouncerImage("2025.03.05-1.23.1", trixie),
	airflowImage("3.3.2", airflow332),
	airflowImage("3.2.2", airflow322),
	mlflowImage("3.17.2", mlflow3172),
	mlflowImage("3.16.1", mlflow3161),
	kedaImage("keda", "operator", "/keda"),
	kedaImage("keda-metrics-apiserver", "adapter", "/keda-adapter", "--secure-port=6443"),
	kedaImage("keda-admission-webhooks", "webhooks", "/keda-admission-webhooks"),
	volcanoImage("controller-manager"),
	volcanoImage("scheduler"),
	volcanoImage("webhook-manager"),
	kueueImage(),
	yunikornImage(),
	spark4.image(),
	spark4.s3Image(),
	spark4.rImage(),
	spark3.image(),
	spark3.s3Image(),
}

// minioEntrypoint runs what it is told, and MinIO's server with these arguments
// where they begin with no program's name.
const minioEntrypoint = `#!/bin/sh
if ! command -v "$1" >/dev/null 2>&1; then
	set -- minio "$@"
fi
exec "$@"
`

var (
	accounts = []file{
		{path: "/etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
		{path: "/etc/group", content: "root:x:0:\nnogroup:x:65534:\n"},
	}
	nameServices     = file{path: "/etc/nsswitch.conf", content: "passwd: files\ngroup: files\nhosts: files dns\n"}
	rootCertificates = file{path: "/etc/ssl/certs/ca-certificates.crt", source: "/etc/ssl/certs/ca-certificates.crt"}
)

// findImage looks up an image in the catalogue by any way to write its name.
func findImage(image string) (catalogueEntry, error) {
	// What is assembled has a digest of its own, and stands in by the name alone.
	tagged, _, _ := strings.Cut(image, "@")
	want, err := name.ParseReference(tagged)
	if err != nil {
		return catalogueEntry{}, err
	}
	var known []string
	for _, entry := range catalogue {
		if ref, err := name.ParseReference(entry.name); err == nil && ref.Name() == want.Name() {
			return entry, nil
		}
		known = append(known, entry.name)
	}
	return catalogueEntry{}, fmt.Errorf("%s cannot be assembled here; these can: %s", image, strings.Join(known, ", "))
}
