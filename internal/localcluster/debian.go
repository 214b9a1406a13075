package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// unwanted are parts of Debian's packages that no image needs: documentation,
// translations, what Postgres compiles queries with, and Perl, which git and the
// packages' own scripts depend on.
var unwanted = []string{
	"./usr/share/doc", "./usr/share/man", "./usr/share/info", "./usr/share/locale", "./usr/share/lintian",
	"./usr/share/perl", "./usr/share/perl5", "./usr/lib/*/perl", "./usr/lib/*/perl5", "./usr/lib/*/perl-base", "./usr/lib/*/libperl.so*",
	"./usr/lib/python3.*/EXTERNALLY-MANAGED", "./usr/lib/*/libLLVM*", "./usr/lib/llvm-*", "./usr/lib/postgresql/*/lib/bitcode", "./usr/lib/postgresql/*/lib/llvmjit*",
}

// Releases of Debian that images are made of.
const (
	bookworm = "bookworm"
	trixie   = "trixie"
)

// debianTree gives a folder with packages of a release of Debian and all that they
// depend on. They are unpacked and not installed, so this machine stays as it is,
// and no script of theirs runs. The folder is named after the packages' versions.
func debianTree(ctx context.Context, release string, packages ...string) (string, error) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "", fmt.Errorf("there is no apt-get to take %s from", strings.Join(packages, ", "))
	}
	apt, err := aptOf(ctx, release)
	if err != nil {
		return "", err
	}
	list, err := apt.install(ctx, packages, "--print-uris")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(release + list + strings.Join(unwanted, " ")))
	return cachedTree(ctx, "debian", hex.EncodeToString(sum[:])[:16], strings.Join(packages, " "), func(root string) error {
		archives := root + ".archives"
		defer os.RemoveAll(archives)
		if err := os.MkdirAll(filepath.Join(archives, "partial"), 0o755); err != nil {
			return err
		}
		if _, err := apt.install(ctx, packages, "--download-only", "-o", "Dir::Cache::archives="+archives); err != nil {
			return err
		}
		return unpackDebian(ctx, archives, root)
	})
}

// apt asks apt-get about a release as if nothing were installed yet, and without a
// trace on this machine.
type apt struct{ options []string }

// debianMirror is the one that the user names, else the one that this machine gets
// its own packages from.
func debianMirror(ctx context.Context) (string, error) {
	if mirror := os.Getenv("ANALYTICS_DEBIAN_MIRROR"); mirror != "" {
		return strings.TrimSuffix(mirror, "/"), nil
	}
	list, err := runCommand(ctx, nil, "apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
	if err != nil {
		return "", err
	}
	return mirrorOf(list)
}

// mirrorOf finds the mirror among the URIs of repositories.
func mirrorOf(list string) (string, error) {
	for line := range strings.Lines(list) {
		if mirror, found := strings.CutSuffix(strings.TrimSuffix(strings.TrimSpace(line), "/"), "/debian"); found {
			return mirror, nil
		}
	}
	return "", errors.New("this machine gets no packages from a mirror of Debian: name one in ANALYTICS_DEBIAN_MIRROR, such as http://mirror.example.com")
}

func aptOf(ctx context.Context, release string) (apt, error) {
	dir, err := cacheDir("apt", release)
	if err != nil {
		return apt{}, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "lists", "partial"), 0o755); err != nil {
		return apt{}, err
	}
	mirror, err := debianMirror(ctx)
	if err != nil {
		return apt{}, err
	}
	var sources strings.Builder
	for _, source := range []string{"debian " + release, "debian " + release + "-updates", "debian-security " + release + "-security"} {
		sources.WriteString("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " + mirror + "/" + source + " main\n")
	}
	file := filepath.Join(dir, "sources.list")
	if err := writeWhole(file, []byte(sources.String())); err != nil { // another apt-get may read it
		return apt{}, err
	}
	return apt{[]string{
		"-o", "Dir::Etc::sourcelist=" + file, "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "Dir::Etc::preferencesparts=/dev/null",
		"-o", "Dir::State::lists=" + filepath.Join(dir, "lists"), "-o", "Dir::State::status=/dev/null",
		"-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", "-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1",
	}}, nil
}

func (a apt) install(ctx context.Context, packages []string, options ...string) (string, error) {
	args := slices.Concat(a.options, []string{"install", "-qq", "-y", "--no-install-recommends"}, options, packages)
	out, err := runCommand(ctx, nil, "apt-get", args...)
	if err == nil {
		return out, nil
	}
	// The lists of packages may never have been fetched, or name what a mirror has no more.
	unlock, err := lock(ctx, "apt", "another look for packages")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := runCommand(ctx, nil, "apt-get", append(slices.Clone(a.options), "update", "-qq")...); err != nil {
		return "", err
	}
	return runCommand(ctx, nil, "apt-get", args...)
}

func unpackDebian(ctx context.Context, archives, root string) error {
	// Packages of today put their programs into /usr, and some still into the folders beside it.
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.MkdirAll(filepath.Join(root, "usr", dir), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("usr/"+dir, filepath.Join(root, dir)); err != nil {
			return err
		}
	}
	files, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return err
	}
	var exclude strings.Builder
	for _, pattern := range unwanted {
		exclude.WriteString(" --exclude='" + pattern + "'")
	}
	for _, file := range files {
		// dpkg-deb's own --extract would replace the links by folders.
		command := `dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --no-same-owner --keep-directory-symlink --wildcards` + exclude.String()
		if _, err := runCommand(ctx, nil, "bash", "-o", "pipefail", "-c", command, "bash", file, root); err != nil {
			return err
		}
	}
	// What the packages' scripts would have made.
	shell := filepath.Join(root, "bin", "sh")
	if !exists(shell) {
		if err := os.Symlink("bash", shell); err != nil {
			return err
		}
	}
	return compilePython(ctx, root)
}

// compilePython compiles Python's standard library, by the tree's own Python. A
// read-only root could not keep what a program compiles itself.
func compilePython(ctx context.Context, root string) error {
	libraries, err := filepath.Glob(filepath.Join(root, "usr/lib/python3.*"))
	if err != nil {
		return err
	}
	for _, library := range libraries {
		version := filepath.Base(library)
		_, err := runCommand(ctx, nil, "chroot", root, "/usr/bin/"+version, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/usr/lib/"+version)
		if err != nil {
			return err
		}
	}
	return nil
}

// cachedTree gives the folder of that kind and key in the cache, and has it filled
// where it is not there yet. It is there whole or not at all.
func cachedTree(ctx context.Context, kind, key, what string, fill func(root string) error) (string, error) {
	parent, err := cacheDir("trees")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(parent, kind+"-"+key)
	if exists(dir) {
		return dir, nil
	}
	unlock, err := lock(ctx, "trees-"+kind, "another image")
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) {
		return dir, nil
	}
	progress("unpacking %s", what)
	begin := time.Now()
	tmp, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	if err := fill(tmp); err != nil {
		return "", fmt.Errorf("unpacking %s: %w", what, err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return "", err
	}
	progress("unpacked %s in %s", what, time.Since(begin).Round(time.Second))
	return dir, nil
}
