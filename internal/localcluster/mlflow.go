package main

import (
	"context"
	_ "embed" // for the requirements of the images

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

var (
	//go:embed images/mlflow/3.17.2.txt
	mlflow3172 string
	//go:embed images/mlflow/3.16.1.txt
	mlflow3161 string
)

// mlflowImage has MLflow with the drivers of the official image of the same name. It
// lacks what neither the server nor the demo's training imports: Matplotlib, and in
// older versions scikit-learn, SciPy and Arrow too.
func mlflowImage(version, requirements string) catalogueEntry {
	return catalogueEntry{
		name: "ghcr.io/mlflow/mlflow:v" + version + "-full",
		config: v1.Config{
			Cmd: []string{"python3"},
			Env: []string{"PATH=" + systemPath, "LANG=C.UTF-8"},
		},
		trees: []func(context.Context) (string, error){
			debian(bookworm, "python3", "libc-bin", "libstdc++6"),
			func(ctx context.Context) (string, error) {
				return pythonTree(ctx, bookworm, "/usr/local", requirements)
			},
		},
		files: func(builds) ([]file, error) {
			return []file{
				{path: "/etc/passwd", content: "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
				{path: "/etc/group", content: "root:x:0:\nnogroup:x:65534:\n"},
				nameServices, rootCertificates,
			}, nil
		},
	}
}
