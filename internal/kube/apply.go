package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
)

// Get reads an object. (nil, nil) means that the server says it does not exist, or its namespace, or its kind.
func (c *Cluster) Get(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	obj, err := c.dynamicFor(ref.GroupVersionKind, ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	switch {
	case err == nil:
		return obj, nil
	case IsGone(err):
		return nil, nil
	case isUnknownPath(err):
		if served, servedErr := c.serves(ctx, ref.GroupVersionKind); servedErr == nil && !served {
			return nil, nil
		}
	}
	return nil, err
}

// List reads the objects of a kind in a namespace ("" is all of them) that a label selector chooses.
func (c *Cluster) List(ctx context.Context, gvk schema.GroupVersionKind, namespace, labelSelector string) ([]unstructured.Unstructured, error) {
	return c.list(ctx, gvk, namespace, metav1.ListOptions{LabelSelector: labelSelector})
}

func (c *Cluster) list(ctx context.Context, gvk schema.GroupVersionKind, namespace string, options metav1.ListOptions) ([]unstructured.Unstructured, error) {
	// What the provider lists has its label, and is small: a page holds what even large installations have, so that the number of
	// requests does not grow with theirs.
	const page = 5000
	var items []unstructured.Unstructured
	options.Limit = page
	for restarted := false; ; {
		list, err := c.dynamicFor(gvk, namespace).List(ctx, options)
		if apierrors.IsResourceExpired(err) && options.Continue != "" && !restarted {
			// The pages that are left were compacted away meanwhile: once more, in one piece.
			restarted, items = true, nil
			options.Continue, options.Limit = "", 0
			continue
		}
		if err != nil {
			return nil, err
		}
		items = append(items, list.Items...)
		if options.Continue = list.GetContinue(); options.Continue == "" {
			return items, nil
		}
	}
}

// ApplyOptions modify Apply.
type ApplyOptions struct {
	Force   bool   // take over fields that other managers own
	DryRun  bool   // ask only
	Manager string // FieldManager when empty
}

// Apply makes an object as given by server-side apply. It returns the object as it is then and the API server's warnings.
func (c *Cluster) Apply(ctx context.Context, obj *unstructured.Unstructured, options ApplyOptions) (*unstructured.Unstructured, []string, error) {
	applyOptions := metav1.ApplyOptions{Force: options.Force, FieldManager: options.Manager}
	if applyOptions.FieldManager == "" {
		applyOptions.FieldManager = FieldManager
	}
	if options.DryRun {
		applyOptions.DryRun = []string{metav1.DryRunAll}
	} else {
		defer c.cache.invalidate(RefOf(obj))
	}
	return c.write(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return c.dynamicFor(obj.GroupVersionKind(), obj.GetNamespace()).Apply(ctx, obj.GetName(), obj, applyOptions)
	})
}

// Create makes an object that must not exist yet. It returns the object as it is then and the API server's warnings.
func (c *Cluster) Create(ctx context.Context, obj *unstructured.Unstructured, dryRun bool) (*unstructured.Unstructured, []string, error) {
	options := metav1.CreateOptions{FieldManager: FieldManager}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	} else {
		defer c.cache.invalidate(RefOf(obj))
	}
	return c.write(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return c.dynamicFor(obj.GroupVersionKind(), obj.GetNamespace()).Create(ctx, obj, options)
	})
}

// Update replaces an object. With its resourceVersion, a change by another hand since it was read is a conflict.
func (c *Cluster) Update(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	defer c.cache.invalidate(RefOf(obj))
	updated, _, err := c.write(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return c.dynamicFor(obj.GroupVersionKind(), obj.GetNamespace()).Update(ctx, obj, metav1.UpdateOptions{FieldManager: FieldManager})
	})
	return updated, err
}

// MergePatch changes an object by a JSON merge patch: anything that marshals to one, or its []byte.
func (c *Cluster) MergePatch(ctx context.Context, ref Ref, patch any) (*unstructured.Unstructured, error) {
	defer c.cache.invalidate(ref)
	return c.mergePatch(ctx, ref, patch, metav1.PatchOptions{FieldManager: FieldManager})
}

// DryRunMergePatch asks the API server what it would say to a JSON merge patch.
func (c *Cluster) DryRunMergePatch(ctx context.Context, ref Ref, patch any) error {
	_, err := c.mergePatch(ctx, ref, patch, metav1.PatchOptions{FieldManager: FieldManager, DryRun: []string{metav1.DryRunAll}})
	return err
}

func (c *Cluster) mergePatch(ctx context.Context, ref Ref, patch any, options metav1.PatchOptions) (*unstructured.Unstructured, error) {
	body, ok := patch.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(patch); err != nil {
			return nil, fmt.Errorf("the patch of %s: %w", ref, err)
		}
	}
	patched, _, err := c.write(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return c.dynamicFor(ref.GroupVersionKind, ref.Namespace).Patch(ctx, ref.Name, types.MergePatchType, body, options)
	})
	return patched, err
}

// write sends one change and collects the warnings. The one refusal it repeats is the race of parallel writes for the counter of a
// namespace's quota, which nothing in the object can cause or cure.
func (c *Cluster) write(ctx context.Context, send func(context.Context) (*unstructured.Unstructured, error)) (*unstructured.Unstructured, []string, error) {
	backoff := wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 7}
	for {
		collected := &warnings{}
		obj, err := send(context.WithValue(ctx, warningsKey{}, collected))
		if !isQuotaRace(err) || backoff.Steps == 0 {
			return obj, collected.all(), err
		}
		if !sleep(ctx, backoff.Step()) {
			return nil, nil, context.Cause(ctx)
		}
	}
}

