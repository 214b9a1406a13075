//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// embedded is a cluster whose node is a set of namespaces on this machine.
//
// One process, the supervisor (see supervisor.go), is process 1 of them. When
// it ends, the kernel ends all other processes of the node and drops their
// mounts, interfaces and firewall rules.
type embedded struct {
	id  int
	dir string // of everything the cluster writes
}

func newEmbedded(id int, dir string) (cluster, error) { return embedded{id: id, dir: dir}, nil }

func isEmbedded(c cluster) bool {
	_, is := c.(embedded)
	return is
}

func (c embedded) name() string         { return fmt.Sprintf("analytics-%d", c.id) }
func (c embedded) addresses() addresses { return addressesOf(c.id) }

// hostInterface is the machine's end of the cable to the node.
func (c embedded) hostInterface() string { return fmt.Sprintf("anc%d", c.id) }

// cgroup is the parent of the pods' control groups.
func (c embedded) cgroup() string { return fmt.Sprintf("anc%d", c.id) }

func (c embedded) kubeconfig() string       { return c.path("pki", "admin.conf") }
func (c embedded) containerdSocket() string { return c.path("containerd.sock") }

func (c embedded) path(elem ...string) string {
	return filepath.Join(append([]string{c.dir}, elem...)...)
}

// profile is what the cluster was made as, or empty.
func (c embedded) profile() (string, error) {
	data, err := os.ReadFile(c.path("profile"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

// decideProfile settles the profile once and for all: what is stored by a
// cluster of one profile makes no sense to the other.
func (c embedded) decideProfile(asked string) (string, error) {
	made, err := c.profile()
	if err != nil {
		return "", err
	}
	switch {
	case made == "":
		if asked == "" {
			asked = profileNode
		}
		return asked, writeWhole(c.path("profile"), []byte(asked))
	case asked == "" || asked == made:
		return made, nil
	}
	return "", fmt.Errorf("cluster %d was made with the profile %q, not %q: take another --id, or remove it with down --purge", c.id, made, asked)
}

func (c embedded) settings() settings {
	return settings{
		Dir:          c.dir,
		Cgroup:       c.cgroup(),
		NodeName:     nodeName,
		Arch:         runtime.GOARCH,
		Addresses:    c.addresses(),
		PauseImage:   pauseImage,
		CoreDNSImage: coreDNSImage,
		MetricsImage: metricsImage,
	}
}

// writeConfig renders the configuration of the node's programs. It is done
// before they start only: kube-proxy ends when its file is touched.
func (c embedded) writeConfig() error {
	if err := os.MkdirAll(c.path("config", "cni"), 0o755); err != nil {
		return err
	}
	for name, target := range map[string]string{
		"containerd.toml": "containerd.toml",
		"cni.conflist":    "cni/10-analytics.conflist",
		"kubelet.yaml":    "kubelet.yaml",
		"proxy.yaml":      "proxy.yaml",
		"resolv.conf":     "resolv.conf",
	} {
		data, err := render("config/"+name, c.settings())
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.path("config", filepath.FromSlash(target)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// components are the components that a profile needs.
func (c embedded) components(profile string) []string {
	if profile == profileAPI {
		return []string{"kubernetes", "kwok", "csi", "volumes"}
	}
	return []string{"kubernetes", "containerd", "coredns", "csi", "volumes", "netpol", "pause", "metrics-server"}
}

// kubectl runs kubectl as the cluster's administrator.
func (c embedded) kubectl(ctx context.Context, built builds, stdin []byte, args ...string) (string, error) {
	return runCommand(ctx, stdin, built.program("kubernetes", "kubectl"), append([]string{"--kubeconfig", c.kubeconfig(), "--request-timeout=10s"}, args...)...)
}

// ctr runs containerd's client on the node's images.
func (c embedded) ctr(ctx context.Context, built builds, args ...string) (string, error) {
	return runCommand(ctx, nil, built.program("containerd", "ctr"), append([]string{"--address", c.containerdSocket(), "--namespace", "k8s.io"}, args...)...)
}

func (c embedded) apply(ctx context.Context, built builds, names ...string) error {
	var all []string
	for _, name := range names {
		data, err := render("addons/"+name+".yaml", c.settings())
		if err != nil {
			return err
		}
		all = append(all, string(data))
	}
	_, err := c.kubectl(ctx, built, []byte(strings.Join(all, "\n---\n")), "apply", "--server-side", "--force-conflicts", "-f", "-")
	return err
}

// ownImages are the archives of the images that the node itself needs.
func (c embedded) ownImages(ctx context.Context, profile string) ([]string, error) {
	if profile == profileAPI {
		return nil, nil
	}
	var archives []string
	for _, image := range []string{pauseImage, coreDNSImage, metricsImage} {
		entry, err := findImage(image)
		if err != nil {
			return nil, err
		}
		archive, err := entry.assemble(ctx)
		if err != nil {
			return nil, err
		}
		archives = append(archives, archive)
	}
	return archives, nil
}
