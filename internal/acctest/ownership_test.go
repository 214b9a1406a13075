package acctest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// versions are the resource versions of what the namespace holds, by KIND/NAME: they
// tell whether anything was written.
func (s *stand) versions() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	ctx, all := s.t.Context(), metav1.ListOptions{}
	note := func(kind string, items []metav1.ObjectMeta, err error) {
		if err != nil {
			s.t.Fatal(err)
		}
		for _, item := range items {
			out[kind+"/"+item.Name] = item.ResourceVersion
		}
	}
	configMaps, err := s.cluster.CoreV1().ConfigMaps(s.namespace).List(ctx, all)
	note("ConfigMap", metas(configMaps.Items, func(o corev1.ConfigMap) metav1.ObjectMeta { return o.ObjectMeta }), err)
	secrets, err := s.cluster.CoreV1().Secrets(s.namespace).List(ctx, all)
	note("Secret", metas(secrets.Items, func(o corev1.Secret) metav1.ObjectMeta { return o.ObjectMeta }), err)
	services, err := s.cluster.CoreV1().Services(s.namespace).List(ctx, all)
	note("Service", metas(services.Items, func(o corev1.Service) metav1.ObjectMeta { return o.ObjectMeta }), err)
	accounts, err := s.cluster.CoreV1().ServiceAccounts(s.namespace).List(ctx, all)
	note("ServiceAccount", metas(accounts.Items, func(o corev1.ServiceAccount) metav1.ObjectMeta { return o.ObjectMeta }), err)
	deployments, err := s.cluster.AppsV1().Deployments(s.namespace).List(ctx, all)
	for _, o := range deployments.Items {
		// Its controller writes its status.
		note("Deployment", []metav1.ObjectMeta{{Name: o.Name, ResourceVersion: fmt.Sprint(o.UID, o.Generation)}}, err)
	}
	return out
}

// unwritten fails the test if anything in the namespace was written since.
func (s *stand) unwritten(since map[string]string, after string) {
	s.t.Helper()
	now := s.versions()
	if maps.Equal(since, now) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(merge(since, now))) {
		if since[name] != now[name] {
			s.t.Errorf("%s: %s was %q and is %q", after, name, since[name], now[name])
		}
	}
}

