package main

import (
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push gives a registry an image of two platforms, and returns its digest.
func push(t *testing.T, image string) string {
	t.Helper()
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	index, err := random.Index(100, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

func write(t *testing.T, file string, digests map[string]string) {
	t.Helper()
	text, err := json.Marshal(digests)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDigests(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	a, b, absent := host+"/team/a:1", host+"/team/b:2", host+"/team/c:3"
	old, digest := push(t, a), push(t, b)
	if push(t, a) == old {
		t.Fatal("a tag that moved has the digest that it had")
	}
	file := filepath.Join(t.TempDir(), "digests.json")

	write(t, file, map[string]string{a: old, b: ""})
	if err := verify(t.Context(), file); err == nil || err.Error() != b+" has no digest: run make digests" {
		t.Errorf("a digest is missing: %v", err)
	}
	if err := fill(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if found, err := read(file); err != nil || !maps.Equal(found, map[string]string{a: old, b: digest}) {
		t.Errorf("written: %v (%v)", found, err)
	}
	if err := verify(t.Context(), file); err != nil {
		t.Errorf("all are there: %v", err)
	}

	gone := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}.String()
	write(t, file, map[string]string{a: gone, b: digest})
	if err := verify(t.Context(), file); err == nil || !strings.Contains(err.Error(), a+"@"+gone) || strings.Contains(err.Error(), b) {
		t.Errorf("a digest that the registry does not have: %v", err)
	}

	unfilled := map[string]string{absent: "", b: ""}
	write(t, file, unfilled)
	if err := fill(t.Context(), file); err == nil || !strings.Contains(err.Error(), absent) {
		t.Errorf("an image that the registry does not have: %v", err)
	}
	if found, err := read(file); err != nil || !maps.Equal(found, unfilled) {
		t.Errorf("written although one is missing: %v (%v)", found, err)
	}
}
