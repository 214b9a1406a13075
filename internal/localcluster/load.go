//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// load gives an image archive to the node. A pod that uses it must not want to
// pull: a tag other than "latest" is enough for that.
func (c embedded) load(ctx context.Context, archive string, names []string) error {
	if c.nodePID() == 0 {
		return fmt.Errorf("cluster %d does not run: start it with up", c.id)
	}
	profile, err := c.profile()
	if err != nil {
		return err
	}
	if profile == profileAPI {
		progress("%s is not loaded: no container runs in a cluster of profile %q", filepath.Base(archive), profileAPI)
		return nil
	}
	stored, err := archiveNames(archive)
	if err != nil {
		return fmt.Errorf("reading %s: %w", archive, err)
	}
	built, err := buildAll(ctx, []string{"containerd"})
	if err != nil {
		return err
	}
	listed, err := c.ctr(ctx, built, "images", "list", "--quiet")
	if err != nil {
		return err
	}
	present := strings.Fields(listed)
	lacks := func(n string) bool { return !slices.Contains(present, n) }

	if !c.loadedLast(archive, stored) || slices.ContainsFunc(stored, lacks) {
		if _, err := c.ctr(ctx, built, "images", "import", archive); err != nil {
			return fmt.Errorf("loading %s: %w", archive, err)
		}
		if err := c.noteLoaded(archive, stored); err != nil {
			return err
		}
		progress("loaded %s", strings.Join(stored, ", "))
	}
	if len(names) > 0 && len(stored) == 0 {
		return fmt.Errorf("%s names no image that could get further names", archive)
	}
	for _, n := range names {
		if _, err := c.ctr(ctx, built, "images", "tag", "--force", stored[0], n); err != nil {
			return fmt.Errorf("naming %s %s: %w", stored[0], n, err)
		}
		if err := c.noteLoaded(archive, []string{n}); err != nil {
			return err
		}
		progress("named it %s", n)
	}
	return nil
}

// marker is a file that names the archive which an image was loaded from last.
func (c embedded) marker(image string) string { return c.path("loaded", fileName(image)) }

// loadedLast reports whether all images of an archive are there as it has them.
func (c embedded) loadedLast(archive string, images []string) bool {
	return len(images) > 0 && !slices.ContainsFunc(images, func(image string) bool {
		last, err := os.ReadFile(c.marker(image))
		return err != nil || string(last) != archive
	})
}

// noteLoaded remembers an archive of the cache, which never changes, so that it need not be loaded again. Whatever else was loaded is
// loaded each time.
func (c embedded) noteLoaded(archive string, images []string) error {
	cache, err := cacheDir("images")
	if err != nil {
		return err
	}
	if filepath.Dir(archive) != cache {
		archive = ""
	}
	for _, image := range images {
		if err := os.MkdirAll(filepath.Dir(c.marker(image)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(c.marker(image), []byte(archive), 0o644); err != nil {
			return err
		}
	}
	return nil
}