func merge(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// owner is the owner that the claim names.
func (s *stand) owner() string {
	s.t.Helper()
	claim := s.secret(s.claimName())
	if claim == nil {
		s.t.Fatalf("there is no claim %s", s.claimName())
	}
	return claim.Labels[ownerLabel]
}

// TestAccSecondState has two states with the same name: the second is refused, and
// takes over only when it is told to.
func TestAccSecondState(t *testing.T) {
	first := newStand(t)
	second := standIn(t, first.cluster, first.namespace, first.name)
	first.fixture("replicas = 0\nparts = { a = \"1\" }")
	first.Apply().Succeeds()
	owner, credential, before := first.owner(), first.credential(), first.versions()
	taken := []string{"The name is taken", first.namespace + "/it exists already", `another analytics_fixture "it"`, "owner " + owner, "set adopt = true"}

	second.fixture("replicas = 0\nparts = { b = \"2\" }")
	second.Apply().Fails().Says(taken...)
	first.unwritten(before, "the apply of a second state")
	if second.Attributes(address) != nil {
		t.Error("the second state holds what it did not create")
	}

	// The same resource, created before its predecessor is destroyed.
	const inAdvance = "replicas = 0\nparts = { a = \"1\" }\nlifecycle {\n  create_before_destroy = true\n}"
	first.fixture(inAdvance)
	first.Apply("-replace=" + address).Fails().Says(append(taken, "create_before_destroy")...)
	first.unwritten(before, "create_before_destroy")
	first.PlansNothing()

	second.fixture("replicas = 0\nparts = { b = \"2\" }\nadopt = true")
	second.Apply().Succeeds()
	if now := second.owner(); now == owner {
		t.Error("the owner is still the first")
	}
	if now := second.credential(); now != credential {
		t.Errorf("the credential was %q and is %q", credential, now)
	}
	second.PlansNothing()

	// The first state finds that it lost them, and leaves them alone.
	before = second.versions()
	lost := "Objects of " + first.namespace + "/it belong to somebody else by now"
	first.Plan().Succeeds().Says(lost, "Deployment "+first.namespace+"/it belongs to another analytics_fixture", "owner "+second.owner())
	first.Apply().Fails().Says(lost, "belongs to somebody else")
	first.unwritten(before, "the apply of the first state")
	first.Destroy().Succeeds().Says("Nothing was deleted", "owner "+second.owner())
	first.unwritten(before, "the destroy of the first state")

	second.PlansNothing()
	second.fixture("replicas = 0\ndeletion_policy = \"Delete\"")
	second.Apply().Succeeds()
	second.Destroy().Succeeds()
	// What only the first had is nobody's any more, and not the second's to delete.
	second.has("ConfigMap/it-part-a")
}

// TestAccNameClash has one name twice in one configuration.
func TestAccNameClash(t *testing.T) {
	s := newStand(t)
	for parallelism, adopt := range map[string]string{"10": "false", "1": "false", "2": "true"} {
		s.name = "clash" + parallelism
		s.Configure(`
provider "analytics" {
%s
}

resource "analytics_fixture" "it" {
  for_each = toset(["a", "b"])

  name            = %q
  namespace       = %q
  replicas        = 0
  adopt           = %s
  deletion_policy = "Delete"
  parts           = { (each.key) = "1" }
}
`, s.connection, s.name, s.namespace, adopt)
		r := s.Apply("-parallelism=" + parallelism).Fails()
		if flat := flatten(r.Output); !strings.Contains(flat, "Two resources have the same name") && !strings.Contains(flat, "The name is taken") {
			t.Errorf("the clash is not named:\n%s", r.Output)
		}
		winner := "a"
		if s.Attributes(address+`["a"]`) == nil {
			winner = "b"
		}
		want := []string{
			"ConfigMap/" + s.name + "-script", "ConfigMap/" + s.name + "-part-" + winner, "Deployment/" + s.name, "Secret/" + s.claimName(),
			"Secret/" + s.name + "-credentials", "Service/" + s.name, "ServiceAccount/" + s.name,
		}
		s.has(want...)
		s.Destroy().Succeeds()
		s.has()
	}
}

// TestAccForeignObjects meets objects of others: none is changed or deleted, until
// adopt says so.
func TestAccForeignObjects(t *testing.T) {
	s := newStand(t)
	s.configMap("it-script", nil)
	s.configMap("bystander", nil)
	_, err := s.cluster.CoreV1().Services(s.namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: "it", Labels: map[string]string{"app.kubernetes.io/managed-by": "Helm", "theirs": "yes"},
			Annotations: map[string]string{"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": s.namespace},
		},
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(9000)}}, Selector: map[string]string{"app": "web"}},
	}, metav1.CreateOptions{FieldManager: "helm"})
	if err != nil {
		t.Fatal(err)
	}
	before := s.versions()
	s.fixture("replicas = 0")
	// At plan where the API server says so, else at apply.
	s.Plan().Fails().Says("Service/web: the object exists already and belongs to somebody else", `Helm release "web"`)
	s.connection += "\nplan_checks = \"off\""
	s.fixture("replicas = 0")
	s.Apply().Fails().Says(
		"ConfigMap/script: the object exists already and belongs to somebody else", "ConfigMap "+s.namespace+"/it-script belongs to field manager kubectl-create",
		"Service/web: the object exists already", `belongs to Helm release "web" of namespace "`+s.namespace+`"`, "Nothing was changed")
	s.unwritten(before, "a refused creation")
	if s.Attributes(address) != nil {
		t.Error("the state holds what was not created")
	}

	s.fixture("replicas = 0\nadopt = true")
	s.Apply().Succeeds()
	s.PlansNothing()
	service, err := s.cluster.CoreV1().Services(s.namespace).Get(t.Context(), "it", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if port := service.Spec.Ports[0].TargetPort.String(); port != "http" || service.Spec.Selector["app.kubernetes.io/instance"] != "it" {
		t.Errorf("the adopted Service has port %s and selector %v", port, service.Spec.Selector)
	}
	if service.Labels["app.kubernetes.io/managed-by"] != "terraform-provider-analytics" || service.Labels["theirs"] != "yes" || service.Labels[ownerLabel] != s.owner() {
		t.Errorf("the adopted Service has the labels %v", service.Labels)
	}

	// An update, too, meets objects of others.
	s.configMap("it-part-theirs", map[string]string{"app.kubernetes.io/managed-by": "argocd"})
	theirs := s.versions()["ConfigMap/it-part-theirs"]
	s.fixture("replicas = 0\nparts = { theirs = \"1\", ours = \"1\" }")
	s.Apply().Fails().Says("ConfigMap " + s.namespace + "/it-part-theirs belongs to argocd (label app.kubernetes.io/managed-by)")
	// And so does one after which an object of ours was replaced by theirs.
	s.fixture("replicas = 0\nparts = { ours = \"1\" }")
	s.Apply().Succeeds()
	s.PlansNothing()
	s.deletes(configMaps, "it-part-ours")
	s.configMap("it-part-ours", nil)
	s.Plan().Succeeds().Says("Objects of "+s.namespace+"/it belong to somebody else by now", "it-part-ours belongs to field manager kubectl-create", "ConfigMap/part-ours")
	s.Apply().Fails().Says("ConfigMap/part-ours: the object exists already and belongs to somebody else")

	s.Destroy().Succeeds().Says("ConfigMap/part-ours was left alone", "field manager kubectl-create")
	now := s.versions()
	if now["ConfigMap/it-part-theirs"] != theirs || now["ConfigMap/bystander"] != before["ConfigMap/bystander"] || now["ConfigMap/it-part-ours"] == "" {
		t.Errorf("objects of others were changed: %v", now)
	}
	s.has("Secret/analytics.fixture.it", "Secret/it-credentials")
}
