package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
)

const aDigest = "sha256:14e3e9b9d2b3b4a5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d"

func TestRuntimeNames(t *testing.T) {
	for image, want := range map[string][]string{
		"busybox":                                 {"docker.io/library/busybox:latest"},
		"docker.io/pgsty/minio:R1":                {"docker.io/pgsty/minio:R1"},
		"quay.io/minio/minio@" + aDigest:          {"quay.io/minio/minio@" + aDigest},
		"pgsty/minio:R1@" + aDigest:               {"docker.io/pgsty/minio:R1", "docker.io/pgsty/minio@" + aDigest},
		"registry.example:5000/a/b:1@" + aDigest:  {"registry.example:5000/a/b:1", "registry.example:5000/a/b@" + aDigest},
		"registry.example:5000/a/index.docker.io": {"registry.example:5000/a/index.docker.io:latest"},
	} {
		got, err := runtimeNames(image)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", image, got, err, want)
		}
	}
}

func TestNamesBeside(t *testing.T) {
	for _, c := range []struct {
		image   string
		further []string
		want    []string
	}{
		{"busybox:1", nil, nil},
		{"busybox:1", []string{"b:2"}, []string{"docker.io/library/b:2"}},
		{"busybox:1@" + aDigest, nil, []string{"docker.io/library/busybox:1", "docker.io/library/busybox@" + aDigest}},
		{"my@folder/image.tar", nil, nil},
	} {
		got, err := namesBeside(c.image, c.further)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s and %q: got %q, %v, want %q", c.image, c.further, got, err, c.want)
		}
	}
}

func TestCatalogue(t *testing.T) {
	for _, entry := range catalogue {
		ref, err := name.NewTag(entry.name, name.StrictValidation)
		if err != nil || ref.TagStr() == "latest" {
			t.Errorf("%s: pods would want to pull it (%v)", entry.name, err)
		}
		for _, c := range entry.components {
			if !slices.Contains(componentNames(), c) {
				t.Errorf("%s: there is no component %s", entry.name, c)
			}
		}
	}
	if found, err := findImage("busybox:1.37"); err != nil || found.name != "docker.io/library/busybox:1.37" {
		t.Errorf("busybox:1.37 is %q, %v", found.name, err)
	}
	pinned := "busybox:1.37@sha256:" + strings.Repeat("0", 64)
	if found, err := findImage(pinned); err != nil || found.name != "docker.io/library/busybox:1.37" {
		t.Errorf("with a digest: %q, %v", found.name, err)
	}
	if _, err := findImage("busybox:1.36"); err == nil || !strings.Contains(err.Error(), "these can: ") {
		t.Errorf("busybox:1.36: %v", err)
	}
}

func TestImagesGetTheirDigests(t *testing.T) {
	file := filepath.Join(t.TempDir(), "digests.json")
	if err := os.WriteFile(file, []byte(`{"example.com/a:1": "sha256:0123", "example.com/b:1": ""}`), 0o644); err != nil {
		t.Fatal(err)
	}
	images := []string{"example.com/a:1", "example.com/b:1", "example.com/c:1", "a.tar"}
	got, err := withDigests(images, file)
	if want := []string{"example.com/a:1@sha256:0123", "example.com/b:1", "example.com/c:1", "a.tar"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, not %q", got, err, want)
	}
	if got, err := withDigests(images, ""); err != nil || !slices.Equal(got, images) {
		t.Errorf("without a file: %q, %v", got, err)
	}
}
