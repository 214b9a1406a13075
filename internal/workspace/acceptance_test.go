package workspace_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// rooms are two workspaces under test, and the namespace of their claims.
type rooms struct {
	*acctest.Workspace
	t       *testing.T
	c       *acctest.Cluster
	claims  string
	a, b    string
	network map[string]string
}

func newRooms(t *testing.T) *rooms {
	t.Helper()
	t.Parallel()
	c := acctest.Connect(t)
	r := &rooms{Workspace: acctest.NewWorkspace(t), t: t, c: c, claims: c.Namespace(t), network: map[string]string{}}
	r.a, r.b = r.claims+"-a", r.claims+"-b"
	c.Forget(t, r.a)
	c.Forget(t, r.b)
	return r
}

// settings are the parts of the configuration that tests change.
type settings struct {
	memory   string
	replicas int
	rest     string
}

// configure writes two workspaces with a product in each.
func (r *rooms) configure(s settings) {
	r.t.Helper()
	r.Configure(`
provider "analytics" {
  config_path = %q
}

locals {
  teams = {
    %q = { %s }
    %q = { %s }
  }
}

resource "analytics_workspace" "team" {
  for_each        = local.teams
  name            = each.key
  claim_namespace = %q
  labels          = { team = each.key }
  namespace_labels = { cost-center = "4711" }

  quota = {
    requests = { cpu = "1", memory = %q }
    pods     = 8
    storage  = "1Gi"
  }
  limit_range = {
    container = { default_request = { cpu = "5m", memory = "8Mi" }, default = { memory = "48Mi" } }
  }
  network = {
    allow_from = lookup(each.value, "from", null)
    allow_to   = lookup(each.value, "to", null)
  }
  service_accounts = {
    reader = { role = "viewer" }
    ci     = { role = "editor" }
    lead   = { role = "admin" }
  }
}

resource "analytics_fixture" "web" {
  for_each        = analytics_workspace.team
  name            = "web"
  namespace       = each.value.name
  replicas        = %d
  deletion_policy = "Delete"
}
%s
`, r.c.Kubeconfig, r.a, r.network[r.a], r.b, r.network[r.b], r.claims, s.memory, s.replicas, s.rest)
}

// client talks to the API server as a service account of a workspace.
func (r *rooms) client(namespace, account string) (*kubernetes.Clientset, string) {
	r.t.Helper()
	token, err := r.c.CoreV1().ServiceAccounts(namespace).CreateToken(r.t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	config := rest.AnonymousClientConfig(r.c.Config)
	config.BearerToken = token.Status.Token
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		r.t.Fatal(err)
	}
	return client, token.Status.Token
}

