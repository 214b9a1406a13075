package acctest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Advertise has a node advertise an extended resource, such as "nvidia.com/gpu", by its capacity, and returns the node's name when pods can
// ask for it. Kubernetes counts it like that of a device plugin; the devices are not there. The node advertises it no more after the test.
func (c *Cluster) Advertise(t testing.TB, resource string, amount int) string {
	t.Helper()
	nodes, err := c.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(nodes.Items) == 0 {
		t.Fatalf("there are %d nodes (%v)", len(nodes.Items), err)
	}
	node := nodes.Items[0].Name
	path := "/status/capacity/" + strings.ReplaceAll(resource, "/", "~1")
	patch := func(ctx context.Context, operation string) error {
		_, err := c.CoreV1().Nodes().Patch(ctx, node, types.JSONPatchType, []byte(operation), metav1.PatchOptions{}, "status")
		return err
	}
	if err := patch(t.Context(), fmt.Sprintf(`[{"op": "add", "path": %q, "value": "%d"}]`, path, amount)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := patch(ctx, fmt.Sprintf(`[{"op": "remove", "path": %q}]`, path)); err != nil {
			t.Errorf("node %s advertises %s still: %v", node, resource, err)
		}
	})
	Eventually(t, time.Minute, func() string {
		if !c.Advertises(t, resource) {
			return "no pod can ask for " + resource
		}
		return ""
	})
	return node
}

// Advertises reports whether a node has an extended resource for pods.
func (c *Cluster) Advertises(t testing.TB, resource string) bool {
	t.Helper()
	nodes, err := c.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes.Items {
		for name, quantity := range node.Status.Allocatable {
			if string(name) == resource && !quantity.IsZero() {
				return true
			}
		}
	}
	return false
}
