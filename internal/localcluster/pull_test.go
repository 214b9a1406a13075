package main

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func TestPull(t *testing.T) {
	t.Setenv("ANALYTICS_CACHE", t.TempDir())
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	image := host + "/team/tool:1"
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	img, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}

	for asked, want := range map[string]string{
		image:                                  image,
		image + "@" + digest.String():          image,
		host + "/team/tool@" + digest.String(): host + "/team/tool:pinned",
	} {
		archive, err := imageArchive(t.Context(), asked, false)
		if err != nil {
			t.Fatal(err)
		}
		if names, err := archiveNames(archive); err != nil || !slices.Equal(names, []string{want}) {
			t.Errorf("%s: the archive has %q, %v, not %q", asked, names, err, want)
		}
	}
	if _, err := imageArchive(t.Context(), host+"/team/tool:2", false); err == nil || !strings.Contains(err.Error(), "could not be pulled") {
		t.Errorf("a tag that is not there: %v", err)
	}

	server.Close()
	if archive, err := imageArchive(t.Context(), image, false); err != nil || !exists(archive) {
		t.Errorf("what was pulled before: %v", err)
	}
	for _, c := range []struct {
		retry bool
		want  string
	}{{false, "cannot be reached"}, {false, "--retry-pull asks it again"}, {true, "cannot be reached"}} {
		if _, err := imageArchive(t.Context(), host+"/team/tool:3", c.retry); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("a registry that is gone: %v, not %q", err, c.want)
		}
	}
	if _, err := imageArchive(t.Context(), "absent.tar", false); !os.IsNotExist(err) {
		t.Errorf("an archive that is not there: %v", err)
	}
}
