package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// external is a cluster that the user named. Nothing of it is started, stopped
// or changed.
type external struct{ file string }

func (e external) kubeconfig() string { return e.file }

func (e external) up(context.Context, options) error {
	if _, err := os.Stat(e.file); err != nil {
		return fmt.Errorf("ANALYTICS_KUBECONFIG: %w", err)
	}
	return nil
}

func (e external) down(context.Context, bool) error {
	progress("the cluster of %s was not started here and is left alone", e.file)
	return nil
}

func (e external) status(_ context.Context, w io.Writer) error {
	_, err := fmt.Fprintf(w, "the cluster of %s, named by ANALYTICS_KUBECONFIG\n", e.file)
	return err
}

var errExternal = errors.New("the cluster is named by ANALYTICS_KUBECONFIG, and its nodes cannot be reached from here")

func (e external) load(_ context.Context, archive string, _ []string) error {
	return fmt.Errorf("loading %s: %w: push the image to a registry that the cluster pulls from", archive, errExternal)
}

func (e external) logs(context.Context, string, io.Writer) error { return errExternal }
