package main

import (
	"context"
	"fmt"
	"net"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// serviceOf returns a Service, which must exist.
func serviceOf(ctx context.Context, cluster *kube.Cluster, namespace, name string) (*unstructured.Unstructured, error) {
	ref := kube.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Service"}, Namespace: namespace, Name: name}
	service, err := cluster.Get(ctx, ref)
	if err == nil && service == nil {
		err = fmt.Errorf("%s does not exist", ref)
	}
	return service, err
}

// dialService connects to a running pod behind a Service.
func dialService(ctx context.Context, cluster *kube.Cluster, namespace, name string, port int) (net.Conn, error) {
	service, err := serviceOf(ctx, cluster, namespace, name)
	if err != nil {
		return nil, err
	}
	selector, _, err := unstructured.NestedStringMap(service.Object, "spec", "selector")
	if err != nil {
		return nil, err
	}
	pods, err := cluster.List(ctx, schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, namespace, labels.SelectorFromSet(selector).String())
	if err != nil {
		return nil, err
	}
	for _, pod := range pods {
		if phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase"); phase == "Running" {
			return cluster.Dial(ctx, namespace, pod.GetName(), port)
		}
	}
	return nil, fmt.Errorf("no pod of %s runs", kube.RefOf(service))
}
