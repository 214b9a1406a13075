package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// assemble gives the archive of an image, made of files on this machine. Its
// file name holds a hash of all that is in it.
func (i catalogueEntry) assemble(ctx context.Context) (string, error) {
	built, err := buildAll(ctx, i.components)
	if err != nil {
		return "", err
	}
	files, err := i.files(built)
	if err != nil {
		return "", fmt.Errorf("assembling %s: %w", i.name, err)
	}
	var trees []string
	for _, unpack := range i.trees {
		tree, err := unpack(ctx)
		if err != nil {
			return "", fmt.Errorf("assembling %s: %w", i.name, err)
		}
		trees = append(trees, tree)
	}
	key, err := i.key(files, trees)
	if err != nil {
		return "", fmt.Errorf("assembling %s: %w", i.name, err)
	}
	dir, err := cacheDir("images")
	if err != nil {
		return "", err
	}
	archive := filepath.Join(dir, fileName(i.name)+"-"+key+".tar")
	if exists(archive) {
		return archive, nil
	}
	var layers []v1.Layer
	for _, tree := range trees {
		packed, err := treeLayer(tree)
		if err != nil {
			return "", fmt.Errorf("assembling %s: %w", i.name, err)
		}
		layers = append(layers, packed)
	}
	packed, err := layer(files)
	if err != nil {
		return "", fmt.Errorf("assembling %s: %w", i.name, err)
	}
	img, err := mutate.AppendLayers(empty.Image, append(layers, packed)...)
	if err != nil {
		return "", err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return "", err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	config.Config = i.config
	if config.Config.Env = i.config.Env; !slices.ContainsFunc(i.config.Env, isPath) {
		config.Config.Env = append([]string{"PATH=" + systemPath}, i.config.Env...)
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return "", err
	}
	if err := writeArchive(archive, i.name, img); err != nil {
		return "", fmt.Errorf("assembling %s: %w", i.name, err)
	}
	progress("assembled %s", i.name)
	return archive, nil
}

// key is a hash of the image's settings, of the names of its trees, which are
// hashes themselves, and of every byte of its other files.
func (i catalogueEntry) key(files []file, trees []string) (string, error) {
	entries, err := expand(files)
	if err != nil {
		return "", err
	}
	settings, err := json.Marshal(i.config)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s\n", i.name, runtime.GOARCH, settings)
	for _, tree := range trees {
		fmt.Fprintln(h, filepath.Base(tree))
	}
	if err := writeTar(h, entries); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

func isPath(variable string) bool { return strings.HasPrefix(variable, "PATH=") }

// writeArchive writes an image as "docker save" does, whole or not at all.
func writeArchive(path, image string, img v1.Image) error {
	ref, err := name.ParseReference(image)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // it was renamed when all went well
	defer tmp.Close()           //nolint:errcheck // checked below when all went well
	if err := tarball.Write(ref, img, tmp); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// fileName turns an image's name into one that a file can have.
func fileName(image string) string {
	return strings.NewReplacer("/", "_", ":", "_", "@", "_").Replace(image)
}
