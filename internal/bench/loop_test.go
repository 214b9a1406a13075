package bench

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

const (
	inFlight  = 8 // requests of the loop at once
	loopLimit = 5 * time.Minute
)

// loop is a plain client-go program that does the engine's work and nothing else: no diff, no ownership, no record, no diagnosis.
type loop struct {
	client    dynamic.Interface
	namespace string
	applied   map[target]bool
}

// target is an object of the loop.
type target struct {
	schema.GroupVersionResource
	name string
}

func newLoop(p *proxy, namespace string) (*loop, error) {
	client, err := dynamic.NewForConfig(p.config)
	return &loop{client: client, namespace: namespace, applied: map[target]bool{}}, err
}

// resources are those of the kinds that the fixture and an Airflow have.
var resources = map[string]string{
	"StatefulSet": "statefulsets", "Job": "jobs", "PersistentVolumeClaim": "persistentvolumeclaims",
	"ConfigMap": "configmaps", "Secret": "secrets", "Service": "services", "ServiceAccount": "serviceaccounts", "Deployment": "deployments",
}

// check has the API server check objects without changing them.
func (l *loop) check(ctx context.Context, objects []*unstructured.Unstructured) error {
	return l.send(ctx, objects, metav1.ApplyOptions{FieldManager: kube.FieldManager, DryRun: []string{metav1.DryRunAll}})
}

// apply applies objects and waits until the Deployments among them are ready.
func (l *loop) apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	if err := l.send(ctx, objects, metav1.ApplyOptions{FieldManager: kube.FieldManager}); err != nil {
		return err
	}
	waiting := map[string]bool{}
	for _, object := range objects {
		if object.GetKind() == "Deployment" {
			waiting[object.GetName()] = true
		}
	}
	ctx, cancel := context.WithTimeout(ctx, loopLimit)
	defer cancel()
	watcher, err := l.client.Resource(appsv1.SchemeGroupVersion.WithResource("deployments")).Namespace(l.namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		if result, err := status.Compute(object); err == nil && result.Status == status.CurrentStatus {
			delete(waiting, object.GetName())
		}
		if len(waiting) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%d Deployments did not become ready", len(waiting))
}

// send applies objects, in the loop's own namespace.
func (l *loop) send(ctx context.Context, objects []*unstructured.Unstructured, options metav1.ApplyOptions) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for _, object := range objects {
		object = object.DeepCopy()
		object.SetNamespace(l.namespace)
		plural, ok := resources[object.GetKind()]
		if !ok {
			return fmt.Errorf("the loop knows no kind %s", object.GetKind())
		}
		at := target{object.GroupVersionKind().GroupVersion().WithResource(plural), object.GetName()}
		l.applied[at] = l.applied[at] || options.DryRun == nil
		group.Go(func() error {
			_, err := l.client.Resource(at.GroupVersionResource).Namespace(l.namespace).Apply(ctx, at.name, object, options)
			return err
		})
	}
	return group.Wait()
}

// read reads everything again, by one LIST a kind.
func (l *loop) read(ctx context.Context) error {
	lists := map[schema.GroupVersionResource]bool{}
	for at := range l.applied {
		lists[at.GroupVersionResource] = true
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for resource := range lists {
		group.Go(func() error {
			_, err := l.client.Resource(resource).Namespace(l.namespace).List(ctx, metav1.ListOptions{LabelSelector: kube.ManagedByLabel + "=" + kube.FieldManager})
			return err
		})
	}
	return group.Wait()
}

// destroy deletes everything.
func (l *loop) destroy(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	background := metav1.DeletePropagationBackground
	for at := range l.applied {
		group.Go(func() error {
			return l.client.Resource(at.GroupVersionResource).Namespace(l.namespace).Delete(ctx, at.name, metav1.DeleteOptions{PropagationPolicy: &background})
		})
	}
	return group.Wait()
}
