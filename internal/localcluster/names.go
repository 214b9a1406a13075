package main

import (
	"io"
	"os"
	"path"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// archiveNames are the names of the images in an archive, as the container
// runtime writes them.
func archiveNames(archive string) ([]string, error) {
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(archive) })
	if err != nil {
		return nil, err
	}
	var names []string
	for _, image := range manifest {
		for _, tag := range image.RepoTags {
			more, err := runtimeNames(tag)
			if err != nil {
				return nil, err
			}
			names = append(names, more...)
		}
	}
	return names, nil
}

// runtimeNames are the names by which the container runtime finds an image that
// a pod calls by the given one: written out, and of a name with both a tag and
// a digest one for each.
func runtimeNames(image string) ([]string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, err
	}
	full := func(r name.Reference) string {
		return strings.Replace(r.Name(), name.DefaultRegistry+"/", "docker.io/", 1)
	}
	names := []string{full(ref)}
	// A colon after the last slash begins a tag, before it a port.
	if before, _, ok := strings.Cut(image, "@"); ok && strings.Contains(path.Base(before), ":") {
		tag, err := name.NewTag(before)
		if err != nil {
			return nil, err
		}
		names = append([]string{full(tag)}, names...)
	}
	return names, nil
}
