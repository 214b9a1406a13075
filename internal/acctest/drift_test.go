package acctest

import (
	"context"
	"fmt"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// shows fails the test unless a plan changes exactly these leaves, given as
// compareChanges has them. The plan is kept.
func (s *stand) shows(what string, want ...string) *Result {
	s.t.Helper()
	plan, r := s.PlanFile()
	change := plan.ResourceChanges[0].Change
	if len(want) > 0 && !change.Actions.Update() {
		s.t.Fatalf("%s: the plan is to %v:\n%s", what, change.Actions, r.Output)
	}
	compareChanges(s.t, what, want, differences(objectsOf(change.Before), objectsOf(change.After)))
	return r
}

// repaired applies the plan that was kept.
func (s *stand) repaired() {
	s.t.Helper()
	s.Run("apply", "-no-color", "plan").Succeeds()
	s.PlansNothing()
}

// configMapValue is the value of a part.
func (s *stand) configMapValue(name string) string {
	s.t.Helper()
	c, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Get(s.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Data["value"]
}

// TestAccDrift has other hands change, add and delete things. What is the
// resource's shows leaf by leaf and is repaired; what is theirs never shows and
// stays.
func TestAccDrift(t *testing.T) {
	s := newStand(t)
	s.fixture(`
replicas = 0
labels   = { team = "data" }
env      = { GREETING = "hello" }
parts    = { a = "1", b = "2" }`)
	s.Apply().Succeeds()
	everything := s.objects()

	// Theirs.
	s.edit(configMaps, "it-part-a", map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"theirs": "yes"}, "annotations": map[string]any{"theirs": "yes"}},
		"data":     map[string]any{"theirs": "yes"},
	})
	s.edit(deployments, "it", map[string]any{"spec": map[string]any{"revisionHistoryLimit": 3, "template": map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}},
	}}})
	s.seize(deployments, "Deployment", "it", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{
			map[string]any{"name": "main", "env": []any{map[string]any{"name": "THEIRS", "value": "yes"}}},
			map[string]any{"name": "proxy", "image": BusyboxImage},
		},
		"tolerations": []any{map[string]any{"key": "theirs", "operator": "Exists"}},
	}}}})
	s.edit(services, "it", map[string]any{"spec": map[string]any{"sessionAffinity": "ClientIP", "ports": []any{
		map[string]any{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"},
		map[string]any{"name": "theirs", "port": 81, "protocol": "TCP", "targetPort": 81},
	}}})
	s.PlansNothing()

	// Ours.
	s.edit(configMaps, "it-part-a", map[string]any{"data": map[string]any{"value": "changed"}})
	s.edit(services, "it", map[string]any{"spec": map[string]any{"ports": []any{
		map[string]any{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 9090},
		map[string]any{"name": "theirs", "port": 81, "protocol": "TCP", "targetPort": 81},
	}}})
	s.edit(serviceAccounts, "it", map[string]any{"automountServiceAccountToken": true})
	s.edit(deployments, "it", map[string]any{"metadata": map[string]any{"labels": map[string]any{"team": nil}}})
	s.seize(deployments, "Deployment", "it", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{
			map[string]any{
				"name": "main", "env": []any{map[string]any{"name": "THEIRS", "value": "yes"}},
				"resources": map[string]any{"limits": map[string]any{"memory": "48Mi"}},
			},
			map[string]any{"name": "proxy", "image": BusyboxImage},
		},
		"tolerations": []any{map[string]any{"key": "theirs", "operator": "Exists"}},
	}}}})
	s.deletes(configMaps, "it-part-b")
	s.deletes(secrets, "it-env")
	s.shows(
		"what others changed",
		"ConfigMap/part-a data.value", "ConfigMap/part-b *", "Deployment/web metadata.labels.team", "Secret/env *",
		"Deployment/web spec.template.spec.containers[main].resources.limits.memory", "Service/web spec.ports[80/TCP].targetPort",
		"ServiceAccount/pods automountServiceAccountToken",
	).Says(`"changed" -> "1"`, `"48Mi" -> "32Mi"`, `"9090" -> "http"`, `"true" -> "false"`, "creates ConfigMap/part-b", "creates Secret/env")
	s.repaired()
	s.has(everything...)
	d := s.deployment(t)
	pod := d.Spec.Template.Spec
	for what, pair := range map[string][2]any{
		"our label":         {d.Labels["team"], "data"},
		"our limit":         {pod.Containers[0].Resources.Limits.Memory().String(), "32Mi"},
		"our value":         {s.configMapValue("it-part-a"), "1"},
		"the deleted value": {s.configMapValue("it-part-b"), "2"},
		"their variable":    {variable(pod.Containers[0], "THEIRS"), "yes"},
		"their container":   {len(pod.Containers) == 2 && pod.Containers[1].Name == "proxy", true},
		"their toleration":  {len(pod.Tolerations) == 1 && pod.Tolerations[0].Key == "theirs", true},
		"their restart":     {d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"], "2026-01-01T00:00:00Z"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, not %v", what, pair[0], pair[1])
		}
	}

	// All that runs.
	s.deletes(deployments, "it")
	s.deletes(services, "it")
	s.shows("what others deleted", "Deployment/web *", "Service/web *").Says("creates Deployment/web", "creates Service/web")
	s.repaired()
	s.has(everything...)

	// All that there is.
	s.deletes(deployments, "it")
	s.deletes(services, "it")
	s.deletes(serviceAccounts, "it")
	s.deletes(configMaps, "it-script", "it-part-a", "it-part-b")
	s.deletes(secrets, "it-env", "it-credentials", s.claimName())
	s.Plan().Succeeds().Says("1 to add, 0 to change, 0 to destroy")
}

