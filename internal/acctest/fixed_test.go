package acctest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAccFixedFields changes fields that Kubernetes does not let change: each kind
// is dealt with in the way that loses least.
func TestAccFixedFields(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	atOnce(t, map[string]func(*testing.T){
		"StatefulSet": func(t *testing.T) {
			s := standIn(t, c, c.Namespace(t), "it")
			s.fixture(`storage = { servers = 2, size = "300Mi" }`)
			s.Apply().Succeeds()
			old, pods := s.statefulSet(t), s.uids("store")

			// The pods go on while their StatefulSet is made anew.
			s.fixture(fmt.Sprintf(`storage = { servers = 2, size = "300Mi", storage_class = %q }
patches = { "StatefulSet/store" = jsonencode({ spec = { podManagementPolicy = "OrderedReady" } }) }`, c.defaultStorageClass(t).Name))
			s.Apply().Succeeds().Says("makes StatefulSet/store anew while its pods go on; volumes that exist stay as they are").SaysNot("restarts")
			made := s.statefulSet(t)
			if made.UID == old.UID || made.Spec.PodManagementPolicy != appsv1.OrderedReadyPodManagement {
				t.Error("the StatefulSet is the old one")
			}
			if !slices.Equal(pods, s.uids("store")) {
				t.Error("a pod was replaced")
			}
			s.PlansNothing()

			// Their names are of the governing Service, so that another one restarts them.
			w := s.witness(t, "store")
			s.fixture(`storage = { servers = 2, size = "300Mi", service_name = "other" }`)
			r := s.Apply()
			w.stop()
			r.Succeeds().Says("restarts the 2 pods of StatefulSet/store one by one")
			w.saw("another governing Service", oneByOne)
			for name, pod := range s.pods("store") {
				if pod.Spec.Subdomain != "other" {
					t.Errorf("the subdomain of %s is %s", name, pod.Spec.Subdomain)
				}
			}
			s.PlansNothing()
			s.hasSizes(map[string]string{"data-it-store-0": "300Mi", "data-it-store-1": "300Mi"})
		},
		"Deployment, Service, Job, ConfigMap": func(t *testing.T) {
			s := standIn(t, c, c.Namespace(t), "it")
			s.fixture(`job = { script = "true" }`)
			s.Apply().Succeeds()
			deployment, job, pods := s.deployment(t).UID, s.jobUID(t), s.uids("web")
			s.edit(configMaps, "it-script", map[string]any{"immutable": true})
			s.fixture(`job = { script = "true", labels = { a = "b" } }
pod_annotations = { a = "b" }
service = { headless = true }
script = "# another\nexec sleep 3600"
patches = { "Deployment/web" = jsonencode({ spec = { selector = { matchLabels = { a = "b" } }, template = { metadata = { labels = { a = "b" } } } } }) }`)
			s.Apply().Succeeds().Says("replaces Deployment/web: stops its 1 pod, then starts new ones", "replaces Service/web", "Job/run does not run again")
			if s.deployment(t).UID == deployment {
				t.Error("the Deployment is the old one")
			}
			if now := s.uids("web"); len(now) != 1 || now[0] == pods[0] {
				t.Error("the pod is the old one")
			}
			if s.jobUID(t) != job {
				t.Error("the Job has run again")
			}
			s.PlansNothing()
		},
		"Secret": func(t *testing.T) {
			s := standIn(t, c, c.Namespace(t), "it")
			s.fixture(`replicas = 0`)
			s.Apply().Succeeds()
			before := s.credential()
			s.edit(secrets, "it-credentials", map[string]any{"immutable": true})
			s.fixture("replicas = 0\ncredentials = { plain = \"x\" }")
			s.Apply().Fails().Says("Secret/credentials cannot change like this", "credentials that were generated into it would be lost", "immutable: true")
			if s.credential() != before {
				t.Error("the credential is another one")
			}
			// As the diagnostic says.
			secret := s.secret("it-credentials")
			secret.ObjectMeta = metav1.ObjectMeta{Name: secret.Name, Namespace: secret.Namespace, Labels: maps.Clone(secret.Labels)}
			secret.Immutable = nil
			api := s.cluster.CoreV1().Secrets(s.namespace)
			if err := api.Delete(t.Context(), secret.Name, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := api.Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			s.Apply().Succeeds()
			if s.credential() != before {
				t.Error("the credential is another one")
			}
			s.PlansNothing()
		},
	})
}

// statefulSet is that of the resource.
func (s *stand) statefulSet(t *testing.T) *appsv1.StatefulSet {
	t.Helper()
	set, err := s.cluster.AppsV1().StatefulSets(s.namespace).Get(t.Context(), s.name+"-store", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}
