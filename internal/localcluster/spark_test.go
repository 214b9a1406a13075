package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The source distribution on PyPI becomes the layout of Spark's own archive.
func TestUnpackSpark(t *testing.T) {
	archive, dir := filepath.Join(t.TempDir(), "pyspark.tar.gz"), t.TempDir()
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(f)
	files := tar.NewWriter(zipped)
	for _, name := range []string{
		"setup.py", "deps/bin/spark-submit", "deps/bin/spark-submit.cmd", "deps/sbin/spark-daemon.sh", "deps/jars/spark-core.jar",
		"deps/jars/connect-repl/ammonite.jar", "deps/data/graphx/users.txt", "deps/examples/pi.py", "lib/py4j-src.zip", "pyspark/sql/types.py",
		"pyspark/python/pyspark/shell.py",
	} {
		if err := files.WriteHeader(&tar.Header{Name: "pyspark-4/" + name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(name))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(files.Close(), zipped.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := spark4.unpack(archive, dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		got = append(got, info.Mode().String()+" "+name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"-rw-r--r-- RELEASE", "-rwxr-xr-x bin/spark-submit", "-rw-r--r-- data/graphx/users.txt", "-rw-r--r-- examples/src/main/python/pi.py",
		"-rw-r--r-- jars/spark-core.jar", "-rw-r--r-- python/lib/py4j-src.zip", "-rw-r--r-- python/lib/pyspark.zip",
		"-rw-r--r-- python/pyspark/sql/types.py", "-rwxr-xr-x sbin/spark-daemon.sh",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	modules, err := zip.OpenReader(filepath.Join(dir, "python/lib/pyspark.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer modules.Close() //nolint:errcheck // only read
	if len(modules.File) != 1 || modules.File[0].Name != "pyspark/sql/types.py" {
		t.Errorf("pyspark.zip has %v", modules.File)
	}
}

func TestArtifact(t *testing.T) {
	for jar, want := range map[string]string{
		"netty-buffer-4.1.115.Final.jar": "netty-buffer", "/x/netty-codec-http2-4.2.7.Final.jar": "netty-codec-http2",
		"s3-2.29.52.jar": "s3", "hadoop-aws-3.4.2.jar": "hadoop-aws", "spark-core_2.13-4.1.2.jar": "spark-core_2.13",
	} {
		if got := artifact(jar); got != want {
			t.Errorf("%s is of %q, want %q", jar, got, want)
		}
	}
}