// TestAccMutatingAdmission has an admission policy rewrite a field of ours, drop
// another and inject a container: none of it shows, and what is changed by hand
// shows nevertheless.
func TestAccMutatingAdmission(t *testing.T) {
	s := newStand(t)
	if !s.cluster.Serves(t, admissionv1.SchemeGroupVersion.String(), "mutatingadmissionpolicies") {
		t.Skip("this API server does not serve MutatingAdmissionPolicy in admissionregistration.k8s.io/v1; Kubernetes 1.36 and later does")
	}
	const ours, theirs = "busybox:1.37", "docker.io/library/busybox:1.37"
	policy := s.mutatingPolicy(fmt.Sprintf(`Object{
		metadata: Object.metadata{labels: {"injected": "yes"}},
		spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [
			Object.spec.template.spec.containers{name: "main", image: %q},
			Object.spec.template.spec.containers{name: "proxy", image: %q}
		]}}}
	}`, theirs, theirs), `has(object.metadata.annotations) && "note" in object.metadata.annotations ?
		[JSONPatch{op: "remove", path: "/metadata/annotations/note"}] : []`)
	s.rewrites(true)
	attributes := fmt.Sprintf("replicas = 0\nimage = %q\nannotations = { note = \"x\" }\n", ours)
	s.fixture(attributes)
	s.Apply().Succeeds()
	image := func() string { return s.deployment(t).Spec.Template.Spec.Containers[0].Image }
	if d := s.deployment(t); image() != theirs || len(d.Spec.Template.Spec.Containers) != 2 || d.Labels["injected"] != "yes" || d.Annotations["note"] != "" {
		t.Fatalf("the policy has not rewritten the Deployment: the test proves nothing\n%v", d)
	}
	s.PlansNothing()
	s.fixture(attributes + `pod_annotations = { a = "b" }`)
	s.shows("a change of an object that is rewritten", "Deployment/web spec.template.metadata.annotations.a").SaysNot("injected")
	s.repaired()
	if image() != theirs {
		t.Errorf("the image is %s", image())
	}

	// Nobody rewrites it any more: what there is stays, until another hand or the
	// configuration changes it.
	policy()
	s.rewrites(false)
	s.PlansNothing()
	s.seize(deployments, "Deployment", "it", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": "main", "image": "busybox:1.36"}},
	}}}})
	s.shows("a change by hand", "Deployment/web spec.template.spec.containers[main].image").Says(`"busybox:1.36" -> "` + ours + `"`)
	s.repaired()
	if image() != ours {
		t.Errorf("the image is %s", image())
	}
}

