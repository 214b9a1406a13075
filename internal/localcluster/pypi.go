package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// pypiSource gives the source distribution of a Python package from PyPI, as a
// .tar.gz. pip refuses it where its SHA-256 is another.
func pypiSource(ctx context.Context, pkg, version, sha256 string) (string, error) {
	unlock, err := lock(ctx, "pypi", "another download from PyPI")
	if err != nil {
		return "", err
	}
	defer unlock()
	dir, err := cacheDir("pypi")
	if err != nil {
		return "", err
	}
	archive := filepath.Join(dir, fmt.Sprintf("%s-%s-%s.tar.gz", pkg, version, sha256[:16]))
	if exists(archive) {
		return archive, nil
	}
	pip, err := ensureProgram(ctx, "pip3", "python3-pip")
	if err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(dir, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	requirements := filepath.Join(work, "requirements.txt")
	if err := os.WriteFile(requirements, fmt.Appendf(nil, "%s==%s --hash=sha256:%s\n", pkg, version, sha256), 0o644); err != nil {
		return "", err
	}
	progress("downloading %s %s from PyPI", pkg, version)
	if _, err := runCommand(ctx, nil, pip, "download", "--no-deps", "--no-binary", ":all:", "--require-hashes", "--requirement", requirements, "--dest", work); err != nil {
		return "", err
	}
	return archive, os.Rename(filepath.Join(work, sourceName(pkg, version)), archive)
}

// sourceName is the name of the source distribution of a package, in which dashes are
// underscores.
func sourceName(pkg, version string) string {
	return strings.ReplaceAll(pkg, "-", "_") + "-" + version + ".tar.gz"
}
