package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	sparkHome     = "/opt/spark"
	sparkJavaHome = "/opt/java/openjdk"
)

// sparkRelease is a version of Spark.
type sparkRelease struct {
	version, scala string
	// sha256 is that of the source distribution on PyPI, which holds all that
	// the image does, compiled.
	sha256 string
	// s3 is the pom.xml of the jars for S3, in components.
	s3 string
}

var (
	spark4 = sparkRelease{"4.1.2", "2.13", "fa5d6159f700d0990a07f4f62df1b7449401dccee9cd7d5d6df8957530841602", "spark/pom.xml"}
	// spark3 is the last one of Scala 2.12 and of the AWS SDK 1.
	spark3 = sparkRelease{"3.5.9", "2.12", "ea27adc39ddac9413b8951e45aa748cbed6c785971b81386efc41938f6243d93", "spark/3.5/pom.xml"}
)

// image is Spark's own image.
func (r sparkRelease) image() catalogueEntry {
	return catalogueEntry{
		name: "docker.io/apache/spark:" + r.version + "-scala" + r.scala + "-java17-python3-ubuntu",
		config: v1.Config{
			User: "spark", WorkingDir: sparkHome + "/work-dir", Entrypoint: []string{"/opt/entrypoint.sh"},
			Env: []string{"SPARK_HOME=" + sparkHome, "JAVA_HOME=" + sparkJavaHome, "LANG=C.UTF-8"},
		},
		trees: []func(context.Context) (string, error){sparkSystem(), r.tree},
		files: func(builds) ([]file, error) { return sparkFiles(), nil },
	}
}

// s3Image is that image with what Spark needs for S3, as its users make it.
func (r sparkRelease) s3Image() catalogueEntry {
	image := r.image()
	image.name = "localhost/spark-s3a:" + r.version
	image.files = func(builds) ([]file, error) {
		jars, err := r.s3Jars(context.Background())
		return append(sparkFiles(), jars...), err
	}
	return image
}

// rImage is that one with R. It has no SparkR, which is in no registry of packages: applications speak to Spark's backend for R themselves.
func (r sparkRelease) rImage() catalogueEntry {
	image := r.s3Image()
	image.name = "localhost/spark-s3a-r:" + r.version
	system := sparkSystem("r-base-core")
	image.trees = []func(context.Context) (string, error){system, r.tree}
	s3Files := image.files
	image.files = func(b builds) ([]file, error) {
		files, err := s3Files(b)
		if err != nil {
			return nil, err
		}
		root, err := system(context.Background())
		if err != nil {
			return nil, err
		}
		links, err := rLinks(root)
		return append(files, links...), err
	}
	return image
}

// sparkSystem is the operating system below Spark, with more packages.
func sparkSystem(more ...string) func(context.Context) (string, error) {
	packages := append([]string{
		"bash", "coreutils", "findutils", "grep", "sed", "mawk", "hostname", "procps", "libc-bin",
		"netbase", "tzdata", "tini", "libnss-wrapper", "python3", "python3-pip", "openjdk-17-jre-headless",
	}, more...)
	return func(ctx context.Context) (string, error) { return debianTree(ctx, bookworm, packages...) }
}

// rLinks are what the scripts of the packages of R and of its libraries would have made, in a system that they are unpacked in.
func rLinks(root string) ([]file, error) {
	links := []file{{path: "/etc/R/Renviron", link: "/usr/lib/R/etc/Renviron.ucf"}}
	for _, library := range []string{"blas/libblas.so.3", "lapack/liblapack.so.3"} {
		found, err := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu", library))
		if err != nil {
			return nil, err
		}
		if len(found) != 1 {
			return nil, fmt.Errorf("%s is in %d folders below %s", library, len(found), root)
		}
		target := strings.TrimPrefix(found[0], root)
		links = append(links, file{path: path.Join(path.Dir(path.Dir(target)), path.Base(library)), link: target})
	}
	return links, nil
}

