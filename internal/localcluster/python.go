package main

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// shellPackages are what scripts expect of an image that is made of Debian's
// packages.
var shellPackages = []string{
	"bash", "coreutils", "dash", "findutils", "grep", "sed", "gzip", "tar", "hostname", "procps", "netbase", "tzdata", "ca-certificates",
}

// debian is a tree of shellPackages and others.
func debian(release string, packages ...string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		return debianTree(ctx, release, append(append([]string{}, shellPackages...), packages...)...)
	}
}

// pythonImage has the Python of a release of Debian under the names, and with the
// pip, of the official image that is made of the same release.
func pythonImage(version, release string) catalogueEntry {
	return catalogueEntry{
		name: "docker.io/library/python:" + version + "-slim",
		config: v1.Config{
			Cmd: []string{"python3"},
			Env: []string{"LANG=C.UTF-8"},
		},
		trees: []func(context.Context) (string, error){debian(release, "python3", "python3-pip", "libstdc++6")},
		files: func(builds) ([]file, error) {
			out := []file{
				{path: "/etc/passwd", content: "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
				{path: "/etc/group", content: "root:x:0:\nnogroup:x:65534:\n"},
				nameServices, rootCertificates,
			}
			for name, program := range map[string]string{"python": "python3", "python3": "python3", "python" + version: "python" + version, "pip": "pip3", "pip3": "pip3"} {
				out = append(out, file{path: "/usr/local/bin/" + name, link: "/usr/bin/" + program})
			}
			return out, nil
		},
	}
}
