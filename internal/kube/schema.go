package kube

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	smdschema "sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// converter knows the API's typed schema: which lists are matched by keys, what
// the keys' defaults are, which fields are quantities. Parsing it takes 0.1 s, so
// it is done once, and Warm begins it early.
var converter = sync.OnceValue(func() managedfields.TypeConverter {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, rbacv1.AddToScheme, policyv1.AddToScheme,
		networkingv1.AddToScheme, autoscalingv2.AddToScheme,
	} {
		// Registering the API's own types fails only on a programming error.
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return applyconfigurations.NewTypeConverter(scheme)
})

// Warm parses the API's typed schema in the background.
func Warm() { go converter() }

// typeOf returns the schema of an object and the reference of its type in it. ok
// is false for kinds that the schema does not have, such as those of CRDs.
func typeOf(obj *unstructured.Unstructured) (*smdschema.Schema, smdschema.TypeRef, bool) {
	// Only the type is wanted, which the object's kind decides; a value that does
	// not match the schema is the API server's to refuse.
	empty := &unstructured.Unstructured{Object: map[string]any{"apiVersion": obj.GetAPIVersion(), "kind": obj.GetKind()}}
	value, err := converter().ObjectToTyped(empty, typed.AllowDuplicates)
	if err != nil {
		return nil, smdschema.TypeRef{}, false
	}
	return value.Schema(), value.TypeRef(), true
}
