package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tree makes a folder with a program, a link to it and a file below.
func tree(t *testing.T, when time.Time) string {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"program": 0o755, "below/data": 0o640} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("program", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func pack(t *testing.T, files []file) []byte {
	t.Helper()
	entries, err := expand(files)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := writeTar(&out, entries); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestLayerHoldsWhatItWasGiven(t *testing.T) {
	files := []file{
		{path: "/opt/tree", source: tree(t, time.Now())},
		{path: "/etc/passwd", content: "root"},
		{path: "/etc/passwd", content: "the first one counts"},
		{path: "/bin/run", content: "#!", mode: 0o755},
		{path: "/bin/sh", link: "/bin/run"},
		{path: "/data", dir: true, mode: 0o777},
	}
	var got []string
	r := tar.NewReader(bytes.NewReader(pack(t, files)))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(time.Unix(0, 0)) {
			t.Errorf("%s belongs to %d:%d and is of %s", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		got = append(got, strings.TrimSpace(h.FileInfo().Mode().String()+" "+h.Name+" "+h.Linkname+string(data)))
	}
	want := []string{
		"drwxr-xr-x bin/", "-rwxr-xr-x bin/run #!", "Lrwxrwxrwx bin/sh /bin/run",
		"drwxrwxrwx data/", "drwxr-xr-x etc/", "-rw-r--r-- etc/passwd root",
		"drwxr-xr-x opt/", "drwxr-xr-x opt/tree/", "drwxr-xr-x opt/tree/below/", "-rw-r----- opt/tree/below/data below/data",
		"Lrwxrwxrwx opt/tree/link program", "-rwxr-xr-x opt/tree/program program", "dtrwxrwxrwx tmp/",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLayerIsTheSameForTheSameFiles(t *testing.T) {
	one := []file{{path: "/a", source: tree(t, time.Now())}, {path: "/b", content: "b"}}
	two := []file{{path: "/b", content: "b"}, {path: "/a", source: tree(t, time.Unix(1e9, 0))}}
	if !bytes.Equal(pack(t, one), pack(t, two)) {
		t.Error("order and time of the files change the layer")
	}
	two[0].content = "c"
	if bytes.Equal(pack(t, one), pack(t, two)) {
		t.Error("other content gives the same layer")
	}
}

func TestTreeIsPackedOnce(t *testing.T) {
	dir := tree(t, time.Now())
	first, err := treeLayer(dir)
	if err != nil {
		t.Fatal(err)
	}
	content, err := first.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	if want := pack(t, []file{{path: "/", source: dir}}); !bytes.Equal(got, want) {
		t.Errorf("the layer has %d bytes, not the %d of the tree", len(got), len(want))
	}
	// The folder's name stands for its content, so it is not read again.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	second, err := treeLayer(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, errA := first.Digest()
	b, errB := second.Digest()
	if errA != nil || errB != nil || a != b {
		t.Errorf("packed again: %s, %v; %s, %v", a, errA, b, errB)
	}
}
