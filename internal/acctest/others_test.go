package acctest

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// What clients other than the provider do in the cluster.

// ownerLabel says which resource an object belongs to.
const ownerLabel = workload.BookkeepingPrefix + "owner"

var (
	pods            = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	configMaps      = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	secrets         = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	services        = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	serviceAccounts = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	deployments     = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
)

// configMap makes a ConfigMap of somebody else.
func (s *stand) configMap(name string, labels map[string]string) string {
	s.t.Helper()
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Data: map[string]string{"whose": "theirs"}}
	if _, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Create(s.t.Context(), object, metav1.CreateOptions{FieldManager: "kubectl-create"}); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// edit changes an object as kubectl edit does. A subresource may follow.
func (s *stand) edit(kind schema.GroupVersionResource, name string, patch map[string]any, subresources ...string) {
	s.t.Helper()
	s.send(kind, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "kubectl-edit"}, subresources...)
}

// seize applies fields of an object with force, as kubectl apply --server-side
// --force-conflicts does. The fields are kubectl's then.
func (s *stand) seize(kind schema.GroupVersionResource, of, name string, fields map[string]any) {
	s.t.Helper()
	force := true
	fields["apiVersion"], fields["kind"] = kind.GroupVersion().String(), of
	metadata, _ := fields["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["name"], metadata["namespace"] = name, s.namespace
	fields["metadata"] = metadata
	s.send(kind, name, types.ApplyPatchType, fields, metav1.PatchOptions{FieldManager: "kubectl", Force: &force})
}

func (s *stand) send(kind schema.GroupVersionResource, name string, form types.PatchType, patch map[string]any, options metav1.PatchOptions, subresources ...string) {
	s.t.Helper()
	client, err := dynamic.NewForConfig(s.cluster.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := json.Marshal(patch)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := client.Resource(kind).Namespace(s.namespace).Patch(s.t.Context(), name, form, body, options, subresources...); err != nil {
		s.t.Fatal(err)
	}
}

// deletes an object.
func (s *stand) deletes(kind schema.GroupVersionResource, names ...string) {
	s.t.Helper()
	client, err := dynamic.NewForConfig(s.cluster.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range names {
		if err := client.Resource(kind).Namespace(s.namespace).Delete(s.t.Context(), name, metav1.DeleteOptions{}); err != nil {
			s.t.Fatal(err)
		}
	}
}
