package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
)

// needed says which Debian package has the programs and files that the
// embedded cluster and its images use.
var needed = []struct{ pkg, file string }{
	{"runc", "runc"},
	{"containernetworking-plugins", "/usr/lib/cni/bridge"},
	{"nftables", "nft"},
	{"iptables", "iptables"},
	{"conntrack", "conntrack"},
	{"xfsprogs", "mkfs.xfs"},
	{"util-linux", "losetup"},
	{"mount", "mount"},
	{"busybox", "busybox"},
	{"bash", "/bin/bash"},
	{"ca-certificates", "/etc/ssl/certs/ca-certificates.crt"},
	{"debian-archive-keyring", "/usr/share/keyrings/debian-archive-keyring.gpg"},
}

// ensurePackages installs what is missing, where that can be done.
func ensurePackages(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("the embedded cluster needs root (namespaces, mounts, interfaces): run this as root, or install Docker, which kind then uses")
	}
	missing := missingPackages()
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("there is no apt-get to install what is missing: install what your system calls these packages of Debian, or Docker, which kind then uses:\n%s",
			strings.Join(missingFiles(missing), "\n"))
	}
	last, err := aptInstall(ctx, missing)
	if err != nil {
		return err
	}
	if missing = missingPackages(); len(missing) > 0 {
		return fmt.Errorf("apt-get did not give what is needed of %s:\n%s", strings.Join(missing, ", "), lastLines(last, 10))
	}
	return nil
}

// aptInstall installs packages of Debian on this machine, and returns what apt-get
// said.
func aptInstall(ctx context.Context, packages []string) (string, error) {
	progress("installing %s", strings.Join(packages, " "))
	command := "apt-get install -y --no-install-recommends " + strings.Join(packages, " ")
	var last []byte
	for _, line := range []string{"apt-get update", command} {
		// Another apt-get may hold the lock: wait for it instead of failing.
		args := append([]string{"-q", "-o", "DPkg::Lock::Timeout=300"}, strings.Fields(line)[1:]...)
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.WaitDelay = outputDelay
		out, err := cmd.CombinedOutput()
		if err != nil && line == command {
			return "", fmt.Errorf("%s: %w\n%s", line, err, lastLines(string(out), 10))
		}
		last = out
	}
	return string(last), nil
}

// ensureProgram finds a program on PATH, and installs its package where it is
// missing.
func ensureProgram(ctx context.Context, program, pkg string) (string, error) {
	found, missing := exec.LookPath(program)
	if missing == nil {
		return found, nil
	}
	if _, err := aptInstall(ctx, []string{pkg}); err != nil {
		return "", fmt.Errorf("%s is needed, install it as your system does: %w", program, err)
	}
	return exec.LookPath(program)
}

func missingPackages() []string {
	var missing []string
	for _, n := range needed {
		var err error
		if strings.HasPrefix(n.file, "/") {
			_, err = os.Stat(n.file)
		} else {
			_, err = findProgram(n.file)
		}
		if err != nil && !slices.Contains(missing, n.pkg) {
			missing = append(missing, n.pkg)
		}
	}
	return missing
}

// missingFiles says which files are wanted of packages.
func missingFiles(packages []string) []string {
	var lines []string
	for _, n := range needed {
		if slices.Contains(packages, n.pkg) {
			lines = append(lines, fmt.Sprintf("  %s, for %s", n.pkg, n.file))
		}
	}
	return lines
}

// systemPath is where the node's programs look for others. It does not depend
// on the user's PATH, which often lacks the sbin folders.
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func findProgram(name string) (string, error) {
	for dir := range strings.SplitSeq(systemPath, ":") {
		path := dir + "/" + name
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not in %s", name, systemPath)
}
