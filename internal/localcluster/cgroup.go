//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const cgroupMount = "/sys/fs/cgroup"

// cgroupHierarchies are the control group file systems: one for each
// controller in version 1, one for all in version 2.
func cgroupHierarchies() ([]string, error) {
	if exists(filepath.Join(cgroupMount, "cgroup.controllers")) {
		return []string{cgroupMount}, nil
	}
	dirs, err := filepath.Glob(filepath.Join(cgroupMount, "*", "cgroup.procs"))
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs, err
}

// makeCgroup makes the control group that all of the pods' are in.
func (c embedded) makeCgroup() error {
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		return err
	}
	if len(hierarchies) == 0 {
		return fmt.Errorf("no control groups are mounted at %s", cgroupMount)
	}
	for _, parent := range hierarchies {
		dir := filepath.Join(parent, c.cgroup())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making the control group: %w", err)
		}
		// Version 1: these start empty, and then nothing can run in the group.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			data, err := os.ReadFile(filepath.Join(parent, file))
			if errors.Is(err, fs.ErrNotExist) || parent == cgroupMount {
				continue
			}
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
				return fmt.Errorf("setting up the control group: %w", err)
			}
		}
	}
	if len(hierarchies) == 1 && hierarchies[0] == cgroupMount {
		return enableControllers()
	}
	return nil
}

// enableControllers lets children of the root group use what the kubelet asks
// for (version 2).
func enableControllers() error {
	data, err := os.ReadFile(filepath.Join(cgroupMount, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(string(data)) {
		switch name {
		case "cpu", "cpuset", "memory", "pids", "io", "hugetlb":
			if err := os.WriteFile(filepath.Join(cgroupMount, "cgroup.subtree_control"), []byte("+"+name), 0o644); err != nil {
				return fmt.Errorf("enabling the controller %s: %w", name, err)
			}
		}
	}
	return nil
}

// removeCgroups removes the cluster's control groups, and says which are left:
// the kernel may still be busy with their last processes.
func (c embedded) removeCgroups() (left []string) {
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		return []string{err.Error()}
	}
	for _, parent := range hierarchies {
		top := filepath.Join(parent, c.cgroup())
		var dirs []string
		if err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist): // it went while we looked
				return nil
			case err == nil && entry.IsDir():
				dirs = append(dirs, path)
			}
			return err
		}); err != nil {
			left = append(left, err.Error())
		}
		for _, dir := range slices.Backward(dirs) { // children come after their parents
			if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				left = append(left, dir)
			}
		}
	}
	return left
}