// mutatingPolicy makes an admission policy that changes the Deployments of the
// stand's namespace, and returns what deletes it.
func (s *stand) mutatingPolicy(apply, patch string) (remove func()) {
	s.t.Helper()
	ctx, client := s.t.Context(), s.cluster.AdmissionregistrationV1()
	meta := metav1.ObjectMeta{Name: s.namespace + "-mutate", Labels: map[string]string{testLabel: "true"}}
	fail := admissionv1.Fail
	_, err := client.MutatingAdmissionPolicies().Create(ctx, &admissionv1.MutatingAdmissionPolicy{ObjectMeta: meta, Spec: admissionv1.MutatingAdmissionPolicySpec{
		FailurePolicy: &fail, ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
		MatchConstraints: &admissionv1.MatchResources{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.namespace}},
			ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
			}}},
		},
		Mutations: []admissionv1.Mutation{
			{PatchType: admissionv1.PatchTypeApplyConfiguration, ApplyConfiguration: &admissionv1.ApplyConfiguration{Expression: apply}},
			{PatchType: admissionv1.PatchTypeJSONPatch, JSONPatch: &admissionv1.JSONPatch{Expression: patch}},
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	remove = func() {
		for _, err := range []error{
			client.MutatingAdmissionPolicyBindings().Delete(context.Background(), meta.Name, metav1.DeleteOptions{}),
			client.MutatingAdmissionPolicies().Delete(context.Background(), meta.Name, metav1.DeleteOptions{}),
		} {
			if err != nil && !apierrors.IsNotFound(err) {
				s.t.Error(err)
			}
		}
	}
	s.t.Cleanup(remove)
	_, err = client.MutatingAdmissionPolicyBindings().Create(ctx, &admissionv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: meta, Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: meta.Name},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return remove
}

// rewrites waits until the API server has taken up that there is a policy, or none.
func (s *stand) rewrites(want bool) {
	s.t.Helper()
	labels := map[string]string{"app": "probe"}
	probe := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "probe"}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "any"}}}},
	}}
	Eventually(s.t, time.Minute, func() string {
		made, err := s.cluster.AppsV1().Deployments(s.namespace).Create(s.t.Context(), probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			return err.Error()
		}
		if got := made.Labels["injected"] == "yes"; got != want {
			return fmt.Sprintf("that Deployments are rewritten is %t", got)
		}
		return ""
	})
}

// TestAccAutoscaler leaves the number of pods to an autoscaler, which changes it, and
// takes it back.
func TestAccAutoscaler(t *testing.T) {
	s := newStand(t)
	const attributes = "autoscaling = { min_replicas = 2, max_replicas = 5 }\n"
	s.fixture("replicas = 0")
	s.Apply().Succeeds()
	s.fixture(attributes)
	s.Apply().Succeeds()
	replicas := func(want int32) {
		t.Helper()
		Eventually(t, time.Minute, func() string {
			if got := *s.deployment(t).Spec.Replicas; got != want {
				return fmt.Sprintf("the autoscaler has left %d pods", got)
			}
			return ""
		})
	}
	replicas(2)
	s.PlansNothing()
	s.edit(deployments, "it", map[string]any{"spec": map[string]any{"replicas": 3}}, "scale")
	s.fixture(attributes + `annotations = { a = "b" }`)
	s.shows("a change while an autoscaler is at work", "** metadata.annotations.a")
	s.repaired()
	replicas(3)

	s.fixture("replicas = 1")
	autoscaler := s.autoscalerAt(t, 1)
	s.Apply().Succeeds()
	if err := <-autoscaler; !apierrors.IsNotFound(err) {
		t.Errorf("the autoscaler went after the number of pods was taken back: looking for it gave %v", err)
	}
	s.PlansNothing()
}

