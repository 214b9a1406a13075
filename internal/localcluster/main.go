// Command localcluster builds, starts, checks and stops a real Kubernetes
// cluster on this machine, for the demo and the tests.
//
//	cd internal/localcluster && go run . up
//
// It needs neither Docker nor an image registry: the cluster's programs are
// built from their Go modules, and a set of Linux namespaces is its node. Where
// Docker works it makes the cluster with kind instead, and where
// ANALYTICS_KUBECONFIG names a cluster it uses that one and starts nothing.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// initCommand is the argument that makes this program process 1 of a node.
const initCommand = "node-init"

func main() {
	if len(os.Args) > 1 && os.Args[1] == initCommand {
		if err := runInit(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "node:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "localcluster:", err)
		os.Exit(1)
	}
}
