package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"syscall"
)

// buildSpace is how many bytes must be free before anything is built: what the
// largest component takes in Go's caches and for linking.
const buildSpace = 6 << 30

// enoughSpace makes sure that a build does not end with a full disk.
func enoughSpace(ctx context.Context, out string) error {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOCACHE", "GOMODCACHE")
	cmd.Dir = sourceDir()
	data, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	var dirs map[string]string
	if err := json.Unmarshal(data, &dirs); err != nil {
		return err
	}
	dirs["ANALYTICS_CACHE"] = out
	for setting, dir := range dirs {
		var fs syscall.Statfs_t
		if syscall.Statfs(dir, &fs) != nil {
			continue // Go has not made it yet
		}
		if free := fs.Bavail * uint64(fs.Bsize); free < buildSpace {
			return fmt.Errorf("%s has %d MiB free, and building needs %d MiB: free some, or name another folder in %s",
				dir, free>>20, buildSpace>>20, setting)
		}
	}
	return nil
}
