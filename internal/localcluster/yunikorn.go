package main

import v1 "github.com/google/go-containerregistry/pkg/v1"

// yunikornImage has YuniKorn's scheduler at its path.
func yunikornImage() catalogueEntry {
	return catalogueEntry{
		name:       "docker.io/apache/yunikorn:scheduler-" + yunikornVersion,
		components: []string{"yunikorn"},
		config:     v1.Config{User: "4444:4444", Entrypoint: []string{"/yunikorn-scheduler"}},
		files: func(b builds) ([]file, error) {
			return []file{{path: "/yunikorn-scheduler", source: b.program("yunikorn", "shim")}, rootCertificates}, nil
		},
	}
}
