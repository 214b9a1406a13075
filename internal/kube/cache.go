package kube

import (
	"context"
	"strconv"
	"sync"

	"golang.org/x/sync/singleflight"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
// missing there is asked for by name, because only the server's NotFound means that it is gone: (nil, nil). Secrets are read by name
// always, so that roles need no right to list them. A write through this Cluster makes the next Observe list again.
func (c *Cluster) Observe(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	if ref.Group == "" && ref.Kind == "Secret" {
		return c.Get(ctx, ref)
	}
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

	type flown struct {
		items map[string]*unstructured.Unstructured
		err   error
	}
	// The caller that flies must not end the flight of the others when its own context ends; each waits under its own.
	flight := c.cache.flight.DoChan(key.String()+"/"+key.namespace+"/"+strconv.Itoa(generation), func() (any, error) {
		listed, err := c.List(context.WithoutCancel(ctx), key.GroupVersionKind, key.namespace, ManagedByLabel+"="+FieldManager)
		c.cache.mu.Lock()
		defer c.cache.mu.Unlock()
		switch {
		case apierrors.IsForbidden(err):
			l.forbidden = true
			return flown{}, nil
		case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
			// A kind that the cluster does not serve: Get tells whether that means gone.
			return flown{}, nil
		case err != nil:
			return flown{err: err}, nil
		}
		found := make(map[string]*unstructured.Unstructured, len(listed))
		for i := range listed {
			found[listed[i].GetName()] = &listed[i]
		}
		if l.generation == generation {
			l.items = found
		}
		return flown{items: found}, nil
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case result := <-flight:
		f := result.Val.(flown)
		return f.items, f.err
	}
}
