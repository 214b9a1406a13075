package main

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// pgBouncerImage has the PgBouncer of a release of Debian, at the place of the image
// that the project of Airflow makes.
func pgBouncerImage(version, release string) catalogueEntry {
	return catalogueEntry{
		name: "docker.io/apache/airflow:airflow-pgbouncer-" + version,
		config: v1.Config{
			Entrypoint:   []string{"/usr/bin/pgbouncer", "-u", "nobody", "/etc/pgbouncer/pgbouncer.ini"},
			Env:          []string{"PATH=" + systemPath},
			ExposedPorts: map[string]struct{}{"6432/tcp": {}},
		},
		trees: []func(context.Context) (string, error){debian(release, "libc-bin", "pgbouncer")},
		files: func(builds) ([]file, error) {
			return []file{
				{path: "/etc/passwd", content: "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
				{path: "/etc/group", content: "root:x:0:\nnogroup:x:65534:\n"},
				nameServices, rootCertificates,
				{path: "/usr/bin/pgbouncer", link: "/usr/sbin/pgbouncer"},
			}, nil
		},
	}
}