// server is a pod that answers HTTP on port 8080.
func (r *rooms) server(namespace string) (*acctest.Shell, string) {
	r.t.Helper()
	s := r.c.Shell(r.t, namespace)
	if _, err := s.Run(r.t.Context(), nil, "sh", "-c", "echo hello >/tmp/hello && httpd -p 8080 -h /tmp"); err != nil {
		r.t.Fatal(err)
	}
	pod, err := r.c.CoreV1().Pods(namespace).Get(r.t.Context(), s.Name, metav1.GetOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return s, pod.Status.PodIP
}

// end deletes pods, which would keep the namespaces that they are in.
func (r *rooms) end(shells ...*acctest.Shell) {
	r.t.Helper()
	grace := int64(0)
	for _, shell := range shells {
		if err := r.c.CoreV1().Pods(shell.Namespace).Delete(r.t.Context(), shell.Name, metav1.DeleteOptions{GracePeriodSeconds: &grace}); err != nil {
			r.t.Error(err)
		}
	}
}

// reaches asks a server from a pod.
func reaches(t *testing.T, from *acctest.Shell, address string) bool {
	t.Helper()
	out, err := from.Run(t.Context(), nil, "sh", "-c", `printf 'GET /hello HTTP/1.0\r\n\r\n' | nc -w 2 `+address+" 8080")
	return err == nil && strings.Contains(out, "hello")
}

// unreachable fails the test unless a connection is refused: the network follows the
// policies a moment later.
func unreachable(t *testing.T, from *acctest.Shell, address, why string) {
	t.Helper()
	acctest.Eventually(t, 20*time.Second, func() string {
		if reaches(t, from, address) {
			return why
		}
		return ""
	})
}

func reachable(t *testing.T, from *acctest.Shell, address, why string) {
	t.Helper()
	acctest.Eventually(t, 20*time.Second, func() string {
		if !reaches(t, from, address) {
			return why
		}
		return ""
	})
}

// TestAccWorkspaces makes two workspaces, with a product in each, in one run, and
// tries from inside what the one may do to the other.
func TestAccWorkspaces(t *testing.T) {
	r := newRooms(t)
	s := settings{memory: "256Mi", replicas: 1}

	// Neither the namespaces nor their quotas are there yet: the plan counts with them.
	s.replicas = 20
	r.configure(s)
	r.Plan().Fails().Says("The namespace's quota leaves too little", `requests.memory: 320Mi more is needed, but quota "workspace" leaves 256Mi (0 of 256Mi is used)`, "pods: 20 more is needed")
	s.replicas = 1
	r.configure(s)
	_, planned := r.PlanFile()
	planned.Says("4 to add, 0 to change, 0 to destroy").SaysNot("could not be checked")
	r.Apply("plan").Succeeds()
	r.PlansNothing()

	ctx := t.Context()
	namespace, err := r.c.CoreV1().Namespaces().Get(ctx, r.a, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for label, want := range map[string]string{"pod-security.kubernetes.io/enforce": "restricted", "cost-center": "4711", "team": r.a} {
		if namespace.Labels[label] != want {
			t.Errorf("label %s of the namespace is %q, want %q", label, namespace.Labels[label], want)
		}
	}

	r.tryPods(t)
	r.tryRights(t)
	r.tryQuota(t, s)
	r.tryNetwork(t, s)
	r.tryTeam(t)
	r.Destroy().Succeeds()
	for _, name := range []string{r.a, r.b} {
		if _, err := r.c.CoreV1().Namespaces().Get(context.WithoutCancel(ctx), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("namespace %s is still there: %v", name, err)
		}
	}
	left, err := r.c.CoreV1().Secrets(r.claims).List(ctx, metav1.ListOptions{})
	if err != nil || len(left.Items) > 0 {
		t.Errorf("%d claims are left (%v)", len(left.Items), err)
	}
}

// podWith is a pod that passes the Pod Security Standard restricted, with its
// container changed.
func podWith(change func(*corev1.Container)) *corev1.Pod {
	yes, no := true, false
	container := corev1.Container{Name: "main", Image: acctest.BusyboxImage, Command: []string{"sleep", "1"}, SecurityContext: &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no, RunAsNonRoot: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}}
	change(&container)
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "try-"}, Spec: corev1.PodSpec{Containers: []corev1.Container{container}}}
}

// tryPods makes pods that the workspace must take, and others that it must not.
func (r *rooms) tryPods(t *testing.T) {
	pods := r.c.CoreV1().Pods(r.a)
	for name, test := range map[string]struct {
		change  func(*corev1.Container)
		refused string
	}{
		"no limits": {func(*corev1.Container) {}, ""},
		"too much": {func(c *corev1.Container) {
			c.Resources.Requests = corev1.ResourceList{"memory": resource.MustParse("300Mi")}
			c.Resources.Limits = c.Resources.Requests
		}, "exceeded quota: workspace"},
		"privilege": {func(c *corev1.Container) {
			yes := true
			c.SecurityContext.Privileged = &yes
			c.SecurityContext.AllowPrivilegeEscalation = &yes
		}, `violates PodSecurity "restricted:latest"`},
		"above its limits": {func(c *corev1.Container) {
			c.Resources.Requests = corev1.ResourceList{"memory": resource.MustParse("100Mi")}
		}, "must be less than or equal to memory limit of 48Mi"},
	} {
		created, err := pods.Create(t.Context(), podWith(test.change), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case test.refused == "" && err != nil:
			t.Errorf("%s: the pod is refused: %v", name, err)
		case test.refused == "" && created.Spec.Containers[0].Resources.Limits.Memory().String() != "48Mi":
			t.Errorf("%s: the pod has the limits %v", name, created.Spec.Containers[0].Resources.Limits)
		case test.refused != "" && (err == nil || !strings.Contains(err.Error(), test.refused)):
			t.Errorf("%s: want a refusal with %q, got %v", name, test.refused, err)
		}
	}
}

