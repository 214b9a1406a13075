package main

import (
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// kedaImage has one of KEDA's programs at its path.
func kedaImage(name, program, path string, args ...string) catalogueEntry {
	return catalogueEntry{
		name:       "ghcr.io/kedacore/" + name + ":" + kedaVersion,
		components: []string{"keda"},
		config: v1.Config{
			User: "65532:65532", WorkingDir: "/",
			Entrypoint: slices.Concat([]string{path}, args, []string{"--zap-log-level=info", "--zap-encoder=console"}),
		},
		files: func(b builds) ([]file, error) {
			return []file{{path: path, source: b.program("keda", program)}, rootCertificates}, nil
		},
	}
}
