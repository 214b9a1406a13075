package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// contentsParallel is how many kinds are listed at once.
const contentsParallel = 8

// Contents lists what a namespace holds, of all kinds: those objects that nobody would miss are left out, namely what Kubernetes makes
// in every namespace by itself, what goes with its controller, and what is on its way out. unlisted names the kinds that the role may
// not list.
func (c *Cluster) Contents(ctx context.Context, namespace string) (objects []metav1.PartialObjectMetadata, unlisted []string, err error) {
	kinds, err := c.storedKinds(ctx)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(contentsParallel)
	for gvr, gvk := range kinds {
		group.Go(func() error {
			list, err := c.listMetadata(ctx, gvr, namespace)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case apierrors.IsForbidden(err):
				unlisted = append(unlisted, gvr.GroupResource().String())
				return nil
			case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
				return nil
			case err != nil:
				return fmt.Errorf("listing %s in namespace %q: %w", gvr.GroupResource(), namespace, err)
			}
			for _, item := range list {
				item.SetGroupVersionKind(gvk)
				if !isIncidental(&item) {
					objects = append(objects, item)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	slices.Sort(unlisted)
	slices.SortFunc(objects, func(a, b metav1.PartialObjectMetadata) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return objects, unlisted, nil
}

// listMetadata lists the objects of a kind in a namespace without what they hold.
func (c *Cluster) listMetadata(ctx context.Context, gvr schema.GroupVersionResource, namespace string) ([]metav1.PartialObjectMetadata, error) {
	root := "/apis/" + gvr.GroupVersion().String()
	if gvr.Group == "" {
		root = "/api/" + gvr.Version
	}
	body, err := c.rest.Get().AbsPath(root, "namespaces", namespace, gvr.Resource).
		SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	var list metav1.PartialObjectMetadataList
	err = json.Unmarshal(body, &list)
	return list.Items, err
}

// incidentalKinds hold nothing that anybody has made or would miss.
var incidentalKinds = map[string]bool{"Event": true, "Endpoints": true, "EndpointSlice": true, "Lease": true, "ControllerRevision": true}

// incidentalNames are the objects that Kubernetes, or OpenShift, makes in every namespace.
var incidentalNames = []string{
	"ServiceAccount/default", "ServiceAccount/builder", "ServiceAccount/deployer",
	"ConfigMap/kube-root-ca.crt", "ConfigMap/openshift-service-ca.crt",
}

func isIncidental(live *metav1.PartialObjectMetadata) bool {
	switch {
	case live.GetDeletionTimestamp() != nil, metav1.GetControllerOf(live) != nil, incidentalKinds[live.Kind]:
		return true
	case live.Kind == "RoleBinding" && strings.HasPrefix(live.GetName(), "system:"):
		return true
	case live.Kind == "Secret" && live.GetAnnotations()["kubernetes.io/service-account.name"] != "":
		// A token, which is worth nothing without its service account.
		return true
	}
	return slices.Contains(incidentalNames, live.Kind+"/"+live.GetName())
}

// storedKinds are those whose objects live in namespaces and can be made, listed and deleted: each in the version that the server
// prefers.
func (c *Cluster) storedKinds(ctx context.Context) (map[schema.GroupVersionResource]schema.GroupVersionKind, error) {
	versions := []string{"v1"}
	var groups metav1.APIGroupList
	if err := c.document(ctx, "/apis", &groups); err != nil {
		return nil, err
	}
	for _, g := range groups.Groups {
		versions = append(versions, g.PreferredVersion.GroupVersion)
	}
	kinds := map[schema.GroupVersionResource]schema.GroupVersionKind{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(contentsParallel)
	for _, version := range versions {
		group.Go(func() error {
			path := "/apis/" + version
			if version == "v1" {
				path = "/api/v1"
			}
			body, err := c.rest.Get().AbsPath(path).SetHeader("Accept", "application/json").DoRaw(ctx)
			if apierrors.IsServiceUnavailable(err) || apierrors.IsNotFound(err) {
				// An API server of an extension that is away. What it serves is its own, metrics for instance.
				return nil
			}
			if err != nil {
				return fmt.Errorf("asking which kinds %s has: %w", version, err)
			}
			var list metav1.APIResourceList
			if err := json.Unmarshal(body, &list); err != nil {
				return fmt.Errorf("asking which kinds %s has: %w", version, err)
			}
			gv, err := schema.ParseGroupVersion(version)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, r := range list.APIResources {
				stored := slices.Contains(r.Verbs, "create") && slices.Contains(r.Verbs, "list") && slices.Contains(r.Verbs, "delete")
				if r.Namespaced && stored && !strings.Contains(r.Name, "/") {
					kinds[gv.WithResource(r.Name)] = gv.WithKind(r.Kind)
				}
			}
			return nil
		})
	}
	return kinds, group.Wait()
}