// tryRights asks, and really tries, what service accounts of one workspace may do in it and in the other.
func (r *rooms) tryRights(t *testing.T) {
	ctx := t.Context()
	for _, namespace := range []string{r.a, r.b} {
		_, err := r.c.CoreV1().Secrets(namespace).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "credential"}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.c.CoreV1().Secrets(namespace).Delete(ctx, "credential", metav1.DeleteOptions{}) }()
	}
	may := func(account, namespace, verb, group, kind string) bool {
		t.Helper()
		answer, err := r.c.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: "system:serviceaccount:" + r.a + ":" + account, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + r.a, "system:authenticated"},
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: verb, Group: group, Resource: kind},
		}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status.Allowed
	}
	for account, rights := range map[string][4]bool{ // read pods, read Secrets, make Deployments, make network policies
		"default": {false, false, false, false}, "reader": {true, false, false, false}, "ci": {true, true, true, false}, "lead": {true, true, true, true},
	} {
		got := func(namespace string) [4]bool {
			return [4]bool{
				may(account, namespace, "list", "", "pods"), may(account, namespace, "get", "", "secrets"),
				may(account, namespace, "create", "apps", "deployments"), may(account, namespace, "create", "networking.k8s.io", "networkpolicies"),
			}
		}
		if here := got(r.a); here != rights {
			t.Errorf("%s may do %v in its workspace, want %v", account, here, rights)
		}
		if there := got(r.b); there != [4]bool{} {
			t.Errorf("%s may do %v in the other workspace", account, there)
		}
		if may(account, r.a, "update", "", "resourcequotas") || may(account, r.a, "update", "", "namespaces") || may(account, r.claims, "get", "", "secrets") {
			t.Errorf("%s may change what limits it", account)
		}
	}
	client, _ := r.client(r.a, "ci")
	if _, err := client.CoreV1().Secrets(r.a).Get(ctx, "credential", metav1.GetOptions{}); err != nil {
		t.Errorf("an editor cannot read a Secret of its workspace: %v", err)
	}
	if _, err := client.CoreV1().Secrets(r.b).Get(ctx, "credential", metav1.GetOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("an editor reads a Secret of the other workspace: %v", err)
	}
	reader, _ := r.client(r.a, "reader")
	if _, err := reader.CoreV1().Secrets(r.a).Get(ctx, "credential", metav1.GetOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a viewer reads a Secret: %v", err)
	}
	if _, err := reader.CoreV1().Namespaces().Get(ctx, r.a, metav1.GetOptions{}); err != nil {
		t.Errorf("a viewer cannot look at the namespace: %v", err)
	}
}

