package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cluster is a Kubernetes cluster that this program can look after.
type cluster interface {
	// up starts what does not run yet and waits until it can be used.
	up(context.Context, options) error
	// down stops the cluster. With purge its data goes too.
	down(_ context.Context, purge bool) error
	status(context.Context, io.Writer) error
	// load gives an image archive to the nodes, under further names too.
	load(_ context.Context, archive string, names []string) error
	// logs prints one component's log, or the end of every log.
	logs(_ context.Context, component string, w io.Writer) error
	kubeconfig() string
}

const (
	profileNode = "node" // a kubelet that runs containers
	profileAPI  = "api"  // no kubelet: nodes and pods are kept by KWOK

	// maxID keeps the address ranges of clusters apart, see addresses.
	maxID = 63
)

// options are what the command line and the environment ask for.
type options struct {
	id      int
	profile string // empty: as the cluster was made, else profileNode
	timeout time.Duration
}

func (o options) validate() error {
	if o.id < 0 || o.id > maxID {
		return fmt.Errorf("the cluster's number (--id, ANALYTICS_CLUSTER_ID) must be from 0 to %d", maxID)
	}
	switch o.profile {
	case "", profileNode, profileAPI:
		return nil
	}
	return fmt.Errorf("the profile (--profile, ANALYTICS_CLUSTER_PROFILE) must be %q or %q, not %q", profileNode, profileAPI, o.profile)
}

// choose picks the cluster that up starts, and says which and why.
func (o options) choose(ctx context.Context) (cluster, error) {
	dir, err := clusterDir(o.id)
	if err != nil {
		return nil, err
	}
	if file := os.Getenv("ANALYTICS_KUBECONFIG"); file != "" {
		progress("using the cluster of %s, because ANALYTICS_KUBECONFIG names it", file)
		return external{file: file}, nil
	}
	if kind, err := os.ReadFile(filepath.Join(dir, "kind")); err == nil {
		progress("cluster %d was made as %s", o.id, kind)
		return o.named(string(kind), dir)
	}
	switch {
	case o.profile == profileAPI:
		progress("embedded cluster %d: only it has the profile %q", o.id, profileAPI)
		return o.named(kindEmbedded, dir)
	case dockerWorks(ctx):
		progress("kind cluster %d: a Docker engine answers", o.id)
		return o.named(kindKind, dir)
	}
	progress("embedded cluster %d: no Docker engine answers", o.id)
	return o.named(kindEmbedded, dir)
}

// existing is the cluster that the commands other than up work on.
func (o options) existing(context.Context) (cluster, error) {
	if file := os.Getenv("ANALYTICS_KUBECONFIG"); file != "" {
		return external{file: file}, nil
	}
	dir, err := clusterDir(o.id)
	if err != nil {
		return nil, err
	}
	kind, err := os.ReadFile(filepath.Join(dir, "kind"))
	if errors.Is(err, os.ErrNotExist) {
		return o.named(kindEmbedded, dir)
	}
	if err != nil {
		return nil, err
	}
	return o.named(string(kind), dir)
}

const (
	kindEmbedded = "embedded"
	kindKind     = "kind"
)

func (o options) named(kind, dir string) (cluster, error) {
	switch kind {
	case kindEmbedded:
		return newEmbedded(o.id, dir)
	case kindKind:
		return kindCluster{id: o.id, dir: dir}, nil
	}
	return nil, fmt.Errorf("%s holds %q, which is no kind of cluster: remove the folder", filepath.Join(dir, "kind"), kind)
}

// remember notes what a cluster's folder belongs to.
func remember(dir, kind string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, "kind"), []byte(kind))
}

func dockerWorks(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", "info", "--format", "{{.ServerVersion}}").Output()
	return err == nil && strings.TrimSpace(string(out)) != ""
}

// started is when the program began; progress counts from it.
var started = time.Now()

// progress tells the user what happens, with the seconds since the start.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1f s  %s\n", time.Since(started).Seconds(), fmt.Sprintf(format, args...))
}
