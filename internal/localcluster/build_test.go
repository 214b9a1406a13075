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
	for component, want := range map[string]string{
		"kubernetes":      "k8s.io/kubernetes v" + kubernetesVersion,
		"containerd":      "github.com/containerd/containerd/v2 v" + containerdVersion,
		"coredns":         "github.com/coredns/coredns v" + coreDNSVersion,
		"metrics-server":  "sigs.k8s.io/metrics-server v" + metricsVersion,
		"statsd-exporter": "github.com/prometheus/statsd_exporter v" + statsDVersion,
		"opentofu":        "github.com/opentofu/opentofu v" + openTofuVersion,
		"minio":           "-" + stamp + "-" + minioCommit,
	} {
		for line := range strings.Lines(read(t, filepath.Join("components", component, "go.mod"))) {
			if strings.Contains(line, want) {
				want = ""
			}
		}
		if want != "" {
			t.Errorf("components/%s/go.mod has no %q", component, want)
		}
	}
}

func TestEveryComponentIsPinned(t *testing.T) {
	for _, c := range components {
		dir := filepath.Join("components", c.name)
		mod := read(t, filepath.Join(dir, "go.mod"))
		for line := range strings.Lines(mod) {
			if strings.Contains(line, "=> .") || strings.Contains(line, "=> /") {
				t.Errorf("%s: replaced by a folder: %s", dir, line)
			}
		}
		if strings.Contains(mod, "require") && !exists(filepath.Join(dir, "go.sum")) {
			t.Errorf("%s has no go.sum", dir)
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
	c := component{name: "c", packages: []string{"."}}
	key := func() string {
		t.Helper()
		key, err := c.key(dir, "go1.26.8")
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	write("main.go", "package main")
	write("go.mod", "module c")
	first := key()

	write("main_test.go", "package main")
	write("testdata/main.go", "package other")
	if key() != first {
		t.Error("a test makes it build anew")
	}
	write("go.sum", "x")
	second := key()
	if second == first {
		t.Error("another go.sum builds nothing anew")
	}
	c.ldflags = "-X main.version=2"
	if key() == second {
		t.Error("another version builds nothing anew")
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
