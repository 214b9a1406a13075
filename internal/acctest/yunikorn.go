package acctest

import (
	"path/filepath"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// yunikornVersion is that of the image, too.
const yunikornVersion = "1.8.0"

// yunikornNamespace is the namespace of YuniKorn's pods.
const yunikornNamespace = "yunikorn"

// yunikornPlaceholder is the image of its placeholders, which each node has anyway.
const yunikornPlaceholder = "registry.k8s.io/pause:3.10.1"

// YuniKorn installs YuniKorn's scheduler, as its project publishes it but without its web interface, with the given queues, and returns when it
// runs. It is removed after the test. One that the cluster has already skips the test, since its queues are not for the test to change.
func (c *Cluster) YuniKorn(t testing.TB, queues string) {
	t.Helper()
	if has, err := c.CoreV1().Namespaces().Get(t.Context(), yunikornNamespace, metav1.GetOptions{}); err == nil && has.Labels[testLabel] == "" {
		t.Skip("the cluster has a YuniKorn of its own")
	} else if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	folder := filepath.Join(moduleDir(t, "github.com/apache/yunikorn-k8shim@v"+yunikornVersion), "deployments", "scheduler")
	objects := []*unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": yunikornNamespace},
	}}}
	for _, file := range []string{"yunikorn-configs.yaml", "yunikorn-rbac.yaml", "scheduler.yaml"} {
		for _, object := range manifests(t, filepath.Join(folder, file)) {
			switch object.GetKind() {
			case "ConfigMap":
				object.Object["data"] = map[string]any{"queues.yaml": queues, "service.placeholderImage": yunikornPlaceholder}
			case "RoleBinding":
				subjects, _, err := unstructured.NestedSlice(object.Object, "subjects")
				if err != nil || len(subjects) == 0 {
					t.Fatalf("%s has no subjects (%v)", object.GetName(), err)
				}
				for _, s := range subjects {
					if subject, ok := s.(map[string]any); ok {
						subject["namespace"] = yunikornNamespace
					}
				}
				object.Object["subjects"] = subjects
			case "Deployment":
				withoutWeb(t, object)
			}
			if object.GetKind() != "ClusterRole" && object.GetKind() != "ClusterRoleBinding" {
				object.SetNamespace(yunikornNamespace)
			}
			objects = append(objects, object)
		}
	}
	yunikorn := system{name: "YuniKorn", namespace: yunikornNamespace, image: func(string) string {
		return "docker.io/apache/yunikorn:scheduler-" + yunikornVersion
	}}
	c.installSystem(t, yunikorn, objects)
	Eventually(t, 5*time.Minute, func() string { return c.unavailable(t, yunikorn) })
}

// withoutWeb takes the web interface out of YuniKorn's Deployment, and the ports of the node.
func withoutWeb(t testing.TB, deployment *unstructured.Unstructured) {
	t.Helper()
	at := []string{"spec", "template", "spec"}
	containers, _, err := unstructured.NestedSlice(deployment.Object, append(at, "containers")...)
	if err != nil || len(containers) == 0 {
		t.Fatalf("%s has %d containers (%v)", deployment.GetName(), len(containers), err)
	}
	if err := unstructured.SetNestedSlice(deployment.Object, containers[:1], append(at, "containers")...); err != nil {
		t.Fatal(err)
	}
	unstructured.RemoveNestedField(deployment.Object, append(at, "hostNetwork")...)
}