// sparkFiles are those that no package has.
func sparkFiles() []file {
	ours := filepath.Join(sourceDir(), "components", "spark")
	files := []file{
		{path: "/etc/passwd", content: "root:x:0:0:root:/root:/bin/bash\nspark:x:185:185::/nonexistent:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
		{path: "/etc/group", content: "root:x:0:\nspark:x:185:\nnogroup:x:65534:\n"},
		nameServices,
		rootCertificates,
		{path: sparkJavaHome, link: "/usr/lib/jvm/java-17-openjdk-" + runtime.GOARCH},
		{path: "/usr/bin/java", link: sparkJavaHome + "/bin/java"},
		{path: "/opt/entrypoint.sh", source: filepath.Join(ours, "entrypoint.sh"), mode: 0o755},
		{path: "/opt/decom.sh", source: filepath.Join(ours, "decom.sh"), mode: 0o755},
		{path: sparkHome + "/work-dir", dir: true, mode: 0o777},
	}
	// The certificates that Java trusts. Maven, which needs Java too, brought them.
	const javaCertificates = "/etc/ssl/certs/java/cacerts"
	if exists(javaCertificates) {
		files = append(files, file{path: javaCertificates, source: javaCertificates, mode: 0o644})
	}
	return files
}

// s3Jars are the jars with which Spark reads and writes S3, without those
// that it has in another version.
func (r sparkRelease) s3Jars(ctx context.Context) ([]file, error) {
	spark, err := r.tree(ctx)
	if err != nil {
		return nil, err
	}
	theirs := map[string]bool{}
	jars, err := filepath.Glob(filepath.Join(spark, sparkHome, "jars", "*.jar"))
	if err != nil {
		return nil, err
	}
	for _, jar := range jars {
		theirs[artifact(jar)] = true
	}
	dir, err := mavenJars(ctx, r.s3)
	if err != nil {
		return nil, err
	}
	if jars, err = filepath.Glob(filepath.Join(dir, "*.jar")); err != nil {
		return nil, err
	}
	var out []file
	for _, jar := range jars {
		if !theirs[artifact(jar)] {
			out = append(out, file{path: path.Join(sparkHome, "jars", filepath.Base(jar)), source: jar, mode: 0o644})
		}
	}
	return out, nil
}

var jarVersion = regexp.MustCompile(`-[0-9][^/]*\.jar$`)

// artifact is a jar's name without its version.
func artifact(jar string) string { return jarVersion.ReplaceAllString(filepath.Base(jar), "") }

// sparkLayout numbers what unpack makes, so that a changed layout is unpacked
// anew.
const sparkLayout = 1

// tree gives a folder with Spark itself in /opt/spark.
func (r sparkRelease) tree(ctx context.Context) (string, error) {
	source, err := pypiSource(ctx, "pyspark", r.version, r.sha256)
	if err != nil {
		return "", err
	}
	key := fmt.Sprintf("%s-%s-%d", r.version, r.sha256[:16], sparkLayout)
	return cachedTree(ctx, "spark", key, "Spark "+r.version, func(root string) error {
		return r.unpack(source, filepath.Join(root, sparkHome))
	})
}

// unpack lays the files of PySpark's source distribution out as those of
// Spark's.
func (r sparkRelease) unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	plain, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	var library bytes.Buffer
	modules := zip.NewWriter(&library)
	files := tar.NewReader(plain)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		_, name, _ := strings.Cut(h.Name, "/")
		target, mode, wanted := sparkPath(name)
		if h.Typeflag != tar.TypeReg || !wanted {
			continue
		}
		data, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		if err := writeNew(filepath.Join(dir, target), data, mode); err != nil {
			return err
		}
		if module, ok := strings.CutPrefix(target, "python/"); ok && strings.HasPrefix(module, "pyspark/") {
			w, err := modules.CreateHeader(&zip.FileHeader{Name: module, Method: zip.Deflate})
			if err != nil {
				return err
			}
			if _, err := w.Write(data); err != nil {
				return err
			}
		}
	}
	if err := modules.Close(); err != nil {
		return err
	}
	// What the workers of a Python application import.
	if err := writeNew(filepath.Join(dir, "python/lib/pyspark.zip"), library.Bytes(), 0o644); err != nil {
		return err
	}
	return writeNew(filepath.Join(dir, "RELEASE"), fmt.Appendf(nil, "Spark %s\n", r.version), 0o644)
}

// sparkPath is where a file of the source distribution stands below /opt/spark.
func sparkPath(name string) (target string, mode os.FileMode, wanted bool) {
	below := func(dir string) (string, bool) { return strings.CutPrefix(name, dir+"/") }
	switch {
	case strings.HasSuffix(name, ".cmd"), strings.HasPrefix(name, "deps/jars/connect-repl/"), strings.HasPrefix(name, "pyspark/python/"):
		// For Windows, for an interactive shell of Scala, and a copy.
		return "", 0, false
	case strings.HasPrefix(name, "deps/bin/"), strings.HasPrefix(name, "deps/sbin/"):
		return strings.TrimPrefix(name, "deps/"), 0o755, true
	case strings.HasPrefix(name, "deps/jars/"), strings.HasPrefix(name, "deps/data/"):
		return strings.TrimPrefix(name, "deps/"), 0o644, true
	case strings.HasPrefix(name, "pyspark/"):
		return "python/" + name, 0o644, true
	}
	if rest, ok := below("deps/examples"); ok {
		return "examples/src/main/python/" + rest, 0o644, true
	}
	if rest, ok := below("lib"); ok {
		return "python/lib/" + rest, 0o644, true
	}
	return "", 0, false
}

func writeNew(file string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, mode)
}
