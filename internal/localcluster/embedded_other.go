//go:build !linux

package main

import (
	"errors"
	"runtime"
)

var errNotLinux = errors.New("the embedded cluster needs Linux, and this is " + runtime.GOOS +
	": start Docker, which kind then uses, or name a cluster in ANALYTICS_KUBECONFIG")

func newEmbedded(int, string) (cluster, error) { return nil, errNotLinux }

func isEmbedded(cluster) bool { return false }

func runInit(string) error { return errNotLinux }
