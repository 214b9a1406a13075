package main

import (
	"context"
	_ "embed" // for the files of the image

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

//go:embed images/redis/docker-entrypoint.sh
var redisEntrypoint string

// redisImage has the Redis of a release of Debian.
func redisImage(version, release string) catalogueEntry {
	return catalogueEntry{
		name: "docker.io/library/redis:" + version,
		config: v1.Config{
			WorkingDir: "/data", Entrypoint: []string{"docker-entrypoint.sh"}, Cmd: []string{"redis-server"},
			Env:          []string{"PATH=" + systemPath, "LANG=C.UTF-8"},
			ExposedPorts: map[string]struct{}{"6379/tcp": {}},
			Volumes:      map[string]struct{}{"/data": {}},
		},
		trees: []func(context.Context) (string, error){debian(release, "libc-bin", "redis-server")},
		files: func(builds) ([]file, error) {
			return []file{
				{path: "/etc/passwd", content: "root:x:0:0:root:/root:/bin/bash\nredis:x:999:1000:Redis:/data:/bin/sh\n"},
				{path: "/etc/group", content: "root:x:0:\nredis:x:1000:\n"},
				nameServices, rootCertificates,
				{path: "/usr/local/bin/docker-entrypoint.sh", mode: 0o755, content: redisEntrypoint},
				{path: "/data", dir: true, mode: 0o1777},
			}, nil
		},
	}
}
