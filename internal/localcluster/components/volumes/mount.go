package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// run runs a program; its output is part of the error.
func run(name string, arg ...string) error {
	if out, err := exec.Command(name, arg...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(arg, " "), err, out)
	}
	return nil
}

// mounted says whether something is mounted right at dir.
func mounted(dir string) bool {
	data, err := os.ReadFile("/proc/self/mountinfo")
	check(err)
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == dir {
			return true
		}
	}
	return false
}
