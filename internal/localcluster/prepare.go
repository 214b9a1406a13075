//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// prepareNode gives the node's namespaces their file systems, settings and
// host name. They belong to the node alone, so its programs can use the usual
// paths and ports.
func prepareNode(node nodeSpec) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	resolver, err := filepath.EvalSymlinks("/etc/resolv.conf") // before /run is covered
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	// The usual folders, but ours: the machine's stay untouched.
	for _, dir := range []string{"/var/lib", "/var/log"} {
		if err := bind(filepath.Join(node.Dir, "fs", dir), dir); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/var/lib/kubelet", "/var/log/pods", "/var/log/containers"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if resolver != "" {
		if err := coverResolver(filepath.Join(node.Dir, "config", "resolv.conf"), resolver); err != nil {
			return err
		}
	}
	// What containers mount must be seen in here, and the other way round.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("making the mounts shared: %w", err)
	}
	for file, value := range map[string]string{
		"net/ipv4/ip_forward":                "1",
		"net/ipv4/tcp_orphan_retries":        "1", // else connections to pods outlive the node by minutes, and keep its namespace
		"net/bridge/bridge-nf-call-iptables": "1", // NetworkPolicies see what goes from pod to pod
	} {
		if err := os.WriteFile(filepath.Join("/proc/sys", file), []byte(value), 0o644); err != nil {
			return err
		}
	}
	return syscall.Sethostname([]byte(node.Hostname))
}

const bridgeFilter = "/proc/sys/net/bridge"

// ensureBridgeFilter loads the kernel module that shows the firewall what goes
// from pod to pod. Nothing else ever does.
func ensureBridgeFilter(ctx context.Context) error {
	if exists(bridgeFilter) {
		return nil
	}
	modprobe, err := findProgram("modprobe")
	if err == nil {
		_, err = runCommand(ctx, nil, modprobe, "br_netfilter")
	}
	if err != nil {
		return fmt.Errorf("the kernel lacks the module br_netfilter, which network policies need: %w", err)
	}
	// It is for the node only: other bridges of this machine stay as they were.
	for _, name := range []string{"iptables", "ip6tables", "arptables"} {
		if err := os.WriteFile(filepath.Join(bridgeFilter, "bridge-nf-call-"+name), []byte("0"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func bind(source, target string) error {
	if err := os.MkdirAll(source, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting %s over %s: %w", source, target, err)
	}
	return nil
}

// coverResolver makes the node's programs ask our resolver, which refuses at
// once: the machine's cannot be reached from the node, and each question would
// wait for its timeout.
func coverResolver(ours, path string) error {
	if strings.HasPrefix(path, "/run/") { // it went with the machine's /run
		data, err := os.ReadFile(ours)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, data, 0o644)
	}
	if err := syscall.Mount(ours, path, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting %s over %s: %w", ours, path, err)
	}
	return nil
}
