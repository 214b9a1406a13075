package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// programWithLibraries is a program of this machine with the shared libraries
// and the loader that it needs, all at their places.
func programWithLibraries(program string) ([]file, error) {
	files := []file{{path: program, source: program}}
	seen := map[string]bool{}
	queue := []string{program}
	for len(queue) > 0 {
		loader, libraries, err := linkedTo(queue[0])
		if err != nil {
			return nil, err
		}
		queue = queue[1:]
		if loader != "" && !seen[loader] {
			seen[loader] = true
			files = append(files, file{path: loader, source: loader})
		}
		for _, library := range libraries {
			if seen[library] {
				continue
			}
			seen[library] = true
			path, err := findLibrary(library)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", program, err)
			}
			files = append(files, file{path: path, source: path})
			queue = append(queue, path)
		}
	}
	return files, nil
}

// linkedTo reads which loader and libraries a program asks for.
func linkedTo(path string) (loader string, libraries []string, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close() //nolint:errcheck // only read
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		data, err := io.ReadAll(p.Open())
		if err != nil {
			return "", nil, err
		}
		loader = strings.TrimRight(string(data), "\x00")
	}
	libraries, err = f.ImportedLibraries()
	if errors.Is(err, elf.ErrNoSymbols) {
		err = nil
	}
	return loader, libraries, err
}

func findLibrary(name string) (string, error) {
	for _, pattern := range []string{"/lib/*-linux-gnu/", "/usr/lib/*-linux-gnu/", "/lib64/", "/usr/lib64/", "/lib/", "/usr/lib/"} {
		paths, err := filepath.Glob(pattern + name)
		if err != nil {
			return "", err
		}
		if len(paths) > 0 {
			return paths[0], nil
		}
	}
	return "", fmt.Errorf("the library %s is not on this machine", name)
}

// busybox is Debian's busybox under the names of all its programs.
func busybox() ([]file, error) {
	source, err := findProgram("busybox")
	if err != nil {
		return nil, err
	}
	list, err := runCommand(context.Background(), nil, source, "--list-full")
	if err != nil {
		return nil, err
	}
	libraries, err := programWithLibraries(source)
	if err != nil {
		return nil, err
	}
	const target = "/bin/busybox"
	libraries[0].path = target
	files := libraries
	for applet := range strings.FieldsSeq(list) {
		if path := "/" + strings.TrimPrefix(applet, "/"); path != target {
			files = append(files, file{path: path, link: target})
		}
	}
	// Names are looked up by libraries that the program does not name.
	for _, optional := range []string{"libresolv.so.2", "libnss_dns.so.2", "libnss_files.so.2"} {
		if path, err := findLibrary(optional); err == nil {
			if _, err := os.Stat(path); err == nil {
				files = append(files, file{path: path, source: path})
			}
		}
	}
	return files, nil
}
