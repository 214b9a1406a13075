//go:build linux

package main

import (
	"os"
	"os/exec"
	"testing"
)

func TestProcessIsNoOtherOfTheSameID(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, _, err := processOf(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	c := embedded{dir: t.TempDir()}
	write := func(p process) {
		t.Helper()
		if err := os.WriteFile(c.path("node.pid"), []byte(p.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(process{pid: p.pid, start: p.start + 1})
	if got := c.nodePID(); got != 0 {
		t.Errorf("process %d is taken for one that started later", got)
	}
	write(p)
	if got := c.nodePID(); got != p.pid {
		t.Errorf("process %d is not found, but %d", p.pid, got)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := c.nodePID(); got != 0 {
		t.Errorf("process %d is found after its end", got)
	}
}
