package kube

import (
	"context"
	"strconv"
	"sync"

	"golang.org/x/sync/singleflight"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// observed holds one LIST per kind and namespace, so that the refresh of many resources costs few requests.
type observed struct {
	flight singleflight.Group

	mu    sync.Mutex
	lists map[listKey]*listing
}

// listKey names a LIST: a kind in a namespace.
type listKey struct {
	schema.GroupVersionKind
	namespace string
}

// listing is what a LIST gave; items is nil while it was never asked or is out of date.
type listing struct {
	generation int // counts the writes, so that a LIST that was under way during one is not kept
	items      map[string]*unstructured.Unstructured
	forbidden  bool // the role may not list; every object is then read by its name
}

func newObserved() *observed { return &observed{lists: map[listKey]*listing{}} }

// at returns the listing of a key. The caller holds the lock.
func (o *observed) at(key listKey) *listing {
	l := o.lists[key]
	if l == nil {
		l = &listing{}
		o.lists[key] = l
	}
	return l
}

// invalidate forgets what was listed of the kind and namespace of an object that was written.
func (o *observed) invalidate(ref Ref) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, namespaced := resourceFor(ref.GroupVersionKind); !namespaced {
		ref.Namespace = ""
	}
	l := o.at(listKey{ref.GroupVersionKind, ref.Namespace})
	l.generation++
	l.items = nil
	if ref.Kind == "Namespace" && ref.Group == "" {
		// Whatever lives in a namespace goes with it.
		for key, other := range o.lists {
			if key.namespace == ref.Name {
				other.generation++
				other.items = nil
			}
		}
	}
}

// Observe reads an object for a refresh. Objects with the provider's label come from one LIST per kind and namespace; one that is
// missing there is asked for by name, because only the server's NotFound means that it is gone: (nil, nil). So is each where the role
// has no right to list, as many have none for Secrets. A write through this Cluster makes the next Observe list again.
func (c *Cluster) Observe(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	key := listKey{ref.GroupVersionKind, ref.Namespace}
	if _, namespaced := resourceFor(ref.GroupVersionKind); !namespaced {
		key.namespace = ""
	}
	items, err := c.listObserved(ctx, key)
	if err != nil {
		return nil, err
	}
	if found := items[ref.Name]; found != nil {
		return found.DeepCopy(), nil
	}
	return c.Get(ctx, ref)
}

// listObserved returns the listed objects of a key by name; nil when there is nothing to go by and objects must be read by name.
func (c *Cluster) listObserved(ctx context.Context, key listKey) (map[string]*unstructured.Unstructured, error) {
	c.cache.mu.Lock()
	l := c.cache.at(key)
	items, forbidden, generation := l.items, l.forbidden, l.generation
	c.cache.mu.Unlock()
	if items != nil || forbidden {
		return items, nil
	}

	options := metav1.ListOptions{LabelSelector: ManagedByLabel + "=" + FieldManager}
	if key.Group == "" && key.Kind == "Secret" {
		options.FieldSelector = fields.OneTermNotEqualSelector("type", ClaimType).String()
	}
	found, err := c.cache.once(ctx, key.String()+"/"+key.namespace+"/"+strconv.Itoa(generation), func(ctx context.Context) (any, error) {
		var none map[string]*unstructured.Unstructured
		c.cache.mu.Lock()
		items := l.items
		c.cache.mu.Unlock()
		if items != nil {
			// Another call has ended since the look above.
			return items, nil
		}
		listed, err := c.list(ctx, key.GroupVersionKind, key.namespace, options)
		c.cache.mu.Lock()
		defer c.cache.mu.Unlock()
		switch {
		case apierrors.IsForbidden(err):
			l.forbidden = true
			return none, nil
		case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
			// A kind that the cluster does not serve: Get tells whether that means gone.
			return none, nil
		case err != nil:
			return none, err
		}
		found := make(map[string]*unstructured.Unstructured, len(listed))
		for i := range listed {
			found[listed[i].GetName()] = &listed[i]
		}
		if l.generation == generation {
			l.items = found
		}
		return found, nil
	})
	if err != nil {
		return nil, err
	}
	return found.(map[string]*unstructured.Unstructured), nil //nolint:forcetypeassert // of the function above
}

// once calls a function once for all callers that ask under the same key at the same time. None of them ends it for the others when its
// own context ends; each waits under its own.
func (o *observed) once(ctx context.Context, key string, ask func(context.Context) (any, error)) (any, error) {
	flight := o.flight.DoChan(key, func() (any, error) { return ask(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case result := <-flight:
		return result.Val, result.Err
	}
}
