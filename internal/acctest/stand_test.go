package acctest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest/fixture"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// address is that of the one resource on a stand.
const address = "analytics_fixture.it"

// stand is a workspace with one analytics_fixture, alone in its namespace.
type stand struct {
	*Workspace
	cluster   *Cluster
	namespace string
	name      string
	// connection is the content of the provider block.
	connection string
}

// newStand makes a workspace and a namespace. Stands run beside each other.
func newStand(t *testing.T) *stand {
	t.Helper()
	t.Parallel()
	c := Connect(t)
	return standIn(t, c, c.Namespace(t), "it")
}

// standIn makes a workspace for a resource of a name in a namespace that exists.
func standIn(t *testing.T, c *Cluster, namespace, name string) *stand {
	t.Helper()
	return &stand{Workspace: NewWorkspace(t), cluster: c, namespace: namespace, name: name, connection: connection(c)}
}

// connection is the content of a provider block that leads to the cluster.
func connection(c *Cluster) string { return fmt.Sprintf("config_path = %q", c.Kubeconfig) }

// atOnce runs subtests beside each other, however few processors there are: each
// of them does little but wait.
func atOnce(t *testing.T, tests map[string]func(*testing.T)) {
	t.Helper()
	var wg sync.WaitGroup
	for name, test := range tests {
		wg.Go(func() { t.Run(name, test) })
	}
	wg.Wait()
}

// fixture configures the resource with these attributes.
func (s *stand) fixture(attributes string, rest ...string) {
	s.t.Helper()
	s.Configure("provider \"analytics\" {\n%s\n}\n\nresource \"analytics_fixture\" \"it\" {\nname = %q\nnamespace = %q\n%s\n}\n%s",
		s.connection, s.name, s.namespace, attributes, strings.Join(rest, "\n"))
}

// secret returns a Secret of the namespace, nil when it is absent.
func (s *stand) secret(name string) *corev1.Secret {
	s.t.Helper()
	secret, err := s.cluster.CoreV1().Secrets(s.namespace).Get(s.t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// credential is the generated value, "" while it is absent.
func (s *stand) credential() string {
	s.t.Helper()
	secret := s.secret(s.name + "-credentials")
	if secret == nil {
		return ""
	}
	return string(secret.Data[fixture.GeneratedKey])
}

// selector selects what belongs to the resource.
func (s *stand) selector() metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: labels.SelectorFromSet(workload.InstanceLabels("fixture", s.name)).String()}
}

// pods returns the pods of a component that are not on their way out, by name.
func (s *stand) pods(component string) map[string]corev1.Pod {
	s.t.Helper()
	options := s.selector()
	options.LabelSelector += ",app.kubernetes.io/component=" + component
	list, err := s.cluster.CoreV1().Pods(s.namespace).List(s.t.Context(), options)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]corev1.Pod{}
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			out[pod.Name] = pod
		}
	}
	return out
}

// uids are those of the pods of a component.
func (s *stand) uids(component string) []string {
	s.t.Helper()
	var out []string
	for _, pod := range s.pods(component) {
		out = append(out, string(pod.UID))
	}
	slices.Sort(out)
	return out
}

// objects lists what the provider made for the resource, as KIND/NAME. Pods and
// what else controllers make of it are left out.
func (s *stand) objects() []string {
	s.t.Helper()
	ctx, options := s.t.Context(), s.selector()
	found := map[string]bool{}
	note := func(kind string, items []metav1.ObjectMeta, err error) {
		if err != nil {
			s.t.Fatal(err)
		}
		for _, item := range items {
			if len(item.OwnerReferences) == 0 && item.DeletionTimestamp == nil {
				found[kind+"/"+item.Name] = true
			}
		}
	}
	configMaps, err := s.cluster.CoreV1().ConfigMaps(s.namespace).List(ctx, options)
	note("ConfigMap", metas(configMaps.Items, func(o corev1.ConfigMap) metav1.ObjectMeta { return o.ObjectMeta }), err)
	secrets, err := s.cluster.CoreV1().Secrets(s.namespace).List(ctx, options)
	note("Secret", metas(secrets.Items, func(o corev1.Secret) metav1.ObjectMeta { return o.ObjectMeta }), err)
	services, err := s.cluster.CoreV1().Services(s.namespace).List(ctx, options)
	note("Service", metas(services.Items, func(o corev1.Service) metav1.ObjectMeta { return o.ObjectMeta }), err)
	accounts, err := s.cluster.CoreV1().ServiceAccounts(s.namespace).List(ctx, options)
	note("ServiceAccount", metas(accounts.Items, func(o corev1.ServiceAccount) metav1.ObjectMeta { return o.ObjectMeta }), err)
	claims, err := s.cluster.CoreV1().PersistentVolumeClaims(s.namespace).List(ctx, options)
	note("PersistentVolumeClaim", metas(claims.Items, func(o corev1.PersistentVolumeClaim) metav1.ObjectMeta { return o.ObjectMeta }), err)
	deployments, err := s.cluster.AppsV1().Deployments(s.namespace).List(ctx, options)
	for _, o := range deployments.Items {
		note("Deployment", []metav1.ObjectMeta{o.ObjectMeta}, err)
	}
	statefulSets, err := s.cluster.AppsV1().StatefulSets(s.namespace).List(ctx, options)
	for _, o := range statefulSets.Items {
		note("StatefulSet", []metav1.ObjectMeta{o.ObjectMeta}, err)
	}
	jobs, err := s.cluster.BatchV1().Jobs(s.namespace).List(ctx, options)
	for _, o := range jobs.Items {
		note("Job", []metav1.ObjectMeta{o.ObjectMeta}, err)
	}
	return slices.Sorted(maps.Keys(found))
}

func metas[T any](items []T, meta func(T) metav1.ObjectMeta) []metav1.ObjectMeta {
	out := make([]metav1.ObjectMeta, len(items))
	for i, item := range items {
		out[i] = meta(item)
	}
	return out
}

// has fails the test unless exactly these objects are there.
func (s *stand) has(want ...string) {
	s.t.Helper()
	slices.Sort(want)
	if got := s.objects(); !slices.Equal(got, want) {
		s.t.Errorf("there should be\n  %s\nand there is\n  %s", strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
}

// claimName is the Secret that says who owns the resource.
func (s *stand) claimName() string { return "analytics.fixture." + s.name }

// deployment is that of the resource.
func (s *stand) deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	d, err := s.cluster.AppsV1().Deployments(s.namespace).Get(t.Context(), s.name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
