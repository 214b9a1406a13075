package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// builds holds, by component, the folders of the programs that were built.
type builds map[string]string

// program is the path of a component's program.
func (b builds) program(component, program string) string {
	return filepath.Join(b[component], program)
}

// buildAll builds the named components, as far as the cache lacks them.
func buildAll(ctx context.Context, names []string) (builds, error) {
	if len(names) == 0 {
		return nil, nil
	}
	version, err := goVersion(ctx)
	if err != nil {
		return nil, err
	}
	built := builds{}
	for _, name := range names {
		i := slices.IndexFunc(components, func(c component) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no component %q; there are: %s", name, strings.Join(componentNames(), ", "))
		}
		if built[name], err = components[i].build(ctx, version); err != nil {
			return nil, err
		}
	}
	return built, nil
}

// build gives the folder of the component's programs. Its name is made of all
// that decides what they are, so a changed component is built anew and no other.
func (c component) build(ctx context.Context, goVersion string) (string, error) {
	all := filepath.Join(sourceDir(), "components")
	module := all
	if c.alone {
		module = filepath.Join(all, c.name)
	}
	key, err := c.key(all, goVersion)
	if err != nil {
		return "", err
	}
	parent, err := cacheDir("build", c.name)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(parent, key)
	if exists(dir) {
		return dir, nil
	}
	unlock, err := lock(ctx, "build", "another build")
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) {
		return dir, nil
	}
	if err := enoughSpace(ctx, parent); err != nil {
		return "", err
	}
	if c.note == "" {
		progress("building %s", c.name)
	} else {
		progress("building %s (%s)", c.name, c.note)
	}
	begin := time.Now()

	// Whole or not at all: a build that was interrupted leaves only this folder.
	tmp, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	// Without -trimpath, so that what the tests compile too is compiled once.
	args := []string{"build", "-buildvcs=false", "-tags", c.tags, "-ldflags", strings.TrimSpace("-s -w " + c.ldflags), "-o", tmp + "/"}
	cmd := exec.CommandContext(ctx, "go", append(args, c.packages...)...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	cmd.WaitDelay = outputDelay
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("building %s was interrupted: %w", c.name, ctx.Err())
		}
		return "", fmt.Errorf("building %s: %w%s\n%s", c.name, err, remedy(out.String()), lastLines(out.String(), 30))
	}
	for _, link := range c.links {
		if err := os.Symlink(c.name, filepath.Join(tmp, link)); err != nil {
			return "", err
		}
	}
	if c.finish != nil {
		if err := c.finish(module, tmp); err != nil {
			return "", fmt.Errorf("building %s: %w", c.name, err)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return "", err
	}
	progress("built %s in %s", c.name, time.Since(begin).Round(time.Second))
	return dir, nil
}

// key names what is built: it changes with the component's files, with the
// versions in its go.mod, with the way it is built, and with Go. The folder holds
// all components.
func (c component) key(all, goVersion string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s/%s %q %q %q %q\n", goVersion, runtime.GOOS, runtime.GOARCH, c.packages, c.ldflags, c.tags, c.links)
	if c.finish != nil {
		fmt.Fprintf(h, "%q\n", stages)
	}
	own := filepath.Join(all, c.name)
	files := []string{}
	if !c.alone {
		files = append(files, filepath.Join(all, "go.mod"), filepath.Join(all, "go.sum"))
	}
	err := filepath.WalkDir(own, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case path == own && errors.Is(err, fs.ErrNotExist): // it is others' code alone
			return nil
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return fs.SkipDir
		case entry.IsDir() || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files = append(files, path)
		return nil
	})
	if err != nil {
		return "", err
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		rel, err := filepath.Rel(all, path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %x\n", rel, sha256.Sum256(data))
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// goVersion is the version of Go that builds the components.
func goVersion(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	cmd.Dir = sourceDir()
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("go is not on PATH: the cluster's programs are built with it")
	}
	return strings.TrimSpace(string(out)), err
}

// remedy says what can be done about a failed build, as far as its output tells.
func remedy(output string) string {
	for _, r := range []struct{ sign, remedy string }{
		{"no space left on device", "the disk is full"},
		{"signal: killed", "the system ended the compiler, most likely for want of memory: 4 GB are enough"},
		{"checksum mismatch", "a module is not the one that was pinned: do not use it, and find out where it comes from"},
		{"dial tcp", "modules could not be downloaded: check the network, and the settings GOPROXY and HTTPS_PROXY"},
		{"proxyconnect", "modules could not be downloaded through the proxy that HTTPS_PROXY names"},
		{"requires go >= ", "Go is too old, and GOTOOLCHAIN keeps it from fetching the version that is needed"},
	} {
		if strings.Contains(output, r.sign) {
			return ": " + r.remedy
		}
	}
	return ""
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
