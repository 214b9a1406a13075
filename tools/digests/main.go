// Command digests writes the digests of images to a JSON file, which has the images as keys: those that their registries have
// now for images without one. A digest that is known stays, so that nothing changes but the images.
//
//	digests [-check] FILE
//
// With -check it writes nothing, and fails where a digest is missing or where the registry does not have it any more.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	check := flag.Bool("check", false, "fail where a digest is missing or is not that of an image any more")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: digests [-check] FILE")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := fill
	if *check {
		run = verify
	}
	if err := run(ctx, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "digests:", err)
		os.Exit(1)
	}
}

// fill writes the digests that are missing, once it has all of them.
func fill(ctx context.Context, file string) error {
	digests, err := read(file)
	if err != nil {
		return err
	}
	var errs []error
	for _, image := range slices.Sorted(maps.Keys(digests)) {
		if digests[image] != "" {
			continue
		}
		digest, err := ask(ctx, image)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", image, err))
			continue
		}
		digests[image] = digest
		fmt.Println(image + "@" + digest)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	text, err := json.MarshalIndent(digests, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// verify asks for the image of each digest.
func verify(ctx context.Context, file string) error {
	digests, err := read(file)
	if err != nil {
		return err
	}
	var errs []error
	for _, image := range slices.Sorted(maps.Keys(digests)) {
		if digests[image] == "" {
			errs = append(errs, fmt.Errorf("%s has no digest: run make digests", image))
		} else if _, err := ask(ctx, image+"@"+digests[image]); err != nil {
			errs = append(errs, fmt.Errorf("%s@%s: %w", image, digests[image], err))
		}
	}
	return errors.Join(errs...)
}

func read(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var digests map[string]string
	if err := json.Unmarshal(text, &digests); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return digests, nil
}

// ask returns the digest of what a registry has by that name: for an image of several platforms that of the index of them, which
// is right on all.
func ask(ctx context.Context, image string) (string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", err
	}
	found, err := remote.Head(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return "", err
	}
	return found.Digest.String(), nil
}
