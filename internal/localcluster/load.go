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

	// Archives of the cache never change: what was loaded need not be again.
	marker := c.path("loaded", filepath.Base(archive))
	if !exists(marker) || slices.ContainsFunc(stored, lacks) {
		if _, err := c.ctr(ctx, built, "images", "import", archive); err != nil {
			return fmt.Errorf("loading %s: %w", archive, err)
		}
		if cache, err := cacheDir("images"); err == nil && filepath.Dir(archive) == cache {
			if err := os.MkdirAll(filepath.Dir(marker), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(marker, nil, 0o644); err != nil {
				return err
			}
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
		progress("named it %s", n)
	}
	return nil
}
