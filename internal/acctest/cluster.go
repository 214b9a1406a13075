package acctest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// KubeconfigVariable names the kubeconfig file of the cluster that tests may use.
// OtherKubeconfigVariable names that of a second cluster, which few tests need.
const (
	KubeconfigVariable      = "ANALYTICS_KUBECONFIG"
	OtherKubeconfigVariable = "ANALYTICS_KUBECONFIG_OTHER"
)

// Cluster is the cluster that tests may use.
type Cluster struct {
	kubernetes.Interface
	// Config is the connection with all rights.
	Config *rest.Config
	// Kubeconfig is the path of its file.
	Kubeconfig string
}

// Connect returns the cluster. It skips tests that were not asked for, and fails
// those that were asked for without a cluster.
func Connect(t testing.TB) *Cluster {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance test: set TF_ACC=1, and " + KubeconfigVariable + " to the kubeconfig of a cluster for tests")
	}
	file := os.Getenv(KubeconfigVariable)
	if file == "" {
		t.Fatalf("TF_ACC is set and %s is not: set it to the kubeconfig file of a cluster that may be filled with test namespaces; "+
			"`make cluster` starts one on this machine", KubeconfigVariable)
	}
	return connect(t, file)
}

// ConnectOther returns the second cluster; ok is false where there is none.
func ConnectOther(t testing.TB) (c *Cluster, ok bool) {
	t.Helper()
	file := os.Getenv(OtherKubeconfigVariable)
	if file == "" {
		return nil, false
	}
	return connect(t, file), true
}

func connect(t testing.TB, file string) *Cluster {
	t.Helper()
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	config, err := kube.Connection{ConfigPath: file}.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &Cluster{Interface: client, Config: config, Kubeconfig: file}
}

// Namespace makes a namespace that enforces Pod Security "restricted", and returns
// when it holds what Kubernetes itself puts into each. It is deleted after the test.
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	created, err := c.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "acc-", Labels: map[string]string{
			"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted", testLabel: "true",
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("a namespace for the test: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := c.CoreV1().Namespaces().Delete(ctx, created.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("the test's namespace was not deleted: %v", err)
		}
	})
	Eventually(t, time.Minute, func() string {
		if _, err := c.CoreV1().ServiceAccounts(created.Name).Get(t.Context(), "default", metav1.GetOptions{}); err != nil {
			return err.Error()
		}
		if _, err := c.CoreV1().ConfigMaps(created.Name).Get(t.Context(), "kube-root-ca.crt", metav1.GetOptions{}); err != nil {
			return err.Error()
		}
		return ""
	})
	return created.Name
}

// FreeClusterIP returns an address of the cluster's Services that none has: the one that it gave to a Service which is gone again.
func (c *Cluster) FreeClusterIP(t testing.TB, namespace string) string {
	t.Helper()
	service, err := c.CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "address-"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("a Service for its address: %v", err)
	}
	if err := c.CoreV1().Services(namespace).Delete(t.Context(), service.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	return service.Spec.ClusterIP
}

// Forget deletes a namespace that a resource under test makes, after the test,
// whatever has become of it.
func (c *Cluster) Forget(t testing.TB, namespace string) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := c.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("namespace %s was not deleted: %v", namespace, err)
		}
	})
}

// testLabel marks what the tests made and no namespace holds.
const testLabel = "terraform-provider-analytics-test"

// Eventually repeats a check until it returns "", and fails with what it returned
// last when the time is over.
func Eventually(t testing.TB, limit time.Duration, check func() string) {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(100 * time.Millisecond) {
		wrong := check()
		if wrong == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %s still: %s", limit, wrong)
		}
	}
}
