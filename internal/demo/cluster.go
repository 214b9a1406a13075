package main

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// platformLabel marks all objects of the example, with the name of its namespace.
const platformLabel = "platform"

func namespaceRef(name string) kube.Ref {
	return kube.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, Name: name}
}

// removeNamespace deletes the namespace with what destroy keeps: volumes and credentials.
func removeNamespace(ctx context.Context, cluster *kube.Cluster, name string) error {
	ref := namespaceRef(name)
	live, err := cluster.Get(ctx, ref)
	if err != nil || live == nil {
		return err
	}
	if live.GetLabels()[platformLabel] != name {
		return fmt.Errorf("namespace %s is not the demo's: it stays", name)
	}
	fmt.Printf("Deleting namespace %s with its volumes.\n", name)
	if err := cluster.Delete(ctx, ref, kube.DeleteOptions{UID: live.GetUID()}); err != nil {
		return err
	}
	return cluster.WaitGone(ctx, ref, "")
}

// apiServerCIDRs are the addresses at which pods find the API server: that of its Service, and those behind it.
func apiServerCIDRs(ctx context.Context, cluster *kube.Cluster) ([]string, error) {
	const namespace, name = "default", "kubernetes"
	service, err := serviceOf(ctx, cluster, namespace, name)
	if err != nil {
		return nil, err
	}
	addresses, _, err := unstructured.NestedStringSlice(service.Object, "spec", "clusterIPs")
	if err != nil {
		return nil, err
	}
	slices, err := cluster.List(ctx, schema.GroupVersionKind{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}, namespace, "kubernetes.io/service-name="+name)
	if err != nil {
		return nil, err
	}
	for _, slice := range slices {
		endpoints, _, err := unstructured.NestedSlice(slice.Object, "endpoints")
		if err != nil {
			return nil, err
		}
		for _, endpoint := range endpoints {
			fields, _ := endpoint.(map[string]any)
			more, _, err := unstructured.NestedStringSlice(fields, "addresses")
			if err != nil {
				return nil, err
			}
			addresses = append(addresses, more...)
		}
	}
	var out []string
	for _, address := range addresses {
		bits := "/32"
		if strings.Contains(address, ":") {
			bits = "/128"
		}
		out = append(out, address+bits)
	}
	return out, nil
}
