package requirements

import (
	"strings"
	"testing"
)

var (
	requirementsAllowed = []string{
		"pandas", "pandas==2.3.3", "boto3>=1.34,<2", "Django ~= 5.2", "requests[socks, use_chardet]==2.32.*", "a (>=1)", "x===1.0+local", "pkg @ https://example.com/pkg-1.0-py3-none-any.whl",
		"pkg[all]@git+https://example.com/pkg.git ; python_version < '3.14'", "tomli>=2; python_version < \"3.11\" and sys_platform == 'linux'",
		"pandas==2.3.3 --hash=sha256:" + strings.Repeat("0a", 32) + " --hash=sha512:" + strings.Repeat("0b", 64),
	}
	requirementsRefused = map[string]string{
		"": "empty", "==1.0": "name of a package", "pandas==": "no version", "pandas=1": "no version", "pandas==1 2": "no version", "pandas>>1": "no version",
		"-r other.txt": "-r", "--index-url https://u:p@pypi.example/simple": "index_url", "-e .": "-e", "./local": "name of a package", "a/b": "name of a package",
		"pkg @ file:///tmp/pkg": "https://", "pkg @ https://user:password@example.com/p.whl": "credentials", "a\nb": "several lines", "a --hash=sha256:12": "64 digits",
		"a ;": "marker", "a[": "no version",
	}
)

func TestRequirements(t *testing.T) {
	for _, text := range requirementsAllowed {
		if err := checkRequirement(text); err != nil {
			t.Errorf("%q is refused: %v", text, err)
		}
	}
	for text, says := range requirementsRefused {
		if err := checkRequirement(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, which does not say %q", text, err, says)
		}
		if err := checkRequirement(text); err != nil && strings.Contains(err.Error(), "password") {
			t.Errorf("the reason shows a password: %v", err)
		}
	}
}

func TestRequirementsFile(t *testing.T) {
	file := requirementsFile()
	good := "# what it needs\r\npandas==2.3.3 \\\n    --hash=sha256:" + strings.Repeat("0a", 32) + "\n\n  boto3>=1.34  # storage\n"
	if err := file.Check(good); err != nil {
		t.Error(err)
	}
	for text, says := range map[string]string{
		"a==1\n\n-r b.txt\n": "line 3", "# nothing\n": "no package", "a \\\n --hash=sha256:1": "line 1", "": "no package",
	} {
		if err := file.Check(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, which does not say %q", text, err, says)
		}
	}
}

func FuzzRequirements(f *testing.F) {
	for _, text := range requirementsAllowed {
		f.Add(text)
	}
	for text := range requirementsRefused {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		alone, file := checkRequirement(text), requirementsFile().Check(text)
		for _, err := range []error{alone, file} {
			if err != nil && err.Error() == "" {
				t.Errorf("%q is refused without a reason", text)
			}
		}
		// What pip would take for an option, or for a second requirement, never passes.
		if alone == nil && (strings.HasPrefix(strings.TrimSpace(text), "-") || strings.ContainsAny(text, "\n\r")) {
			t.Errorf("%q is allowed", text)
		}
	})
}

// What is installed goes into another folder as soon as it may be something else.
func TestFolder(t *testing.T) {
	standard := Requirements{Packages: []string{"a==1"}}
	seen := map[string]bool{standard.Folder("python:1"): true}
	for _, r := range []Requirements{
		{Packages: []string{"a==2"}}, {Packages: []string{"a==1"}, IndexURL: new("https://a.example")}, {Packages: []string{"a==1"}, RequireHashes: new(true)},
	} {
		if seen[r.Folder("python:1")] {
			t.Errorf("%+v shares a folder", r)
		}
	}
	if seen[standard.Folder("python:2")] {
		t.Error("two images share a folder")
	}
	same := Requirements{File: new("a==1\n")}
	if !seen[same.Folder("python:1")] {
		t.Error("the same packages are installed twice")
	}
}
