package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// browserPackages are a browser that needs no screen, and a typeface.
var browserPackages = []string{"chromium-headless-shell", "fonts-liberation", "fonts-dejavu-core"}

// browsers are the names that Chromium has on PATH.
var browsers = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}

// browserScript runs Chromium with the tree of packages as its root, in a mount
// namespace of its own. It shares the folder for temporary files.
const browserScript = `#!/bin/sh
exec unshare --mount --propagation private sh -ec '
root=%s
for dir in dev proc sys tmp; do
  mkdir -p "$root/$dir"
  mount --rbind "/$dir" "$root/$dir"
done
HOME=/tmp exec chroot "$root" /usr/lib/chromium/chromium-headless-shell "$@"' sh "$@"
`

// browser gives the path of a Chromium: that of Debian's packages, which is the same
// one on every machine, where this program may have a root for it, else the one on
// PATH. The files that it writes must be in /tmp.
func browser(ctx context.Context) (string, error) {
	_, err := exec.LookPath("apt-get")
	if runtime.GOOS == "linux" && os.Geteuid() == 0 && err == nil {
		root, err := debianTree(ctx, trixie, browserPackages...)
		if err != nil {
			return "", err
		}
		dir, err := cacheDir("browser")
		if err != nil {
			return "", err
		}
		script := filepath.Join(dir, "chromium")
		return script, os.WriteFile(script, fmt.Appendf(nil, browserScript, root), 0o755)
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("none of %s is on PATH: install Chromium", strings.Join(browsers, ", "))
}
