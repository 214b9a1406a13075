package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The programs report the versions in components.go, and are built from those
// in go.mod.
func TestVersionsAreThoseOfTheModules(t *testing.T) {
	stamp := regexp.MustCompile(`[-:TZ]`).ReplaceAllString(minioTime, "")
	for want, mod := range map[string]string{
		"k8s.io/kubernetes v" + kubernetesVersion:                   "go.mod",
		"github.com/containerd/containerd/v2 v" + containerdVersion: "go.mod",
		"github.com/coredns/coredns v" + coreDNSVersion:             "go.mod",
		"sigs.k8s.io/metrics-server v" + metricsVersion:             "go.mod",
		"github.com/prometheus/statsd_exporter v" + statsDVersion:   "go.mod",
		"github.com/opentofu/opentofu v" + openTofuVersion:          "opentofu/go.mod",
		"-" + stamp + "-" + minioCommit:                             "minio/go.mod",
		"github.com/kedacore/keda/v2 v" + kedaVersion:               "keda/go.mod",
		"volcano.sh/volcano v" + volcanoVersion:                     "volcano/go.mod",
		"github.com/apache/yunikorn-k8shim v" + yunikornVersion:     "yunikorn/go.mod",
		"sigs.k8s.io/kueue v" + kueueVersion:                        "kueue/go.mod",
		// The tests install their manifests, and their images by their tags.
		`kueueVersion = "` + kueueVersion + `"`:        "../../acctest/kueue.go",
		"kueue/kueue:v" + kueueVersion:                 "../../../GNUmakefile",
		`kedaVersion = "` + kedaVersion + `"`:          "../../acctest/keda.go",
		"kedacore/keda:" + kedaVersion + " ghcr":       "../../../GNUmakefile",
		`volcanoVersion = "` + volcanoVersion + `"`:    "../../acctest/volcano.go",
		`yunikornVersion = "` + yunikornVersion + `"`:  "../../acctest/yunikorn.go",
		"apache/yunikorn:scheduler-" + yunikornVersion: "../../../GNUmakefile",
		"vc-scheduler:v" + volcanoVersion:              "../../../GNUmakefile",
	} {
		if !strings.Contains(read(t, filepath.Join("components", mod)), want) {
			t.Errorf("components/%s has no %q", mod, want)
		}
	}
}

// The libraries that the cluster's programs and the provider have in common are
// the greater part of what a new machine compiles: they are to be the same.
func TestLibrariesAreThoseOfTheProvider(t *testing.T) {
	ours, theirs := versions(t, filepath.Join("..", "..", "go.mod")), versions(t, filepath.Join("components", "go.mod"))
	for library, version := range ours {
		if other := theirs[library]; other != "" && other != version {
			t.Errorf("%s is %s in the provider's go.mod and %s in that of the components", library, version, other)
		}
	}
}

// versions are those of the modules that a go.mod requires, or takes in their
// place.
func versions(t *testing.T, path string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^(?:require|replace)?\s+(\S+\.\S+) (?:=> \S+ )?(v\S+)`).FindAllStringSubmatch(read(t, path), -1) {
		found[match[1]] = match[2] // replacements come last
	}
	if len(found) == 0 {
		t.Fatalf("%s requires nothing", path)
	}
	return found
}

func TestEveryComponentIsPinned(t *testing.T) {
	for _, dir := range []string{"", "keda", "kueue", "minio", "opentofu", "volcano", "yunikorn"} {
		dir = filepath.Join("components", dir)
		for line := range strings.Lines(read(t, filepath.Join(dir, "go.mod"))) {
			if strings.Contains(line, "=> .") || strings.Contains(line, "=> /") {
				t.Errorf("%s: replaced by a folder: %s", dir, line)
			}
		}
		if !exists(filepath.Join(dir, "go.sum")) {
			t.Errorf("%s has no go.sum", dir)
		}
	}
	for _, c := range components {
		if c.alone != exists(filepath.Join("components", c.name, "go.mod")) {
			t.Errorf("%s: alone is %v", c.name, c.alone)
		}
	}
}

func TestWhatIsBuiltAnew(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := component{name: "c", packages: []string{"./c"}}
	key := func() string {
		t.Helper()
		key, err := c.key(dir, "go1.26.8")
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	write("c/main.go", "package main")
	write("go.mod", "module all")
	write("go.sum", "")
	first := key()

	write("c/main_test.go", "package main")
	write("c/testdata/main.go", "package other")
	write("other/main.go", "package main")
	if key() != first {
		t.Error("a test, or another component, makes it build anew")
	}
	write("go.sum", "x")
	second := key()
	if second == first {
		t.Error("another go.sum builds nothing anew")
	}
	c.ldflags = "-X main.version=2"
	third := key()
	if third == second {
		t.Error("another version builds nothing anew")
	}

	c.alone = true
	write("c/go.mod", "module c")
	alone := key()
	write("go.sum", "y")
	if key() != alone {
		t.Error("what others share makes a component with a module of its own build anew")
	}
	write("c/go.sum", "x")
	if key() == alone {
		t.Error("another go.sum of its own builds nothing anew")
	}
	c.name, c.alone = "nowhere", false
	if key() == "" {
		t.Error("a component without files has no key")
	}
}

func TestRemedy(t *testing.T) {
	for output, want := range map[string]string{
		"write /tmp/a.o: no space left on device":                                              "disk is full",
		"k8s.io/api@v0.37.2: Get \"https://modules.example.com/k8s.io/api\": dial tcp: lookup": "check the network",
		"main.go:3: undefined: x":                                                              "",
	} {
		if got := remedy(output); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q", output, got)
		}
	}
}