// tryQuota exceeds the quota, lowers it too far, and raises it with what needs more
// in one run.
func (r *rooms) tryQuota(t *testing.T, s settings) {
	s.replicas = 20
	r.configure(s)
	r.Plan().Fails().Says("The namespace's quota leaves too little", `requests.memory: 304Mi more is needed, but quota "workspace" leaves 240Mi (16Mi of 256Mi is used)`)
	s.replicas, s.memory = 1, "12Mi"
	r.configure(s)
	r.Plan().Fails().Says("The quota would be below what is used", "requests.memory: 16Mi is used, and the quota would be 12Mi", "in resource \"analytics_workspace\" \"team\"")

	s.replicas, s.memory = 7, "1Gi"
	r.configure(s)
	r.Plan().Succeeds().Says("0 to add, 4 to change, 0 to destroy")
	s.memory = "100Mi"
	r.configure(s)
	r.Plan().Fails().Says(`requests.memory: 96Mi more is needed, but quota "workspace" leaves 84Mi`)
	s.replicas = 1
	r.configure(s)
	r.Apply().Succeeds()
	r.PlansNothing()
}

// tryNetwork connects pods of the workspaces to each other while the two sides
// allow it one after the other.
func (r *rooms) tryNetwork(t *testing.T, s settings) {
	s.memory = "256Mi"
	r.configure(s)
	r.Apply().Succeeds()
	a, addressA := r.server(r.a)
	b, addressB := r.server(r.b)
	other := r.c.Shell(t, r.a)
	reachable(t, other, addressA, "pods of one workspace do not reach each other")
	if out, err := a.Run(t.Context(), nil, "nslookup", "-type=a", "kubernetes.default.svc.cluster.local"); err != nil {
		t.Errorf("a pod cannot ask the DNS: %v %s", err, out)
	}
	api, err := r.c.CoreV1().Services("default").Get(t.Context(), "kubernetes", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Run(t.Context(), nil, "sh", "-c", "nc -w 2 "+api.Spec.ClusterIP+" 443 </dev/null"); err == nil {
		t.Error("a pod reaches the API server, which nobody has allowed")
	}
	unreachable(t, a, addressB, "a reaches b, which nobody has allowed")

	// One side alone allows nothing.
	r.network[r.a] = fmt.Sprintf("to = [%q]", r.b)
	r.configure(s)
	r.Apply().Succeeds().Says("updates NetworkPolicy/egress in place")
	time.Sleep(2 * time.Second)
	unreachable(t, a, addressB, "a reaches b, which b has not allowed")
	r.network[r.b] = fmt.Sprintf("from = [%q]", r.a)
	r.configure(s)
	r.Apply().Succeeds().Says("updates NetworkPolicy/ingress in place")
	r.PlansNothing()
	reachable(t, a, addressB, "a does not reach b, although both allow it")
	unreachable(t, b, addressA, "b reaches a, which nobody has allowed")

	// A pod with a policy of its own is open to nobody else, not even within.
	pods := r.c.CoreV1().Pods(r.a)
	pod, err := pods.Get(t.Context(), a.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Labels = map[string]string{"analytics/own-ingress": "true"}
	if _, err := pods.Update(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	unreachable(t, other, addressA, "a pod with a policy of its own is open to the workspace")

	// What is used is in the state, and never a change to make.
	r.Run("apply", "-refresh-only", "-auto-approve", "-no-color").Succeeds()
	r.PlansNothing()
	usage, _ := r.Attributes(fmt.Sprintf("analytics_workspace.team[%q]", r.a))["quota_usage"].(map[string]any)
	if got := fmt.Sprint(usage["pods"]); got != "map[hard:8 used:3]" {
		t.Errorf("the use of pods is %s, want 3 of 8", got)
	}
	r.network = map[string]string{}
	r.end(a, b, other)
}

// tryTeam applies a product with no other rights than those of an editor.
func (r *rooms) tryTeam(t *testing.T) {
	_, token := r.client(r.a, "ci")
	ca := r.c.Config.CAData
	if len(ca) == 0 {
		var err error
		if ca, err = os.ReadFile(r.c.Config.CAFile); err != nil {
			t.Fatal(err)
		}
	}
	w := acctest.NewWorkspace(t)
	configure := func(namespace string) {
		w.Configure(`
provider "analytics" {
  host                   = %q
  cluster_ca_certificate = base64decode(%q)
  token                  = %q
}

resource "analytics_fixture" "own" {
  name            = "own"
  namespace       = %q
  deletion_policy = "Delete"
  autoscaling     = { min_replicas = 1, max_replicas = 1 }
  job             = { script = "true" }
}
`, r.c.Config.Host, base64.StdEncoding.EncodeToString(ca), token, namespace)
	}
	configure(r.b)
	w.Apply().Fails().Says("forbidden")
	configure(r.a)
	w.Apply().Succeeds()
	w.PlansNothing()
	w.Destroy().Succeeds()
}

// TestAccWorkspaceOthersLiveIn destroys workspaces that hold what they have not made.
func TestAccWorkspaceOthersLiveIn(t *testing.T) {
	r := newRooms(t)
	ctx := t.Context()
	configure := func(policy string) {
		r.Configure("provider \"analytics\" {\n  config_path = %q\n}\n\nresource \"analytics_workspace\" \"room\" {\n  name = %q\n  claim_namespace = %q\n  viewers = { groups = [\"team\"] }\n%s\n}\n",
			r.c.Kubeconfig, r.a, r.claims, policy)
	}
	configure("")
	r.Apply().Succeeds()
	uid := func() string {
		t.Helper()
		live, err := r.c.CoreV1().Namespaces().Get(ctx, r.a, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return ""
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(live.UID)
	}
	first := uid()
	volume := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"}, Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("100Mi")}},
	}}
	if _, err := r.c.CoreV1().PersistentVolumeClaims(r.a).Create(ctx, volume, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.c.CoreV1().ConfigMaps(r.a).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "notes"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	r.Plan("-destroy").Succeeds().Says("Namespace "+r.a+" stays", "PersistentVolumeClaim: data", "ConfigMap: notes")
	r.Destroy().Succeeds().Says("Namespace "+r.a+" stays", "PersistentVolumeClaim: data", "ConfigMap: notes", "kubectl delete namespace")
	if uid() != first {
		t.Fatal("the namespace is another one, or gone")
	}
	policies, err := r.c.NetworkingV1().NetworkPolicies(r.a).List(ctx, metav1.ListOptions{})
	if err != nil || len(policies.Items) != 3 {
		t.Errorf("%d network policies protect what is left, want 3 (%v)", len(policies.Items), err)
	}
	bindings, err := r.c.RbacV1().RoleBindings(r.a).List(ctx, metav1.ListOptions{})
	if err != nil || len(bindings.Items) != 0 {
		t.Errorf("%d role bindings are left, want none (%v)", len(bindings.Items), err)
	}

	// The next one takes it over.
	r.Apply().Succeeds()
	r.PlansNothing()
	if uid() != first {
		t.Error("the namespace is another one")
	}
	if err := r.c.CoreV1().PersistentVolumeClaims(r.a).Delete(ctx, "data", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.c.CoreV1().ConfigMaps(r.a).Delete(ctx, "notes", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	r.Destroy().Succeeds().SaysNot("stays")
	if uid() != "" {
		t.Error("the empty namespace is still there")
	}

	// Protected, and then with all that it holds.
	configure("deletion_protection = true")
	r.Apply().Succeeds()
	r.Destroy().Fails().Says("protected from deletion")
	configure(`deletion_policy = "Delete"`)
	r.Apply().Succeeds()
	if _, err := r.c.CoreV1().ConfigMaps(r.a).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "notes"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	r.Destroy().Succeeds().Says("Namespace "+r.a+" is deleted with all that it holds", "ConfigMap: notes")
	if uid() != "" {
		t.Error("the namespace is still there")
	}
	left, err := r.c.CoreV1().Secrets(r.claims).List(ctx, metav1.ListOptions{})
	if err != nil || len(left.Items) > 0 {
		t.Errorf("%d claims are left (%v)", len(left.Items), err)
	}
}

// TestAccCLIWorkspace takes a namespace over that is there, copies a pull secret into
// it, repairs it, and imports it.
func TestAccCLIWorkspace(t *testing.T) {
	r := newRooms(t)
	ctx := t.Context()
	const secret = `{"auths":{"registry.example.com":{"auth":"Tm9ybWE6TmFzdHVydGl1bTdRdWFnbWlyZQ=="}}}`
	if _, err := r.c.CoreV1().Secrets(r.claims).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "registry-credentials"}, Type: corev1.SecretTypeDockerConfigJson,
		StringData: map[string]string{corev1.DockerConfigJsonKey: secret},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: r.a, Labels: map[string]string{"theirs": "kept"}}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The claim is where it is by default, and stays where the test ends early.
		_ = r.c.CoreV1().Secrets("default").Delete(context.WithoutCancel(ctx), "analytics.workspace."+r.a, metav1.DeleteOptions{})
	})
	configure := func(adopt string) {
		r.Configure(`
provider "analytics" {
  config_path = %q
}

resource "analytics_workspace" "room" {
  name         = %q
  pull_secrets = { registry = { namespace = %q, secret = "registry-credentials" } }
  %s
}
`, r.c.Kubeconfig, r.a, r.claims, adopt)
	}
	configure("")
	r.Plan().Fails().Says("Namespace/workspace: the object exists already and belongs to somebody else", "adopt = true")
	configure("adopt = true")
	created := r.Apply().Succeeds().Output
	state := r.ReadFile("terraform.tfstate")
	for where, text := range map[string]string{"the apply": created, "the state": state} {
		if form := acctest.Spilled(text, "Tm9ybWE6TmFzdHVydGl1bTdRdWFnbWlyZQ"); form != "" {
			t.Errorf("%s holds the pull secret %s", where, form)
		}
	}
	r.PlansNothing()
	copied, err := r.c.CoreV1().Secrets(r.a).Get(ctx, "registry", metav1.GetOptions{})
	if err != nil || string(copied.Data[corev1.DockerConfigJsonKey]) != secret {
		t.Errorf("the pull secret was not copied: %v", err)
	}
	account, err := r.c.CoreV1().ServiceAccounts(r.a).Get(ctx, "default", metav1.GetOptions{})
	if err != nil || len(account.ImagePullSecrets) != 1 || account.ImagePullSecrets[0].Name != "registry" {
		t.Errorf("the default service account pulls with %v (%v)", account.ImagePullSecrets, err)
	}

	// What another hand changed shows, and is repaired.
	namespace, err := r.c.CoreV1().Namespaces().Get(ctx, r.a, metav1.GetOptions{})
	if err != nil || namespace.Labels["theirs"] != "kept" {
		t.Fatalf("a label of the namespace's first owner is gone (%v)", err)
	}
	namespace.Labels["pod-security.kubernetes.io/enforce"] = "privileged"
	if _, err := r.c.CoreV1().Namespaces().Update(ctx, namespace, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.c.NetworkingV1().NetworkPolicies(r.a).Delete(ctx, "workspace-isolation", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	r.Apply().Succeeds().Says(`"privileged" -> "restricted"`, "creates NetworkPolicy/isolation")
	r.PlansNothing()

	if err := os.Remove(filepath.Join(r.Dir, "terraform.tfstate")); err != nil {
		t.Fatal(err)
	}
	r.Import("analytics_workspace.room", r.a).Succeeds()
	r.PlansNothing()
	if got := r.Attributes("analytics_workspace.room")["id"]; got != "default/"+r.a {
		t.Errorf("the id is %v", got)
	}

	// Somebody deletes the namespace: it is made anew as soon as the old one is gone.
	if err := r.c.CoreV1().Namespaces().Delete(ctx, r.a, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	r.Apply().Succeeds().Says(`+ "Namespace/workspace"`, `+ "NetworkPolicy/isolation"`)
	r.PlansNothing()
	r.Destroy().Succeeds().SaysNot("stays")
	if _, err := r.c.CoreV1().Namespaces().Get(ctx, r.a, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the namespace is still there: %v", err)
	}
}
