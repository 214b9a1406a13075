// Command demo applies examples/demo to a cluster with the provider as it is built from this repository: it writes an object and reads
// it back, waits for what the programs do on their schedules, says what landed where, and shows that a second plan is empty.
//
//	demo -cli PATH -kubeconfig PATH -dir DIR apply|destroy
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

func main() {
	cli := flag.String("cli", "terraform", "terraform or tofu")
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of the cluster to use")
	dir := flag.String("dir", "", "directory for the provider, the configuration and the state")
	image := flag.String("image", "docker.io/pgsty/minio:RELEASE.2026-08-04T00-00-00Z", "image of MinIO's server")
	index := flag.String("index", "", "image of a package index, where pods do not reach PyPI")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, settings{*cli, *kubeconfig, *dir, *image, *index}, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct{ cli, kubeconfig, dir, image, index string }

func run(ctx context.Context, s settings, command string) error {
	if s.kubeconfig == "" || s.dir == "" {
		return errors.New("-kubeconfig and -dir are needed")
	}
	config, err := kube.Connection{ConfigPath: s.kubeconfig}.RESTConfig()
	if err != nil {
		return err
	}
	cluster, err := kube.New(config)
	if err != nil {
		return err
	}
	// A state belongs to one cluster.
	identity, err := cluster.Identity(ctx)
	if err != nil {
		return fmt.Errorf("the cluster of %s does not answer: %w", s.kubeconfig, err)
	}
	w, err := newWorkspace(ctx, s, identity)
	if err != nil {
		return err
	}
	switch command {
	case "apply":
		return apply(ctx, cluster, w)
	case "destroy":
		return destroy(ctx, cluster, w)
	}
	return fmt.Errorf("%q is neither apply nor destroy", command)
}

func apply(ctx context.Context, cluster *kube.Cluster, w *workspace) error {
	if err := ensureNamespace(ctx, cluster); err != nil {
		return err
	}
	token, err := ensureToken(ctx, cluster)
	if err != nil {
		return err
	}
	w.token = token
	t := &timings{}
	if err := t.measure("apply", func() error { return w.run(ctx, "apply", "-auto-approve") }); err != nil {
		return err
	}
	made, err := w.outputs(ctx)
	if err != nil {
		return err
	}
	err = t.measure("write and read an object", func() error {
		s, err := newStorage(ctx, cluster, made.S3.Value["app"])
		if err != nil {
			return err
		}
		return s.writeAndRead(ctx)
	})
	if err != nil {
		return err
	}
	err = t.measure("what the programs did", func() error {
		s, err := newStorage(ctx, cluster, made.S3.Value["etl"])
		if err != nil {
			return err
		}
		return landed(ctx, cluster, s, made.API.Value, token)
	})
	if err != nil {
		return err
	}
	err = t.measure("plan without changes", func() error {
		return w.run(ctx, "plan", "-detailed-exitcode")
	})
	if err != nil {
		return fmt.Errorf("a second plan is not empty: %w", err)
	}
	t.print()
	fmt.Printf("\nAll runs in namespace %s, MinIO at %s, and the state is in %s.\n", namespace, made.S3.Value["app"].Endpoint, w.config)
	fmt.Println("Remove it with make demo-destroy, and the local cluster with make cluster-down.")
	return nil
}

func destroy(ctx context.Context, cluster *kube.Cluster, w *workspace) error {
	// A write-only value is asked for even where it is used no more.
	token, err := readToken(ctx, cluster)
	if err != nil {
		return err
	}
	w.token = token
	if err := w.run(ctx, "destroy", "-auto-approve"); err != nil {
		return err
	}
	return removeNamespace(ctx, cluster)
}

// timings are how long the steps took.
type timings []struct {
	step string
	took time.Duration
}

func (t *timings) measure(step string, do func() error) error {
	fmt.Printf("\n== %s\n", step)
	start := time.Now()
	err := do()
	*t = append(*t, struct {
		step string
		took time.Duration
	}{step, time.Since(start)})
	return err
}

func (t *timings) print() {
	fmt.Println()
	for _, x := range *t {
		fmt.Printf("%-26s %s\n", x.step, x.took.Round(100*time.Millisecond))
	}
}
