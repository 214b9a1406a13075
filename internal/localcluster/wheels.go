package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// uvVersion is that of uv, which installs Python's packages many times faster
// than pip does.
const uvVersion = "0.13.9"

// pythonVersions are those of the releases of Debian.
var pythonVersions = map[string]string{bookworm: "3.11", trixie: "3.13"}

// pythonTree gives a folder with a virtual environment at the given path, for the
// Python of a release of Debian. It holds packages from PyPI: pinned, compiled,
// and without those that they depend on, which must be among them.
func pythonTree(ctx context.Context, release, path, requirements string) (string, error) {
	version := pythonVersions[release]
	sum := sha256.Sum256([]byte(strings.Join([]string{uvVersion, version, path, requirements}, "\n")))
	what, _, _ := strings.Cut(requirements, "\n")
	return cachedTree(ctx, "python", hex.EncodeToString(sum[:])[:16], strings.TrimLeft(what, "# "), func(root string) error {
		uv, err := uvProgram(ctx)
		if err != nil {
			return err
		}
		// The one that uv asks about itself. That of the image may be another.
		python, err := ensureProgram(ctx, "python3", "python3")
		if err != nil {
			return err
		}
		file := root + ".txt"
		if err := os.WriteFile(file, []byte(requirements), 0o600); err != nil {
			return err
		}
		defer os.Remove(file) //nolint:errcheck // a temporary file
		environment := filepath.Join(root, path)
		packages := filepath.Join(environment, "lib", "python"+version, "site-packages")
		settings := []string{"UV_SYSTEM_CERTS=1", "UV_NO_CONFIG=1", "UV_LINK_MODE=copy"}
		if index := os.Getenv("PIP_INDEX_URL"); index != "" {
			settings = append(settings, "UV_DEFAULT_INDEX="+index)
		}
		platform := processor() + "-manylinux_2_34"
		_, err = runCommand(ctx, nil, "env", slices.Concat(settings, []string{
			uv, "pip", "install", "-q", "--no-deps", "--only-binary", ":all:",
			"--python", python, "--python-version", version, "--python-platform", platform, "--target", packages, "-r", file,
		})...)
		if err != nil {
			return err
		}
		if err := makeEnvironment(environment, path, version, packages); err != nil {
			return err
		}
		return compilePackages(ctx, release, version, root, packages)
	})
}

// processor is what Python calls the processors of this machine.
func processor() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
}

// manylinux are the platforms whose packages run on the releases of Debian.
func manylinux() []string {
	var out []string
	for _, level := range []string{"_2_34", "_2_28", "_2_17", "2014"} {
		out = append(out, "manylinux"+level+"_"+processor())
	}
	return out
}

// uvProgram gives the path of uv, which it takes from PyPI.
func uvProgram(ctx context.Context) (string, error) {
	parent, err := cacheDir("tools")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(parent, "uv-"+uvVersion)
	if exists(dir) {
		return filepath.Join(dir, "bin", "uv"), nil
	}
	pip, err := ensureProgram(ctx, "pip3", "python3-pip")
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	_, err = runCommand(ctx, nil, pip, "install", "-q", "--no-deps", "--only-binary", ":all:", "--target", tmp, "uv=="+uvVersion)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "bin", "uv"), os.Rename(tmp, dir)
}

// makeEnvironment makes a virtual environment of what a folder holds besides its
// packages: a configuration, a Python, and programs that run with it.
func makeEnvironment(environment, path, version, packages string) error {
	config := "home = /usr/bin\ninclude-system-site-packages = false\nversion = " + version + "\n"
	if err := os.WriteFile(filepath.Join(environment, "pyvenv.cfg"), []byte(config), 0o644); err != nil {
		return err
	}
	bin := filepath.Join(environment, "bin")
	if err := os.Rename(filepath.Join(packages, "bin"), bin); err != nil {
		return err
	}
	for _, name := range []string{"python", "python3", "python" + version} {
		if err := os.Symlink("/usr/bin/python"+version, filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	programs, err := os.ReadDir(bin)
	if err != nil {
		return err
	}
	for _, program := range programs {
		if !program.Type().IsRegular() {
			continue
		}
		file := filepath.Join(bin, program.Name())
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		// The first line names the Python of this machine.
		first, rest, found := strings.Cut(string(data), "\n")
		if !found || !strings.HasPrefix(first, "#!") || !strings.Contains(first, "python") {
			continue
		}
		if err := os.WriteFile(file, []byte("#!"+filepath.Join(path, "bin", "python")+"\n"+rest), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// compilePackages compiles with the release's own Python, straight from its
// unpacked packages.
func compilePackages(ctx context.Context, release, version, root, packages string) error {
	system, err := debianTree(ctx, release, "python3")
	if err != nil {
		return err
	}
	loaders, err := filepath.Glob(filepath.Join(system, "usr/lib64/ld-linux-*.so.*"))
	if err != nil || len(loaders) == 0 {
		return fmt.Errorf("%s has no loader", system)
	}
	libraries, err := filepath.Glob(filepath.Join(system, "usr/lib/*-linux-gnu"))
	if err != nil {
		return err
	}
	_, err = runCommand(ctx, nil, "env", "PYTHONHOME="+filepath.Join(system, "usr"), "PYTHONHASHSEED=0", loaders[0], "--library-path", strings.Join(libraries, ":"),
		filepath.Join(system, "usr/bin/python"+version), "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", root, packages)
	return err
}
