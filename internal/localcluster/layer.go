package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// file is one file of an image: a copy of the file or folder source, or
// content, or a symbolic link, or an empty folder.
type file struct {
	path    string // in the image, absolute
	source  string
	content string
	link    string
	dir     bool
	mode    int64 // 0: as the source has it, else 0644
}

// layer packs files. The same files give the same bytes: nothing of it depends
// on the time, the user or the order.
func layer(files []file) (v1.Layer, error) {
	entries, err := expand(files)
	if err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { w.CloseWithError(writeTar(w, entries)) }()
		return r, nil
	}, tarball.WithCompressedCaching)
}

// treeLayer packs a folder of the cache that is named after its content, once.
func treeLayer(tree string) (v1.Layer, error) {
	packed := tree + ".tar.gz"
	if !exists(packed) {
		entries, err := expand([]file{{path: "/", source: tree}})
		if err != nil {
			return nil, err
		}
		tmp, err := os.CreateTemp(filepath.Dir(packed), ".new-")
		if err != nil {
			return nil, err
		}
		defer os.Remove(tmp.Name()) //nolint:errcheck // it was renamed when all went well
		defer tmp.Close()           //nolint:errcheck // checked below when all went well
		zipped, err := gzip.NewWriterLevel(tmp, gzip.BestSpeed)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(writeTar(zipped, entries), zipped.Close(), tmp.Close()); err != nil {
			return nil, err
		}
		if err := os.Rename(tmp.Name(), packed); err != nil {
			return nil, err
		}
	}
	return tarball.LayerFromFile(packed)
}

// entry is a header of the layer and where its bytes come from.
type entry struct {
	header  tar.Header
	source  string
	content string
}

// expand lists every file, folder and link of a layer, parents first. Of two
// files of the same path the first one counts.
func expand(files []file) ([]entry, error) {
	byName := map[string]entry{}
	put := func(e entry) {
		if _, ok := byName[e.header.Name]; !ok {
			byName[e.header.Name] = e
		}
	}
	folder := func(name string, mode int64) {
		put(entry{header: tar.Header{Typeflag: tar.TypeDir, Name: strings.Trim(name, "/") + "/", Mode: mode}})
	}
	for _, f := range append(slices.Clone(files), file{path: "/tmp", dir: true, mode: 0o1777}) {
		name := strings.TrimPrefix(path.Clean(f.path), "/")
		switch {
		case f.dir:
			folder(name, f.mode)
		case f.link != "":
			put(entry{header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: f.link, Mode: 0o777}})
		case f.source == "":
			mode := f.mode
			if mode == 0 {
				mode = 0o644
			}
			put(entry{header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(f.content))}, content: f.content})
		default:
			if err := expandSource(f, name, put, folder); err != nil {
				return nil, err
			}
		}
	}
	for name := range byName {
		for dir := path.Dir(strings.TrimSuffix(name, "/")); dir != "."; dir = path.Dir(dir) {
			folder(dir, 0o755)
		}
	}
	entries := make([]entry, 0, len(byName))
	for _, e := range byName {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.header.Name, b.header.Name) })
	return entries, nil
}

func expandSource(f file, name string, put func(entry), folder func(string, int64)) error {
	root, err := filepath.EvalSymlinks(f.source)
	if err != nil {
		return err
	}
	return filepath.Walk(root, func(p string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		target := path.Join(name, filepath.ToSlash(rel))
		if target == "." { // the image's root, which is there
			return nil
		}
		mode := int64(info.Mode().Perm())
		switch {
		case info.IsDir():
			folder(target, mode)
		case info.Mode()&os.ModeSymlink != 0:
			link, err := os.Readlink(p)
			if err != nil {
				return err
			}
			put(entry{header: tar.Header{Typeflag: tar.TypeSymlink, Name: target, Linkname: link, Mode: 0o777}})
		case info.Mode().IsRegular():
			if f.mode != 0 {
				mode = f.mode
			}
			put(entry{header: tar.Header{Typeflag: tar.TypeReg, Name: target, Mode: mode, Size: info.Size()}, source: p})
		default:
			return fmt.Errorf("%s is no file that an image can hold", p)
		}
		return nil
	})
}

func writeTar(w io.Writer, entries []entry) error {
	tw := tar.NewWriter(w)
	for _, e := range entries {
		if err := tw.WriteHeader(&e.header); err != nil {
			return err
		}
		if e.source == "" {
			if _, err := io.WriteString(tw, e.content); err != nil {
				return err
			}
			continue
		}
		if err := copyFile(tw, e.source); err != nil {
			return err
		}
	}
	return tw.Close()
}

func copyFile(w io.Writer, source string) error {
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	_, err = io.Copy(w, f)
	return err
}
