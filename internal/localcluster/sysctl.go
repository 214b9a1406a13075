//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sysctls are the settings that a kubelet changes for the whole machine.
var sysctls = []string{
	"kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
	"vm/overcommit_memory", "vm/panic_on_oom",
}

// sysctlDir keeps what those settings were, and which clusters run from which
// folders. The machine has one such folder, and loses it together with the
// settings.
const sysctlDir = "/run/terraform-provider-analytics"

// saveSysctls notes the machine's settings before the first cluster starts.
func (c embedded) saveSysctls(ctx context.Context) error {
	unlock, err := lock(ctx, "sysctl", "another cluster's start or stop")
	if err != nil {
		return err
	}
	defer unlock()
	users := filepath.Join(sysctlDir, "clusters")
	if err := os.MkdirAll(users, 0o755); err != nil {
		return err
	}
	saved := filepath.Join(sysctlDir, "sysctl.json")
	if !exists(saved) {
		values := map[string]string{}
		for _, name := range sysctls {
			value, err := os.ReadFile(filepath.Join("/proc/sys", name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			values[name] = strings.TrimSpace(string(value))
		}
		data, err := json.Marshal(values)
		if err != nil {
			return err
		}
		if err := writeWhole(saved, data); err != nil {
			return err
		}
	}
	return writeWhole(filepath.Join(users, c.name()), []byte(c.dir))
}

// notElsewhere refuses to touch what belongs to a cluster of the same number
// that runs from another cache.
func (c embedded) notElsewhere() error {
	dir, err := os.ReadFile(filepath.Join(sysctlDir, "clusters", c.name()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	other := embedded{id: c.id, dir: string(dir)}
	if pid, _ := other.supervisor(); filepath.IsAbs(other.dir) && other.dir != c.dir && pid != 0 {
		return fmt.Errorf("cluster %d runs from %s, which is in another cache than %s: take another --id, or set ANALYTICS_CACHE (HOME, XDG_CACHE_HOME) as it was", c.id, other.dir, c.dir)
	}
	return nil
}

// restoreSysctls puts the settings back after the last cluster.
func (c embedded) restoreSysctls(ctx context.Context) error {
	unlock, err := lock(ctx, "sysctl", "another cluster's start or stop")
	if err != nil {
		return err
	}
	defer unlock()
	users := filepath.Join(sysctlDir, "clusters")
	if err := os.Remove(filepath.Join(users, c.name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	others, err := os.ReadDir(users)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || len(others) > 0 {
		return err
	}
	data, err := os.ReadFile(filepath.Join(sysctlDir, "sysctl.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(sysctlDir)
	}
	if err != nil {
		return err
	}
	var values map[string]string
	if err := json.Unmarshal(data, &values); err != nil {
		return fmt.Errorf("reading the saved settings: %w", err)
	}
	for name, value := range values {
		path := filepath.Join("/proc/sys", name)
		now, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(now)) == value {
			continue
		}
		if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
			return fmt.Errorf("putting %s back: %w", name, err)
		}
	}
	return os.RemoveAll(sysctlDir)
}
