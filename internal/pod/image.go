package pod

import (
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// digestsFile has the digest of each default image whose tag names one build of one version, "" where none is known. Tags that
// promise the newest patch of a version, such as postgres:17, are not in it.
//
//go:embed digests.json
var digestsFile []byte

var digests = func() map[string]string {
	var out map[string]string
	if err := json.Unmarshal(digestsFile, &out); err != nil {
		// It is part of the program, and a test reads it.
		panic(err)
	}
	return out
}()

// Pinned adds its digest to a default image, where it is known: the same version of the provider runs the very same image
// for ever.
func Pinned(image string) string {
	if digest := digests[image]; digest != "" {
		return image + "@" + digest
	}
	return image
}

// Image is a default image as it is run: pinned, and from the provider's mirror where there is one.
func Image(image string, env workload.Environment) string {
	image = Pinned(image)
	if env.ImageRegistry == "" {
		return image
	}
	_, rest, found := strings.Cut(image, "/")
	if !found {
		return image
	}
	return strings.TrimSuffix(env.ImageRegistry, "/") + "/" + rest
}
