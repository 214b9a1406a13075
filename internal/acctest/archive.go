package acctest

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// File is one of an archive.
type File struct{ Name, Content string }

// Zip is a ZIP archive of files.
func Zip(t testing.TB, files ...File) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		entry, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(f.Content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Wheel is a Python package with one module, as a wheel in Base64.
func Wheel(t testing.TB, name, version, code string) string {
	t.Helper()
	info := fmt.Sprintf("%s-%s.dist-info/", name, version)
	files := []File{
		{name + ".py", code},
		{info + "METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version)},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
	}
	var record strings.Builder
	for _, f := range files {
		record.WriteString(f.Name + ",,\n")
	}
	files = append(files, File{info + "RECORD", record.String() + info + "RECORD,,\n"})
	return base64.StdEncoding.EncodeToString(Zip(t, files...))
}
