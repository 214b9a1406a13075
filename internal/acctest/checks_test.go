package acctest

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// onResource is how the CLI says which resource a diagnostic is about.
const onResource = "with " + address

// refused fails the test unless a plan fails on the resource with these texts.
func (s *stand) refused(texts ...string) {
	s.t.Helper()
	s.Plan().Fails().Says(append(texts, onResource)...)
}

// quota limits the stand's namespace, and waits until that counts.
func (s *stand) quota(hard map[corev1.ResourceName]string) {
	s.t.Helper()
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "team"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{}}}
	for name, text := range hard {
		quota.Spec.Hard[name] = resource.MustParse(text)
	}
	quotas := s.cluster.CoreV1().ResourceQuotas(s.namespace)
	if _, err := quotas.Create(s.t.Context(), quota, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	Eventually(s.t, time.Minute, func() string {
		live, err := quotas.Get(s.t.Context(), quota.Name, metav1.GetOptions{})
		if err != nil || len(live.Status.Used) < len(hard) {
			return fmt.Sprintf("the quota counts %d of %d resources (%v)", len(live.Status.Used), len(hard), err)
		}
		return ""
	})
}

// limit sets what each container of the stand's namespace may have and gets where
// it asks for nothing.
func (s *stand) limit(item corev1.LimitRangeItem) {
	s.t.Helper()
	item.Type = corev1.LimitTypeContainer
	_, err := s.cluster.CoreV1().LimitRanges(s.namespace).Create(s.t.Context(), &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "team"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{item}},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestAccChecksQuota plans what a quota leaves no room for: one pod, the sum of
// them, a rollout, volumes. Each pod of the fixture asks for 16Mi of memory.
func TestAccChecksQuota(t *testing.T) {
	s := newStand(t)
	s.quota(map[corev1.ResourceName]string{"requests.memory": "40Mi", "requests.storage": "500Mi", "count/configmaps": "4"})
	const sum = "The namespace's quota leaves too little"

	s.fixture(`resources = { requests = { memory = "64Mi" }, limits = { memory = "64Mi" } }`)
	s.refused("Deployment/web: The namespace's quota is exceeded", "requests.memory=64Mi", "limited: requests.memory=40Mi")
	s.fixture(`replicas = 3`)
	s.refused(sum, `requests.memory: 48Mi more is needed, but quota "team" leaves 40Mi (0 of 40Mi is used)`)
	s.fixture("replicas = 0\nstorage = { size = \"300Mi\", servers = 2 }")
	s.refused(sum, `requests.storage: 600Mi more is needed, but quota "team" leaves 500Mi`)
	// The cluster's own ConfigMap is there, and the fixture has one for its script.
	s.fixture("replicas = 0\nconfig_maps = 3")
	s.refused(sum, `count/configmaps: 4 more is needed, but quota "team" leaves 3`)

	connection := s.connection
	s.connection = connection + "\nplan_checks = \"warn\""
	s.fixture(`replicas = 3`)
	s.Plan().Succeeds().Says("Warning: "+sum, onResource)
	s.connection = connection + "\nplan_checks = \"off\""
	s.fixture(`replicas = 3`)
	s.Plan().Succeeds().SaysNot(sum)
	s.connection = connection

	// What runs one after the other is not added up.
	const two = "replicas = 2\njob = { script = \"true\" }\n"
	s.fixture(two)
	s.Apply().Succeeds()
	s.PlansNothing()
	// A rollout runs one pod more. Labels of the Deployment, and fewer pods, do not.
	s.fixture(two + `pod_labels = { tier = "x" }`)
	s.refused(sum, `requests.memory: 16Mi more is needed, but quota "team" leaves 8Mi (32Mi of 40Mi is used)`)
	s.fixture(two + `annotations = { note = "x" }`)
	s.Plan().Succeeds().Says("metadata.annotations.note")
	s.fixture("replicas = 1\njob = { script = \"true\" }\npod_labels = { tier = \"x\" }")
	s.Plan().Succeeds().Says("rolls")
}

// TestAccChecksLimitRange plans pods that a LimitRange forbids, and others to which
// it gives what a quota counts.
func TestAccChecksLimitRange(t *testing.T) {
	s := newStand(t)
	s.limit(corev1.LimitRangeItem{
		Max:            corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("48Mi")},
		Default:        corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
		DefaultRequest: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m")},
	})
	s.quota(map[corev1.ResourceName]string{"limits.cpu": "250m"})
	s.fixture(`resources = { limits = { memory = "64Mi" } }`)
	s.refused("Deployment/web: The namespace's LimitRange forbids this pod", "maximum memory usage per Container is 48Mi, but limit is 64Mi")
	s.fixture(`replicas = 3`)
	s.refused(`limits.cpu: 300m more is needed, but quota "team" leaves 250m`)
	s.fixture(`replicas = 2`)
	s.Plan().Succeeds()
}

// TestAccChecksPodSecurity plans a privileged container where only pods would be
// refused, and where they are warned about.
func TestAccChecksPodSecurity(t *testing.T) {
	s := newStand(t)
	s.fixture(`privileged = true`)
	s.refused("Deployment/web: The namespace's Pod Security level forbids this pod", `violates PodSecurity "restricted:latest": privileged`)

	s.relabel(map[string]string{"pod-security.kubernetes.io/enforce": "privileged"})
	s.Plan().Succeeds().Says("Warning: The API server warns about Deployment/web", `would violate PodSecurity "restricted:latest": privileged`, onResource)
}

