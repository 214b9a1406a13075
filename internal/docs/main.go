// Command docs writes docs/ from the provider's schema, templates/ and examples/ with tfplugindocs.
//
// It takes the schema from the provider itself and not through a CLI, so that the pages do not depend on what the installed version
// of Terraform or OpenTofu knows.
//
//	docs          write docs/
//	docs -check   write elsewhere, and fail when docs/ differs
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// rendered is the folder that the Terraform Registry reads.
const rendered = "docs"

// pictures is the folder in it that make screenshots writes.
const pictures = "images"

func main() {
	check := flag.Bool("check", false, "compare docs/ with what would be written instead of writing it")
	flag.Parse()
	if err := run(context.Background(), *check); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, check bool) error {
	temporary, err := os.MkdirTemp("", "docs")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)

	schemas, err := providerSchemas(ctx)
	if err != nil {
		return err
	}
	content, err := json.Marshal(schemas)
	if err != nil {
		return err
	}
	schemaFile := filepath.Join(temporary, "schema.json")
	if err := os.WriteFile(schemaFile, content, 0o600); err != nil {
		return err
	}

	// tfplugindocs takes the folder to write to relative to the provider's.
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	target := filepath.Join(here, rendered)
	if check {
		target = filepath.Join(temporary, rendered)
	}
	relative, err := filepath.Rel(here, target)
	if err != nil {
		return err
	}
	generate := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/go.mod", "tfplugindocs", "generate",
		"--providers-schema", schemaFile, "--provider-name", providerName, "--rendered-website-dir", relative)
	if out, err := generate.CombinedOutput(); err != nil {
		return fmt.Errorf("tfplugindocs: %w\n%s", err, out)
	}
	if !check {
		return nil
	}
	return compare(rendered, target)
}

// compare returns an error that lists the files in which the folders differ.
func compare(have, want string) error {
	a, err := files(have)
	if err != nil {
		return err
	}
	b, err := files(want)
	if err != nil {
		return err
	}
	var stale []string
	for name, content := range b {
		if old, there := a[name]; !there || old != content {
			stale = append(stale, name)
		}
	}
	for name := range a {
		if _, wanted := b[name]; !wanted {
			stale = append(stale, name)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	slices.Sort(stale)
	return fmt.Errorf("%s is stale, run make docs: %s", have, strings.Join(stale, ", "))
}

// files returns the contents of all files of a folder by their path in it, without pictures. A folder that does not exist has none.
func files(dir string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name == pictures:
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		content, err := os.ReadFile(path)
		out[name] = string(content)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}
