//go:build linux

package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
)

// machine is what a cluster could leave behind, by kind.
type machine map[string][]string

// others are the interfaces of clusters that are not the tests'.
var others = regexp.MustCompile(`^anc\d+$`)

// look notes the machine's state, without what other clusters have of it.
func look(t *testing.T) machine {
	t.Helper()
	m := machine{}
	note := func(kind, format string, args ...any) {
		m[kind] = append(m[kind], fmt.Sprintf(format, args...))
	}
	for line := range strings.Lines(read(t, "/proc/self/mountinfo")) {
		note("mounts", "%s", strings.Fields(line)[4])
	}
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	own := []string{embedded{id: firstID}.hostInterface(), embedded{id: secondID}.hostInterface()}
	for _, link := range links {
		name := link.Attrs().Name
		if others.MatchString(name) && !slices.Contains(own, name) {
			continue
		}
		note("interfaces", "%s", name)
		addresses, err := netlink.AddrList(link, netlink.FAMILY_ALL)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addresses {
			note("addresses", "%s on %s", a.IPNet, name)
		}
		routes, err := netlink.RouteList(link, netlink.FAMILY_V4)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range routes {
			note("routes", "%v through %s", r.Dst, name)
		}
	}
	for kind, command := range map[string][]string{
		"nftables": {"nft", "list", "ruleset"}, "iptables": {"iptables", "-S"}, "NAT rules": {"iptables", "-t", "nat", "-S"},
	} {
		program, err := findProgram(command[0])
		if err != nil {
			continue // up installs it
		}
		out, err := exec.CommandContext(t.Context(), program, command[1:]...).CombinedOutput()
		note(kind, "%s %v", out, err)
	}
	for _, name := range sysctls {
		value, err := os.ReadFile(filepath.Join("/proc/sys", name))
		note("kernel settings", "%s = %s %v", name, value, err != nil)
	}
	for kind, pattern := range map[string]string{"named network namespaces": "/run/netns/*", "clusters": sysctlDir + "/clusters/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			id, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), "analytics-"))
			if kind != "clusters" || id == firstID || id == secondID {
				note(kind, "%s", path)
			}
		}
	}
	hierarchies, err := cgroupHierarchies()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range hierarchies {
		for _, name := range own {
			if exists(filepath.Join(dir, name)) {
				note("control groups", "%s", filepath.Join(dir, name))
			}
		}
	}
	return m
}

// sameAs fails the test where the machine is not as it was.
func (m machine) sameAs(t *testing.T, before machine) {
	t.Helper()
	kinds := maps.Clone(before)
	maps.Copy(kinds, m)
	for kind := range kinds {
		was, is := slices.Sorted(slices.Values(before[kind])), slices.Sorted(slices.Values(m[kind]))
		if !slices.Equal(was, is) {
			t.Errorf("%s were:\n%s\nand are:\n%s", kind, strings.Join(was, "\n"), strings.Join(is, "\n"))
		}
	}
}

// nodeProcesses are the supervisor and everything that it started, on this machine.
func nodeProcesses(t *testing.T, supervisor int) []process {
	t.Helper()
	children := map[int][]int{}
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		children[parent] = append(children[parent], pid)
	}
	var all []process
	for queue := []int{supervisor}; len(queue) > 0; queue = queue[1:] {
		if p, _, err := processOf(queue[0]); err == nil {
			all = append(all, p)
		}
		queue = append(queue, children[queue[0]]...)
	}
	return all
}

// onMachine is the id, on this machine, of a process of the node.
func onMachine(t *testing.T, supervisor, pid int) int {
	t.Helper()
	for _, p := range nodeProcesses(t, supervisor) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			if ids, ok := strings.CutPrefix(line, "NSpid:"); ok && strings.Join(strings.Fields(ids), " ") == fmt.Sprintf("%d %d", p.pid, pid) {
				return p.pid
			}
		}
	}
	t.Fatalf("there is no process %d in the node", pid)
	return 0
}
