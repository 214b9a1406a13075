package main

import (
	"context"
	_ "embed" // for the files of the images

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

var (
	//go:embed images/airflow/3.3.2.txt
	airflow332 string
	//go:embed images/airflow/3.2.2.txt
	airflow322 string
	//go:embed images/airflow/entrypoint
	airflowEntrypoint string
	//go:embed images/postgres/docker-entrypoint.sh
	postgresEntrypoint string
)

// airflowImage has Airflow and the most used of its providers at the places of
// the official image.
func airflowImage(version, requirements string) catalogueEntry {
	const home, user = "/opt/airflow", "/home/airflow"
	return catalogueEntry{
		name: "docker.io/apache/airflow:" + version,
		config: v1.Config{
			User: "50000", WorkingDir: home,
			Entrypoint: []string{"/usr/bin/dumb-init", "--", "/entrypoint"},
			Env: []string{
				"PATH=" + user + "/.local/bin:" + systemPath, "AIRFLOW_HOME=" + home, "AIRFLOW_USER_HOME_DIR=" + user, "AIRFLOW_UID=50000",
				"AIRFLOW_VERSION=" + version, "AIRFLOW__CORE__LOAD_EXAMPLES=False", "DUMB_INIT_SETSID=1", "PYTHONUNBUFFERED=1",
				"LANG=C.UTF-8", "LC_ALL=C.UTF-8",
			},
			ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		},
		trees: []func(context.Context) (string, error){
			debian(bookworm, "python3", "libc-bin", "libstdc++6", "dumb-init", "git", "openssh-client"),
			func(ctx context.Context) (string, error) {
				return pythonTree(ctx, bookworm, user+"/.local", requirements)
			},
		},
		files: func(builds) ([]file, error) {
			out := []file{
				{path: "/etc/passwd", content: "root:x:0:0:root:/root:/bin/bash\nairflow:x:50000:0:Airflow:" + user + ":/bin/bash\n"},
				{path: "/etc/group", content: "root:x:0:\nairflow:x:50000:\n"},
				nameServices, rootCertificates,
				{path: "/entrypoint", mode: 0o775, content: airflowEntrypoint},
			}
			for _, dir := range []string{user, home, home + "/dags", home + "/logs", home + "/plugins", home + "/config"} {
				out = append(out, file{path: dir, dir: true, mode: 0o775})
			}
			return out, nil
		},
	}
}

// postgresImage has the Postgres of a release of Debian.
func postgresImage(version, release string) catalogueEntry {
	const data = "/var/lib/postgresql/data"
	return catalogueEntry{
		name: "docker.io/library/postgres:" + version,
		config: v1.Config{
			Entrypoint: []string{"docker-entrypoint.sh"}, Cmd: []string{"postgres"}, StopSignal: "SIGINT",
			// Before /usr/bin, where Debian has wrappers in Perl under the same names.
			Env:          []string{"PATH=/usr/lib/postgresql/" + version + "/bin:" + systemPath, "PGDATA=" + data, "PG_MAJOR=" + version, "LANG=C.UTF-8"},
			ExposedPorts: map[string]struct{}{"5432/tcp": {}},
			Volumes:      map[string]struct{}{data: {}},
		},
		trees: []func(context.Context) (string, error){debian(release, "libc-bin", "postgresql-"+version)},
		files: func(builds) ([]file, error) {
			return []file{
				{path: "/etc/passwd", content: "root:x:0:0:root:/root:/bin/bash\npostgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/bash\n"},
				{path: "/etc/group", content: "root:x:0:\npostgres:x:999:\n"},
				nameServices, rootCertificates,
				{path: "/usr/local/bin/docker-entrypoint.sh", mode: 0o755, content: postgresEntrypoint},
				{path: data, dir: true, mode: 0o1777},
				{path: "/run/postgresql", dir: true, mode: 0o1777},
				// Where Debian's build puts its socket.
				{path: "/var/run", link: "/run"},
			}, nil
		},
	}
}