// autoscalerAt tells what comes of reading the autoscaler when the Deployment is to have so many pods.
func (s *stand) autoscalerAt(t *testing.T, replicas int32) <-chan error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	watcher, err := s.cluster.AppsV1().Deployments(s.namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	found := make(chan error, 1)
	go func() {
		defer cancel()
		defer watcher.Stop()
		for event := range watcher.ResultChan() {
			if d, ok := event.Object.(*appsv1.Deployment); ok && *d.Spec.Replicas == replicas {
				_, err := s.cluster.AutoscalingV2().HorizontalPodAutoscalers(s.namespace).Get(ctx, s.name, metav1.GetOptions{})
				found <- err
				return
			}
		}
		found <- fmt.Errorf("the Deployment never was to have %d pods", replicas)
	}()
	return found
}

// TestAccIgnore leaves fields to others: in the resource, then in the provider. As
// soon as they are not ignored any more they are repaired.
func TestAccIgnore(t *testing.T) {
	s := newStand(t)
	const ignore = `
ignore = [
  { kind = "ConfigMap", name = "it-part-a", path = "data" },
  { kind = "Deployment", path = "spec.replicas" },
  { path = "spec.template.spec.containers[*].resources.limits" },
]
`
	configure := func(attributes string) { s.fixture("replicas = 1\n" + attributes) }
	configure(ignore + `parts = { a = "1", b = "1" }`)
	s.Apply().Succeeds()
	s.edit(configMaps, "it-part-a", map[string]any{"data": map[string]any{"value": "theirs"}})
	s.edit(deployments, "it", map[string]any{"spec": map[string]any{"replicas": 0}}, "scale")
	s.seize(deployments, "Deployment", "it", map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": "main", "resources": map[string]any{"limits": map[string]any{"memory": "48Mi"}}}},
	}}}})
	theirs := func(after string) {
		t.Helper()
		s.PlansNothing()
		d := s.deployment(t)
		if got := fmt.Sprintf("%s %d %s", s.configMapValue("it-part-a"), *d.Spec.Replicas, d.Spec.Template.Spec.Containers[0].Resources.Limits.Memory()); got != "theirs 0 48Mi" {
			t.Errorf("%s: what was left to others is %s", after, got)
		}
	}
	theirs("a change by others")

	// Nor does a change of the same objects repair it.
	configure(ignore + `parts = { a = "1", b = "1" }
labels = { team = "data" }`)
	s.shows("a change", "** metadata.labels.team", "Deployment/web spec.template.metadata.labels.team").SaysNot("left to others")
	s.repaired()
	theirs("a change")
	// Not even one of the very field.
	configure(ignore + `parts = { a = "2", b = "1" }
labels = { team = "data" }`)
	s.Apply().Succeeds().Says("ConfigMap/part-a: fields are left to others", "Others have set data.value")
	theirs("a change of the field")
	// What else others change in them is.
	s.edit(deployments, "it", map[string]any{"metadata": map[string]any{"labels": map[string]any{"team": "theirs"}}})
	s.edit(configMaps, "it-part-b", map[string]any{"data": map[string]any{"value": "theirs"}})
	s.shows("what is not ignored", "Deployment/web metadata.labels.team", "ConfigMap/part-b data.value")
	s.repaired()
	theirs("a repair")

	configure(`parts = { a = "2", b = "1" }
labels = { team = "data" }`)
	s.Apply().Succeeds().Says("Fields that others have changed are not ignored any more", `ConfigMap/part-a: data.value is "theirs"`,
		`Deployment/web: spec.replicas is "0"`, "updates ConfigMap/part-a in place", "Deployment/web goes from 0 to 1 pod")
	s.PlansNothing()
	d := s.deployment(t)
	if got := fmt.Sprintf("%s %d %s", s.configMapValue("it-part-a"), *d.Spec.Replicas, d.Spec.Template.Spec.Containers[0].Resources.Limits.Memory()); got != "2 1 32Mi" {
		t.Errorf("what is not ignored any more is %s", got)
	}

	connection := s.connection
	s.connection += "\nignore = [{ kind = \"ConfigMap\", path = \"data.*\" }]"
	configure(`parts = { a = "2", b = "1" }
labels = { team = "data" }`)
	s.edit(configMaps, "it-part-a", map[string]any{"data": map[string]any{"value": nil}})
	s.edit(configMaps, "it-part-b", map[string]any{"data": map[string]any{"value": "theirs"}})
	s.PlansNothing()
	s.connection = connection
	configure(`parts = { a = "2", b = "1" }
labels = { team = "data" }`)
	s.shows("what the provider does not ignore any more", "ConfigMap/part-a data.value", "ConfigMap/part-b data.value")
	s.repaired()
	if got := s.configMapValue("it-part-a") + s.configMapValue("it-part-b"); got != "21" {
		t.Errorf("the values are %s", got)
	}
}

