package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// kindModule is kind, as this program runs it: a node image only fits the
	// release that it was built for.
	kindModule = "sigs.k8s.io/kind@v0.33.0"
	// kindImage is that release's node. ANALYTICS_KIND_IMAGE names another.
	kindImage = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
)

// kindCluster is a cluster that kind keeps in Docker containers.
type kindCluster struct {
	id  int
	dir string
}

func (k kindCluster) name() string       { return fmt.Sprintf("analytics-%d", k.id) }
func (k kindCluster) kubeconfig() string { return filepath.Join(k.dir, "kubeconfig") }

// node is the container that is the cluster's only node.
func (k kindCluster) node() string { return k.name() + "-control-plane" }

// made is a file that exists once the cluster is complete.
func (k kindCluster) made() string { return filepath.Join(k.dir, "made") }

func (k kindCluster) kind(ctx context.Context, args ...string) (string, error) {
	return runCommand(ctx, nil, "go", append([]string{"run", kindModule}, args...)...)
}

// inNode runs a program in the node.
func (k kindCluster) inNode(ctx context.Context, stdin []byte, args ...string) (string, error) {
	return runCommand(ctx, stdin, "docker", append([]string{"exec", "--interactive", k.node()}, args...)...)
}

// kubectl runs the node's own kubectl as the cluster's administrator.
func (k kindCluster) kubectl(ctx context.Context, stdin []byte, args ...string) error {
	_, err := k.inNode(ctx, stdin, append([]string{"kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "--namespace=kube-system"}, args...)...)
	return err
}

func (k kindCluster) up(ctx context.Context, opts options) error {
	if opts.profile == profileAPI {
		return fmt.Errorf("kind has no profile %q: take another --id, or remove this cluster with down --purge", profileAPI)
	}
	unlock, err := lock(ctx, k.name(), "another up or down of this cluster")
	if err != nil {
		return err
	}
	defer unlock()
	if !dockerWorks(ctx) {
		return fmt.Errorf("cluster %d is kind's, and no Docker engine answers: start Docker, or take another --id for an embedded cluster", k.id)
	}
	if err := remember(k.dir, kindKind); err != nil {
		return err
	}
	running, err := k.running(ctx)
	if err != nil {
		return err
	}
	if running && exists(k.made()) {
		if _, err := runCommand(ctx, nil, "docker", "start", k.node()); err != nil { // Docker itself may have been stopped since
			return err
		}
		if _, err := k.kind(ctx, "export", "kubeconfig", "--name", k.name(), "--kubeconfig", k.kubeconfig()); err != nil {
			return err
		}
	} else if err := k.create(ctx, opts.timeout); err != nil {
		return err
	}
	timeout := "--timeout=" + opts.timeout.String()
	if err := k.kubectl(ctx, nil, "wait", "--for=condition=Ready", "node", "--all", timeout); err != nil {
		return err
	}
	for _, name := range []string{"volumes", "metrics-server"} {
		if err := k.kubectl(ctx, nil, "rollout", "status", "deployment/"+name, timeout); err != nil {
			return err
		}
	}
	progress("cluster %d is ready", k.id)
	return nil
}

// create makes the cluster anew, with what kind's own clusters lack: metrics,
// and volumes that grow. Policies of the network they do enforce.
func (k kindCluster) create(ctx context.Context, timeout time.Duration) error {
	image := cmp.Or(os.Getenv("ANALYTICS_KIND_IMAGE"), kindImage)
	// What a predecessor that was killed has left is not worth repairing.
	if _, err := k.kind(ctx, "delete", "cluster", "--name", k.name(), "--kubeconfig", k.kubeconfig()); err != nil {
		return err
	}
	progress("creating a cluster of %s", image)
	if _, err := k.kind(ctx, "create", "cluster", "--name", k.name(), "--image", image, "--kubeconfig", k.kubeconfig(), "--wait", timeout.String()); err != nil {
		return err
	}
	// A StorageClass's driver cannot be changed.
	if err := k.kubectl(ctx, nil, "delete", "storageclass", "standard", "--ignore-not-found"); err != nil {
		return err
	}
	for _, name := range []string{"kind/storage", "metrics"} {
		data, err := render("addons/"+name+".yaml", settings{MetricsImage: metricsImage, KubeletSelfSigned: true})
		if err != nil {
			return err
		}
		if err := k.kubectl(ctx, data, "apply", "--server-side", "--filename=-"); err != nil {
			return err
		}
	}
	return writeWhole(k.made(), nil)
}

func (k kindCluster) running(ctx context.Context) (bool, error) {
	out, err := k.kind(ctx, "get", "clusters")
	return slices.Contains(strings.Fields(out), k.name()), err
}

// down removes the cluster: kind cannot stop one and start it again.
func (k kindCluster) down(ctx context.Context, _ bool) error {
	unlock, err := lock(ctx, k.name(), "another up or down of this cluster")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := k.kind(ctx, "delete", "cluster", "--name", k.name(), "--kubeconfig", k.kubeconfig()); err != nil {
		return err
	}
	progress("cluster %d is removed", k.id)
	return os.RemoveAll(k.dir)
}

func (k kindCluster) status(ctx context.Context, w io.Writer) error {
	running, err := k.running(ctx)
	if err != nil {
		return err
	}
	state := "not made yet"
	if running {
		state = "running"
	}
	_, err = fmt.Fprintf(w, "kind cluster %s: %s\nkubeconfig: %s\n", k.name(), state, k.kubeconfig())
	return err
}

func (k kindCluster) load(ctx context.Context, archive string, names []string) error {
	if _, err := k.kind(ctx, "load", "image-archive", archive, "--name", k.name()); err != nil {
		return err
	}
	stored, err := archiveNames(archive)
	if err != nil || len(stored) == 0 || len(names) == 0 {
		return err
	}
	for _, n := range names {
		if _, err := k.inNode(ctx, nil, "ctr", "--namespace", "k8s.io", "images", "tag", "--force", stored[0], n); err != nil {
			return err
		}
	}
	return nil
}

func (k kindCluster) logs(ctx context.Context, _ string, w io.Writer) error {
	dir, err := os.MkdirTemp("", "analytics-logs-")
	if err != nil {
		return err
	}
	if _, err := k.kind(ctx, "export", "logs", dir, "--name", k.name()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "the logs are in %s\n", dir)
	return err
}