// relabel changes labels of the stand's namespace.
func (s *stand) relabel(labels map[string]string) {
	s.t.Helper()
	namespaces := s.cluster.CoreV1().Namespaces()
	live, err := namespaces.Get(s.t.Context(), s.namespace, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	maps.Copy(live.Labels, labels)
	if _, err := namespaces.Update(s.t.Context(), live, metav1.UpdateOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// policy makes an admission policy about the Deployments of the stand's namespace.
func (s *stand) policy(action admissionv1.ValidationAction, expression, message string) {
	s.t.Helper()
	ctx, client := s.t.Context(), s.cluster.AdmissionregistrationV1()
	name := s.namespace + "-" + strings.ToLower(string(action))
	meta := metav1.ObjectMeta{Name: name, Labels: map[string]string{testLabel: "true"}}
	fail := admissionv1.Fail
	_, err := client.ValidatingAdmissionPolicies().Create(ctx, &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: meta, Spec: admissionv1.ValidatingAdmissionPolicySpec{
		FailurePolicy: &fail,
		MatchConstraints: &admissionv1.MatchResources{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.namespace}},
			ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
			}}},
		},
		Validations: []admissionv1.Validation{{Expression: expression, Message: message}},
	}}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		for _, err := range []error{
			client.ValidatingAdmissionPolicyBindings().Delete(context.Background(), name, metav1.DeleteOptions{}),
			client.ValidatingAdmissionPolicies().Delete(context.Background(), name, metav1.DeleteOptions{}),
		} {
			if err != nil && !apierrors.IsNotFound(err) {
				s.t.Error(err)
			}
		}
	})
	_, err = client.ValidatingAdmissionPolicyBindings().Create(ctx, &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: meta,
		Spec:       admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: name, ValidationActions: []admissionv1.ValidationAction{action}},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestAccChecksAdmissionPolicy plans what one policy refuses and another one warns
// about.
func TestAccChecksAdmissionPolicy(t *testing.T) {
	s := newStand(t)
	s.policy(admissionv1.Deny, "object.spec.replicas < 5", "At most 4 pods are allowed here.")
	s.policy(admissionv1.Warn, "object.spec.replicas < 3", "More than 2 pods are a waste.")
	s.fixture(`replicas = 5`)
	// The API server takes new policies up some time later.
	Eventually(t, time.Minute, func() string {
		if r := s.Plan(); r.ExitCode == 0 || !strings.Contains(flatten(r.Output), "More than 2") {
			return "the policies do not count yet:\n" + r.Output
		}
		return ""
	})
	s.refused("Deployment/web: An admission policy refuses the object", "At most 4 pods are allowed here.")
	s.fixture(`replicas = 4`)
	s.Plan().Succeeds().Says("Warning: The API server warns about Deployment/web", "More than 2 pods are a waste.", onResource)
	s.fixture(`replicas = 0`)
	s.Apply().Succeeds().SaysNot("The API server warns")
	s.fixture(`replicas = 5`)
	s.refused("At most 4 pods are allowed here.")
}

// TestAccChecksMissingNamespace plans for a namespace that is not there yet.
func TestAccChecksMissingNamespace(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	s := standIn(t, c, "acc-not-there-yet", "it")
	s.fixture("replicas = 0\nstorage = { size = \"300Mi\" }")
	s.Plan().Succeeds().Says("Warning: ConfigMap/script could not be checked with the API server",
		`Create the namespace "acc-not-there-yet" first`, "Deployment/web", "1 to add", onResource)
	s.Apply().Fails().Says(`Namespace "acc-not-there-yet" does not exist yet`)
	if s.Attributes(address) != nil {
		t.Error("what was not created is in the state")
	}
}

// TestAccChecksReadOnly plans with credentials that may read and not write, and
// with others that may not even read Secrets.
func TestAccChecksReadOnly(t *testing.T) {
	s := newStand(t)
	s.fixture(`replicas = 0`)
	s.Apply().Succeeds()
	// Without the right to look, the state stays as it is.
	s.connection = s.credentials("blind", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"get"}})
	s.fixture(`replicas = 0`)
	s.Plan("-detailed-exitcode").Says("Warning: "+s.namespace+"/it could not be read", "nothing counts as deleted", "No changes")

	everything := rbacv1.PolicyRule{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"get", "list", "watch"}}
	s.connection = s.credentials("reader", everything)
	s.fixture(`replicas = 0`)
	s.PlansNothing().SaysNot("could not be")
	s.fixture(`replicas = 2`)
	s.Plan().Succeeds().Says(`~ "spec.replicas" = "0" -> "2"`, "Warning: Deployment/web could not be checked with the API server",
		"cannot patch resource", "Grant it by a Role or ClusterRole", onResource)
	s.Apply().Fails().Says("cannot", onResource)
}

// credentials makes a service account with one rule in the namespace, and returns
// the provider's configuration for it.
func (s *stand) credentials(name string, rule rbacv1.PolicyRule) string {
	s.t.Helper()
	ctx, core, rbac := s.t.Context(), s.cluster.CoreV1(), s.cluster.RbacV1()
	meta := metav1.ObjectMeta{Name: name}
	if _, err := core.ServiceAccounts(s.namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := rbac.Roles(s.namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{rule}}, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := rbac.RoleBindings(s.namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: name, Namespace: s.namespace}},
	}, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	token, err := core.ServiceAccounts(s.namespace).CreateToken(ctx, name, &authv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	config := s.cluster.Config
	return fmt.Sprintf("host = %q\ncluster_ca_certificate = base64decode(%q)\ntoken = %q",
		config.Host, encoded(s.t, config.CAData, config.CAFile), token.Status.Token)
}
