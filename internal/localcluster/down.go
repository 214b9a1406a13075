//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func (c embedded) down(ctx context.Context, purge bool) error {
	unlock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if os.Geteuid() != 0 {
		return errors.New("stopping the embedded cluster needs root")
	}
	running := c.nodePID() != 0
	if err := c.stopNode(ctx); err != nil {
		return err
	}
	if purge {
		if err := c.purge(); err != nil {
			return err
		}
	}
	switch {
	case purge:
		progress("cluster %d is stopped and its data removed", c.id)
	case running:
		progress("cluster %d is stopped", c.id)
	default:
		progress("cluster %d did not run", c.id)
	}
	return nil
}

// stopNode ends the supervisor, with which the kernel ends everything in the
// node, and waits until nothing of it is left: the kernel cleans up after the
// last process in the background.
func (c embedded) stopNode(ctx context.Context) error {
	var loops map[string]string
	if pid := c.nodePID(); pid != 0 {
		loops = loopDevices(pid)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("ending the node: %w", err)
		}
	}
	if err := c.clearNode(ctx); err != nil {
		return err
	}
	if err := gone(ctx, "loop devices", func() (left []string) {
		for device, file := range loops {
			if backingFile(device) == file {
				left = append(left, device+" ("+file+")")
			}
		}
		slices.Sort(left)
		return left
	}); err != nil {
		return err
	}
	for _, file := range []string{"node.pid", "node.sock", "containerd.sock", "containerd.sock.ttrpc"} {
		if err := os.Remove(c.path(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return c.restoreSysctls(ctx)
}

// clearNode waits for what is left of a node that was ended: its supervisor is
// the last process in it, and then its control groups can be removed. The
// interface may stay for minutes, as long as the kernel tries to end the node's
// connections, so it is removed.
func (c embedded) clearNode(ctx context.Context) error {
	if err := c.notElsewhere(); err != nil {
		return err
	}
	if err := gone(ctx, "processes", func() []string {
		if pid, _ := c.supervisor(); pid != 0 {
			return []string{fmt.Sprintf("process %d", pid)}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := c.removeInterface(); err != nil {
		return err
	}
	return gone(ctx, "control groups", c.removeCgroups)
}

// gone waits until nothing is left.
func gone(ctx context.Context, what string, left func() []string) error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		remaining := left()
		if len(remaining) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s of the cluster are still there after 20 s: %s", what, strings.Join(remaining, ", "))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// loopDevices are the loop devices mounted in the node of a process, and their
// files.
func loopDevices(pid int) map[string]string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/mounts", pid))
	if err != nil {
		return nil
	}
	devices := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if device, _, _ := strings.Cut(line, " "); strings.HasPrefix(device, "/dev/loop") {
			devices[filepath.Base(device)] = backingFile(filepath.Base(device))
		}
	}
	return devices
}

// backingFile is the file behind a loop device, or empty.
func backingFile(device string) string {
	data, err := os.ReadFile(filepath.Join("/sys/block", device, "loop/backing_file"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// purge removes all that the cluster wrote. The folder must hold no mount: what
// is mounted is not ours to delete.
func (c embedded) purge() error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 4 && (fields[4] == c.dir || strings.HasPrefix(fields[4], c.dir+"/")) {
			return fmt.Errorf("%s is mounted: its data is not removed", fields[4])
		}
	}
	return os.RemoveAll(c.dir)
}