// TestAccConflicts sets fields that others have set before: they are named, and
// taken over, or left alone, as the configuration says.
func TestAccConflicts(t *testing.T) {
	s := newStand(t)
	s.fixture(`replicas = 0`)
	s.Apply().Succeeds()
	s.seize(deployments, "Deployment", "it", map[string]any{"metadata": map[string]any{"labels": map[string]any{"team": "theirs"}}})
	s.seize(services, "Service", "it", map[string]any{"metadata": map[string]any{"labels": map[string]any{"team": "theirs"}}})
	labels := func(deployment, service string) {
		t.Helper()
		live, err := s.cluster.CoreV1().Services(s.namespace).Get(t.Context(), "it", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d := s.deployment(t).Labels["team"]; d != deployment || live.Labels["team"] != service {
			t.Errorf("the labels are %q and %q, not %q and %q", d, live.Labels["team"], deployment, service)
		}
	}
	const ours = "replicas = 0\nlabels = { team = \"ours\" }\n"
	conflict := []string{"Another manager owns fields of the object", `metadata.labels.team is managed by "kubectl"`, "attribute ignore", "force_conflicts = true"}
	s.fixture(ours)
	s.refused(append(conflict, "Deployment/web:", "Service/web:")...)
	connection := s.connection
	s.connection += "\nplan_checks = \"off\""
	s.fixture(ours)
	s.Apply().Fails().Says(conflict...)
	s.connection = connection
	labels("theirs", "theirs")

	s.fixture(ours + `ignore = [{ path = "metadata.labels.team" }]`)
	s.Apply().Succeeds().Says("Service/web: fields are left to others", "Others have set metadata.labels.team").SaysNot("ConfigMap/script: fields")
	s.PlansNothing()
	labels("theirs", "theirs")

	s.fixture(ours + `force_conflicts = true`)
	s.Apply().Succeeds().Says("Fields that others have changed are not ignored any more", `Service/web: metadata.labels.team is "theirs"`)
	s.PlansNothing()
	labels("ours", "ours")

	// Fields that were never ours.
	s.seize(services, "Service", "it", map[string]any{"metadata": map[string]any{"annotations": map[string]any{"note": "theirs"}}})
	s.fixture(ours + "annotations = { note = \"ours\" }")
	s.refused(conflict[0], `metadata.annotations.note is managed by "kubectl"`)
	s.fixture(ours + "annotations = { note = \"ours\" }\nforce_conflicts = true")
	s.Apply().Succeeds().Says("Service/web: fields of other managers are taken over", `metadata.annotations.note is managed by "kubectl"`)
	s.PlansNothing()
}
