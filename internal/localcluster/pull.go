package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const (
	// A registry that does not answer so soon is taken for out of reach, and
	// not asked again for a while.
	registryTimeout = 5 * time.Second
	unreachableFor  = time.Hour
)

// imageArchive finds the archive of an image: the file of that name, or the
// image of that name, pulled where its registry can be reached and otherwise
// assembled.
func imageArchive(ctx context.Context, image string, retry bool) (string, error) {
	if strings.HasSuffix(image, ".tar") {
		_, err := os.Stat(image)
		return image, err
	}
	archive, pullErr := pull(ctx, image, retry)
	if pullErr == nil {
		return archive, nil
	}
	entry, err := findImage(image)
	if err != nil {
		return "", fmt.Errorf("%s could not be pulled (%w), and %w", image, pullErr, err)
	}
	return entry.assemble(ctx)
}

// pull gives the archive of an image from its registry.
func pull(ctx context.Context, image string, retry bool) (string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", err
	}
	dir, err := cacheDir("images")
	if err != nil {
		return "", err
	}
	archive := filepath.Join(dir, "pulled-"+fileName(image)+".tar")
	if exists(archive) {
		return archive, nil
	}
	registry := ref.Context().RegistryStr()
	unreachable := filepath.Join(dir, "unreachable-"+fileName(registry))
	if st, err := os.Stat(unreachable); err == nil && !retry && time.Since(st.ModTime()) < unreachableFor {
		return "", fmt.Errorf("%s did not answer at %s; --retry-pull asks it again", registry, st.ModTime().Format(time.TimeOnly))
	}
	if err := reach(ctx, ref.Context().Registry); err != nil {
		return "", errors.Join(fmt.Errorf("%s cannot be reached: %w", registry, err), os.WriteFile(unreachable, nil, 0o644))
	}
	img, err := remote.Image(ref,
		remote.WithContext(ctx),
		remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}))
	if err != nil {
		return "", err
	}
	stored, err := archiveName(image)
	if err != nil {
		return "", err
	}
	if err := writeArchive(archive, stored, img); err != nil {
		return "", err
	}
	progress("pulled %s", image)
	return archive, nil
}

// reach asks a registry whether it is one.
func reach(ctx context.Context, registry name.Registry) error {
	ctx, cancel := context.WithTimeout(ctx, registryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, registry.Scheme()+"://"+registry.RegistryStr()+"/v2/", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only the status matters
	switch resp.StatusCode {
	case http.StatusOK, http.StatusUnauthorized:
		return nil
	}
	return fmt.Errorf("it answers %s", resp.Status)
}

// archiveName is the name that an image has in its archive, which must be one
// with a tag.
func archiveName(image string) (string, error) {
	names, err := runtimeNames(image)
	if err != nil {
		return "", err
	}
	if before, _, digest := strings.Cut(names[0], "@"); digest {
		return before + ":pinned", nil
	}
	return names[0], nil
}
