//go:build linux

package main

import (
	"path/filepath"
	"testing"
)

// TestLoadedLast looks at when an archive need not be loaded again: not once another
// one has given its image the same name.
func TestLoadedLast(t *testing.T) {
	t.Setenv("ANALYTICS_CACHE", t.TempDir())
	images, err := cacheDir("images")
	if err != nil {
		t.Fatal(err)
	}
	c := embedded{dir: t.TempDir()}
	first, second, foreign := filepath.Join(images, "a-1.tar"), filepath.Join(images, "a-2.tar"), filepath.Join(t.TempDir(), "a.tar")
	for _, step := range []struct {
		loads string
		names []string
		there string
	}{
		{first, []string{"docker.io/library/a:1"}, first},
		{second, []string{"docker.io/library/a:1"}, second},
		{first, []string{"docker.io/library/a:1"}, first},
		{foreign, []string{"docker.io/library/a:1"}, ""}, // it may be another one the next time
		{first, []string{"docker.io/library/a:1", "docker.io/library/b:1"}, first},
		{second, []string{"docker.io/library/b:1"}, first},
	} {
		if err := c.noteLoaded(step.loads, step.names); err != nil {
			t.Fatal(err)
		}
		for _, archive := range []string{first, second, foreign} {
			want := archive == step.there
			if got := c.loadedLast(archive, []string{"docker.io/library/a:1"}); got != want {
				t.Errorf("after %s was loaded as %v: %s counts as loaded: %t", step.loads, step.names, archive, got)
			}
		}
	}
	if c.loadedLast(first, []string{"docker.io/library/a:1", "docker.io/library/b:1"}) {
		t.Error("an archive of two images counts as loaded, one of which is another one")
	}
}
