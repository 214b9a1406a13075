package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// stages are the files of KWOK's module, under kustomize/stage, that say how
// nodes and pods come to life and end.
var stages = []string{
	"node/fast/node-initialize.yaml",
	"node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
	"pod/fast/pod-ready.yaml",
	"pod/fast/pod-complete.yaml",
	"pod/fast/pod-delete.yaml",
}

// kwokStages gathers the stages in one file beside the built program.
func kwokStages(dir, out string) error {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok")
	cmd.Dir = dir
	module, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("where is KWOK's module: %w", err)
	}
	var all [][]byte
	for _, name := range stages {
		data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(module)), "kustomize", "stage", name))
		if err != nil {
			return err
		}
		all = append(all, data)
	}
	return os.WriteFile(filepath.Join(out, "stages.yaml"), bytes.Join(all, []byte("\n---\n")), 0o644)
}
