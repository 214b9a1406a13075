package bench

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// machine describes where it was measured.
func (m *bench) machine() string {
	cpu := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	server, err := m.cluster.Discovery().ServerVersion()
	if err != nil {
		m.Fatal(err)
	}
	cli, _, _ := strings.Cut(acctest.NewWorkspace(m).Run("version").Succeeds().Stdout, "\n")
	return fmt.Sprintf("%d cores of %s, load %s; Kubernetes %s, %s, %s", runtime.NumCPU(), cpu, load(), server.GitVersion, cli, runtime.Version())
}

// load is the machine's load average of the last minute.
func load() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	first, _, _ := strings.Cut(string(content), " ")
	return first
}
