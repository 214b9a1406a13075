package main

import v1 "github.com/google/go-containerregistry/pkg/v1"

// volcanoImage has one of Volcano's programs at its path. The published ones run as root, too.
func volcanoImage(program string) catalogueEntry {
	path := "/vc-" + program
	return catalogueEntry{
		name:       "docker.io/volcanosh/vc-" + program + ":v" + volcanoVersion,
		components: []string{"volcano"},
		config:     v1.Config{Entrypoint: []string{path}},
		files: func(b builds) ([]file, error) {
			return []file{{path: path, source: b.program("volcano", program)}, rootCertificates, {path: "/tmp", dir: true, mode: 0o777}}, nil
		},
	}
}
