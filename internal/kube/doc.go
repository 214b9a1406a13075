// Package kube is the cluster: connecting, applying, reading, waiting, diagnosing.
package kube