func isQuotaRace(err error) bool {
	var status apierrors.APIStatus
	return apierrors.IsConflict(err) && errors.As(err, &status) &&
		status.Status().Details != nil && status.Status().Details.Kind == "resourcequotas"
}

// DeleteOptions modify Delete.
type DeleteOptions struct {
	UID                types.UID // delete only this very object
	Orphan             bool      // leave the dependents, a StatefulSet's pods for example
	GracePeriodSeconds *int64
}

// Delete deletes an object, its dependents in the background. One that is gone already, or whose name another object with another
// UID has now, is a success.
func (c *Cluster) Delete(ctx context.Context, ref Ref, options DeleteOptions) error {
	propagation := metav1.DeletePropagationBackground
	if options.Orphan {
		propagation = metav1.DeletePropagationOrphan
	}
	deleteOptions := metav1.DeleteOptions{PropagationPolicy: &propagation, GracePeriodSeconds: options.GracePeriodSeconds}
	if options.UID != "" {
		deleteOptions.Preconditions = &metav1.Preconditions{UID: &options.UID}
	}
	defer c.cache.invalidate(ref)
	err := c.dynamicFor(ref.GroupVersionKind, ref.Namespace).Delete(ctx, ref.Name, deleteOptions)
	switch {
	case err == nil, IsGone(err):
		return nil
	case isUnknownPath(err):
		if live, getErr := c.Get(ctx, ref); getErr == nil && live == nil {
			return nil
		}
	case options.UID != "" && apierrors.IsConflict(err):
		live, getErr := c.Get(ctx, ref)
		if getErr == nil && (live == nil || live.GetUID() != options.UID) {
			return nil
		}
	}
	return err
}

// WaitGone waits until an object is gone, or another with the same name has taken its place, as that of a controller may at once. uid
// tells the one that is to go; where it is "", it is the one that is there.
func (c *Cluster) WaitGone(ctx context.Context, ref Ref, uid types.UID) error {
	var last *unstructured.Unstructured
	for {
		live, err := c.Get(ctx, ref)
		switch {
		case last != nil && ctx.Err() != nil:
			return stillThere(ref, last)
		case err != nil:
			return err
		case live == nil || uid != "" && live.GetUID() != uid:
			return nil
		}
		last, uid = live, live.GetUID()
		c.watchDeletion(ctx, ref, live.GetResourceVersion())
	}
}

// watchDeletion returns when an object may be gone: on its deletion, when a watch ends, or after a second where watching is not
// allowed.
func (c *Cluster) watchDeletion(ctx context.Context, ref Ref, resourceVersion string) {
	watcher, err := c.dynamicFor(ref.GroupVersionKind, ref.Namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector(metav1.ObjectNameField, ref.Name).String(),
		ResourceVersion: resourceVersion,
	})
	if err != nil {
		sleep(ctx, time.Second)
		return
	}
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-watcher.ResultChan():
			switch {
			case ok && event.Type == watch.Deleted:
				return
			case !ok || event.Type == watch.Error:
				sleep(ctx, time.Second) // a proxy may end every watch at once
				return
			}
		}
	}
}

func stillThere(ref Ref, live *unstructured.Unstructured) error {
	switch finalizers := live.GetFinalizers(); {
	case live.GetDeletionTimestamp() == nil:
		return fmt.Errorf("%s is still there and was not asked to go", ref)
	case len(finalizers) > 0:
		return fmt.Errorf("%s is being deleted, but its finalizers %s are not done: the controller that set them must finish first",
			ref, strings.Join(finalizers, ", "))
	default:
		return fmt.Errorf("%s is being deleted, but is still there", ref)
	}
}

// sleep waits, and reports whether the context is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// warnings are the API server's Warning headers to one request.
type warnings struct {
	mu   sync.Mutex
	list []string
}

func (w *warnings) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.list
}

type warningsKey struct{}

// warningsToContext gives each warning to the request that it answers.
type warningsToContext struct{}

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (warningsToContext) HandleWarningHeaderWithContext(ctx context.Context, code int, _ string, text string) {
	w, ok := ctx.Value(warningsKey{}).(*warnings)
	if !ok || code != 299 || text == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, text)
}

// serves tells whether the cluster serves a kind at all: a custom resource's objects are gone when their definition is.
func (c *Cluster) serves(ctx context.Context, gvk schema.GroupVersionKind) (bool, error) {
	var groups metav1.APIGroupList
	if err := c.document(ctx, "/apis", &groups); err != nil {
		return false, err
	}
	if len(groups.Groups) == 0 {
		return false, errors.New("the server lists no API groups: it does not look like a Kubernetes API server")
	}
	listed := gvk.Group == ""
	for _, group := range groups.Groups {
		for _, version := range group.Versions {
			listed = listed || group.Name == gvk.Group && version.Version == gvk.Version
		}
	}
	if !listed {
		return false, nil
	}
	if gvk.Group == "" {
		return true, nil
	}
	var resources metav1.APIResourceList
	if err := c.document(ctx, "/apis/"+gvk.GroupVersion().String(), &resources); err != nil {
		return false, err
	}
	for _, resource := range resources.APIResources {
		if resource.Kind == gvk.Kind {
			return true, nil
		}
	}
	return false, nil
}

// document reads a JSON document of the API server, such as discovery.
func (c *Cluster) document(ctx context.Context, path string, into any) error {
	body, err := c.rest.Get().AbsPath(path).SetHeader("Accept", "application/json").DoRaw(ctx)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
