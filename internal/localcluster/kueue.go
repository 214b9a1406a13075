package main

import v1 "github.com/google/go-containerregistry/pkg/v1"

// kueueImage has Kueue's controller manager at its path.
func kueueImage() catalogueEntry {
	return catalogueEntry{
		name:       "registry.k8s.io/kueue/kueue:v" + kueueVersion,
		components: []string{"kueue"},
		config:     v1.Config{User: "65532:65532", WorkingDir: "/", Entrypoint: []string{"/manager"}},
		files: func(b builds) ([]file, error) {
			return []file{{path: "/manager", source: b.program("kueue", "kueue")}, rootCertificates}, nil
		},
	}
}
