package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"text/tabwriter"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// ui is how people reach the user interface of a product. One without a Secret asks nobody who they are.
type ui struct {
	Service string   `json:"service"`
	Port    int      `json:"port"`
	Secret  string   `json:"secret"`
	Keys    []string `json:"keys"`
}

// workloads are the kinds of which the table has a line each.
var workloads = []schema.GroupVersionKind{
	{Group: "apps", Version: "v1", Kind: "StatefulSet"},
	{Group: "apps", Version: "v1", Kind: "Deployment"},
	{Group: "batch", Version: "v1", Kind: "CronJob"},
}

// printWorkloads writes a table of what runs in a namespace: kind, name, and how many pods are ready, or when it ran last.
func printWorkloads(ctx context.Context, cluster *kube.Cluster, namespace string, to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHAT\tAS\tSTATE")
	for _, kind := range workloads {
		items, err := cluster.List(ctx, kind, namespace, platformLabel+"="+namespace)
		if err != nil {
			return err
		}
		for _, item := range items {
			labels := item.GetLabels()
			fmt.Fprintf(table, "%s %s\t%s/%s\t%s\n", labels["app.kubernetes.io/name"], labels["app.kubernetes.io/instance"], kind.Kind, item.GetName(), stateOf(item))
		}
	}
	return table.Flush()
}

func stateOf(item unstructured.Unstructured) string {
	if item.GetKind() == "CronJob" {
		if last, found, _ := unstructured.NestedString(item.Object, "status", "lastSuccessfulTime"); found {
			return "succeeded at " + last
		}
		return "runs when Airflow says so"
	}
	want, _, _ := unstructured.NestedInt64(item.Object, "spec", "replicas")
	ready, _, _ := unstructured.NestedInt64(item.Object, "status", "readyReplicas")
	return fmt.Sprintf("%d of %d pods ready", ready, want)
}

// printUIs writes how to open each user interface.
func printUIs(ctx context.Context, cluster *kube.Cluster, kubeconfig, namespace string, uis map[string]ui, to io.Writer) error {
	program := "kubectl"
	if _, err := exec.LookPath(program); err != nil {
		program = "go -C internal/localcluster run . kubectl" // that of the cluster, which is built where it is not there yet
	}
	kubectl := fmt.Sprintf("%s --kubeconfig %s -n %s", program, kubeconfig, namespace)
	for _, name := range slices.Sorted(maps.Keys(uis)) {
		u := uis[name]
		forward := fmt.Sprintf("  %s port-forward service/%s %d\n", kubectl, u.Service, u.Port)
		if u.Secret == "" {
			fmt.Fprintf(to, "%s: http://localhost:%d\n%s", name, u.Port, forward)
			continue
		}
		values, err := readSecret(ctx, cluster, namespace, u.Secret, u.Keys[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(to, "%s: http://localhost:%d as user %s\n%s  %s get secret %s -o jsonpath='{.data.%s}' | base64 -d # the password\n",
			name, u.Port, values[u.Keys[0]], forward, kubectl, u.Secret, u.Keys[1])
	}
	return nil
}
