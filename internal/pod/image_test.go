package pod

import (
	"regexp"
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func TestDigests(t *testing.T) {
	form := regexp.MustCompile(`^(sha256:[0-9a-f]{64})?$`)
	for image, digest := range digests {
		if !form.MatchString(digest) {
			t.Errorf("%s: %q is not a digest", image, digest)
		}
		if tagged := regexp.MustCompile(`^[a-z0-9.]+/[^:@]+:[^:@]+$`); !tagged.MatchString(image) {
			t.Errorf("%q is not an image with its registry and a tag", image)
		}
	}
}

func TestImage(t *testing.T) {
	const minio = "docker.io/pgsty/minio:RELEASE.2026-08-04T00-00-00Z"
	pinned := minio + "@" + digests[minio]
	for _, c := range []struct{ image, mirror, want string }{
		{minio, "", pinned},
		{minio, "registry.example.com/mirror/", "registry.example.com/mirror/" + pinned[len("docker.io/"):]},
		{"docker.io/library/postgres:17", "", "docker.io/library/postgres:17"},
		{"docker.io/library/postgres:17", "registry.example.com", "registry.example.com/library/postgres:17"},
		{"local", "registry.example.com", "local"},
	} {
		if got := Image(c.image, workload.Environment{ImageRegistry: c.mirror}); got != c.want {
			t.Errorf("%s from %q is %s, not %s", c.image, c.mirror, got, c.want)
		}
	}
}
