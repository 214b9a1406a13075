package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// namespace holds all of the demo.
const namespace = "analytics-demo"

// madeByDemo marks the namespace as one that the demo may delete.
const madeByDemo = "terraform-provider-analytics-demo"

var namespaceRef = kube.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, Name: namespace}

// ensureNamespace makes the namespace, which admits only pods of the Pod Security Standard restricted.
func ensureNamespace(ctx context.Context, cluster *kube.Cluster) error {
	live, err := cluster.Get(ctx, namespaceRef)
	if err != nil {
		return err
	}
	if live != nil && !ours(live) {
		return fmt.Errorf("namespace %s exists and is not the demo's: delete or rename it", namespace)
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(namespaceRef.GroupVersionKind)
	object.SetName(namespace)
	object.SetLabels(map[string]string{
		"app.kubernetes.io/part-of":          madeByDemo,
		"pod-security.kubernetes.io/enforce": "restricted",
	})
	_, _, err = cluster.Apply(ctx, object, kube.ApplyOptions{Manager: madeByDemo})
	return err
}

// removeNamespace deletes the namespace with what destroy keeps: volumes and credentials.
func removeNamespace(ctx context.Context, cluster *kube.Cluster) error {
	live, err := cluster.Get(ctx, namespaceRef)
	if err != nil || live == nil {
		return err
	}
	if !ours(live) {
		return fmt.Errorf("namespace %s is not the demo's: it stays", namespace)
	}
	fmt.Printf("Deleting namespace %s with its volumes.\n", namespace)
	if err := cluster.Delete(ctx, namespaceRef, kube.DeleteOptions{UID: live.GetUID()}); err != nil {
		return err
	}
	return cluster.WaitGone(ctx, namespaceRef, "")
}

func ours(live *unstructured.Unstructured) bool {
	return live.GetLabels()["app.kubernetes.io/part-of"] == madeByDemo
}
