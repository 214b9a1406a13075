package main

import (
	"context"
	"crypto/sha256"
	_ "embed" // for the packages
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// packageIndex is an image that serves packages from PyPI as an index of its own, for
// pods that reach none outside of their cluster.
const packageIndex = "localhost/package-index:1"

//go:embed images/packages/3.13.txt
var indexedPackages string

// indexedSources are packages that PyPI has no wheels of, with the SHA-256 of their
// source distributions.
var indexedSources = []struct{ name, version, sha256 string }{
	{"pyspark-client", spark4.version, "4e5ac863064c3bd6c288da7e3932c72b491cd90e294e5e91aec37e1fa1c870f5"},
}

// indexImage has the packages as they are downloaded, in the folders in which pip looks
// for them. What serves them is Python's own web server.
func indexImage(release string) catalogueEntry {
	const root = "/srv"
	return catalogueEntry{
		name: packageIndex,
		config: v1.Config{
			Cmd:          []string{"python3", "-m", "http.server", "8080", "--directory", root},
			ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		},
		trees: []func(context.Context) (string, error){
			debian(release, "python3"),
			func(ctx context.Context) (string, error) {
				return wheelsTree(ctx, pythonVersions[release], root+"/simple", indexedPackages)
			},
		},
		files: func(builds) ([]file, error) {
			files := append(slices.Clone(accounts), nameServices)
			for _, p := range indexedSources {
				source, err := pypiSource(context.Background(), p.name, p.version, p.sha256)
				if err != nil {
					return nil, err
				}
				files = append(files, file{path: root + "/simple/" + p.name + "/" + sourceName(p.name, p.version), source: source, mode: 0o644})
			}
			return files, nil
		},
	}
}

// wheelsTree gives a folder with the wheels of packages from PyPI below a path, for a
// version of Python. The packages are pinned, and those that they depend on must be
// among them.
func wheelsTree(ctx context.Context, version, path, requirements string) (string, error) {
	sum := sha256.Sum256([]byte(strings.Join([]string{version, path, requirements}, "\n")))
	what, _, _ := strings.Cut(requirements, "\n")
	return cachedTree(ctx, "wheels", hex.EncodeToString(sum[:])[:16], strings.TrimLeft(what, "# "), func(root string) error {
		pip, err := ensureProgram(ctx, "pip3", "python3-pip")
		if err != nil {
			return err
		}
		work, err := os.MkdirTemp("", "wheels-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(work)
		file := filepath.Join(work, "requirements.txt")
		if err := os.WriteFile(file, []byte(requirements), 0o600); err != nil {
			return err
		}
		args := []string{"download", "-q", "--no-deps", "--only-binary", ":all:", "--python-version", version, "--requirement", file, "--dest", work}
		for _, platform := range manylinux() {
			args = append(args, "--platform", platform)
		}
		if _, err := runCommand(ctx, nil, pip, args...); err != nil {
			return err
		}
		wheels, err := filepath.Glob(filepath.Join(work, "*.whl"))
		if err != nil {
			return err
		}
		for _, wheel := range wheels {
			data, err := os.ReadFile(wheel)
			if err != nil {
				return err
			}
			if err := writeNew(filepath.Join(root, path, projectOf(wheel), filepath.Base(wheel)), data, 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}

var separators = regexp.MustCompile(`[-_.]+`)

// projectOf is the name by which an index knows the project of a wheel.
func projectOf(wheel string) string {
	name, _, _ := strings.Cut(filepath.Base(wheel), "-")
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}
