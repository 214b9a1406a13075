// Command demo applies examples/platform to a cluster with the provider as it is built from this repository: it waits until Airflow has
// run the programs, says what they left in each system, shows that a second plan is empty, and how to open the user interfaces.
//
//	demo -cli PATH -kubeconfig PATH -dir DIR apply|destroy|screenshots
//
// screenshots does what apply does, and then takes pictures of the user interfaces.
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
	var s settings
	flag.StringVar(&s.cli, "cli", "terraform", "terraform or tofu")
	flag.StringVar(&s.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster to use")
	flag.StringVar(&s.dir, "dir", "", "directory for the provider, the configuration and the state")
	flag.StringVar(&s.index, "index", "", "image of a package index, where pods do not reach PyPI")
	flag.StringVar(&s.spark, "spark", "", "image of Spark with the jars for S3, where pods do not reach Maven Central")
	flag.StringVar(&s.browser, "browser", "", "Chromium, for screenshots")
	flag.StringVar(&s.pictures, "pictures", "docs/images", "directory for the screenshots")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct{ cli, kubeconfig, dir, index, spark, browser, pictures string }

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
	if w.variables, err = variables(ctx, cluster, s); err != nil {
		return err
	}
	// A write-only value is asked for even where it is used no more.
	if w.token, err = apiToken(ctx, cluster, w.namespace); err != nil {
		return err
	}
	switch command {
	case "apply":
		return apply(ctx, cluster, w)
	case "destroy":
		return destroy(ctx, cluster, w)
	case "screenshots":
		return takeScreenshots(ctx, cluster, w)
	}
	return fmt.Errorf("%q is none of apply, destroy and screenshots", command)
}

func apply(ctx context.Context, cluster *kube.Cluster, w *workspace) error {
	t := &timings{}
	if err := t.measure("apply", func() error { return w.run(ctx, "apply", "-auto-approve") }); err != nil {
		return err
	}
	made, err := w.outputs(ctx)
	if err != nil {
		return err
	}
	say := func(line string) { fmt.Println(line) }
	var run *dagRun
	err = t.measure("Airflow runs the programs", func() error {
		a, err := newAirflow(ctx, cluster, w.namespace, made.Airflow.Value, made.UI.Value["Airflow"].Secret)
		if err != nil {
			return err
		}
		if run, err = a.await(ctx, "", say); err != nil {
			return err
		}
		tasks, err := a.tasks(ctx, run.ID)
		fmt.Print(durations(tasks))
		return err
	})
	if err != nil {
		return err
	}
	err = t.measure("what is where now", func() error {
		_, err := landed(ctx, cluster, w.namespace, w.token, made, run, say)
		return err
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
	fmt.Printf("\nAll of this runs in namespace %s, and the state is in %s.\n\n", w.namespace, w.config)
	if err := printWorkloads(ctx, cluster, w.namespace, os.Stdout); err != nil {
		return err
	}
	fmt.Println()
	if err := printUIs(ctx, cluster, w.kubeconfig, w.namespace, made.UI.Value, os.Stdout); err != nil {
		return err
	}
	fmt.Println("\nRemove it with make demo-destroy, and the local cluster with make cluster-down.")
	return nil
}

func destroy(ctx context.Context, cluster *kube.Cluster, w *workspace) error {
	if err := w.run(ctx, "destroy", "-auto-approve"); err != nil {
		return err
	}
	return removeNamespace(ctx, cluster, w.namespace)
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
		fmt.Printf("%-28s %s\n", x.step, x.took.Round(100*time.Millisecond))
	}
}
