package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// outputDelay is how long an interrupted program's own children may go on writing.
const outputDelay = 2 * time.Second

// runCommand runs a program and gives what it wrote to its standard output. An
// error holds the end of what it wrote to its standard error.
func runCommand(ctx context.Context, stdin []byte, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = outputDelay
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(program), err, strings.TrimSpace(lastLines(stderr.String(), 5)))
	}
	return stdout.String(), nil
}
