package workspace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	// defaultAccount is the service account that Kubernetes makes in every namespace.
	defaultAccount    = "default"
	podSecurityPrefix = "pod-security.kubernetes.io/"
)

// render turns the configuration into objects.
func render(m *Model, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
	var diags diag.Diagnostics
	hard := m.hard(&diags)
	items := m.limitItems(hard, &diags)
	for _, item := range items {
		item.check(hard, &diags)
	}
	checkNetwork(m, &diags)
	checkAccess(m, &diags)
	checkNamespace(m, &diags)
	objects := []workload.Object{namespace(m)}
	if len(hard.list) > 0 {
		objects = append(objects, quota(m, hard))
	} else if m.Quota != nil {
		diags.AddAttributeError(path.Root("quota"), "A quota limits nothing", "Set at least one of its attributes, or remove it.")
	}
	objects = append(objects, limitRange(m, items))
	objects = append(objects, networkPolicies(m, env, &diags)...)
	objects = append(objects, access(m)...)
	objects = append(objects, serviceAccounts(m)...)
	objects = append(objects, pullSecrets(m)...)
	return workload.Rendering{Objects: objects}, diags
}

func namespace(m *Model) workload.Object {
	p := m.PodSecurity
	if p == nil {
		p = &PodSecurity{}
	}
	or := func(value *string, fallback string) string {
		if value == nil {
			return fallback
		}
		return *value
	}
	labels := map[string]string{}
	maps.Copy(labels, m.NamespaceLabels)
	for mode, level := range map[string]*string{"enforce": p.Enforce, "warn": p.Warn, "audit": p.Audit} {
		labels[podSecurityPrefix+mode] = or(level, "restricted")
		labels[podSecurityPrefix+mode+"-version"] = or(p.Version, "latest")
	}
	object := corev1ac.Namespace(m.Name).WithLabels(labels)
	if len(m.NamespaceAnnotations) > 0 {
		object.WithAnnotations(m.NamespaceAnnotations)
	}
	return workload.Object{Key: "Namespace/workspace", Stage: workload.StageNamespace, At: path.Root("name"), Manifest: object}
}

// checkNamespace finds labels that other attributes stand for.
func checkNamespace(m *Model, diags *diag.Diagnostics) {
	for _, key := range slices.Sorted(maps.Keys(m.NamespaceLabels)) {
		at := path.Root("namespace_labels").AtMapKey(key)
		switch {
		case strings.HasPrefix(key, podSecurityPrefix):
			diags.AddAttributeError(at, "The label has an attribute of its own", "Set pod_security instead of "+key+".")
		case key == corev1.LabelMetadataName, strings.HasPrefix(key, workload.BookkeepingPrefix), strings.HasPrefix(key, "app.kubernetes.io/"):
			diags.AddAttributeError(at, "The label is taken", fmt.Sprintf("Kubernetes or the provider sets %s itself. Choose another key.", key))
		}
	}
}

// serviceAccounts are the workspace's own, and the one that Kubernetes makes: pods
// that name none run with it.
func serviceAccounts(m *Model) []workload.Object {
	secrets := slices.Sorted(maps.Keys(m.PullSecrets))
	account := func(name string) *corev1ac.ServiceAccountApplyConfiguration {
		object := corev1ac.ServiceAccount(name, m.Name).WithAutomountServiceAccountToken(false)
		for _, secret := range secrets {
			object.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(secret))
		}
		return object
	}
	out := []workload.Object{{
		Key: "ServiceAccount/" + defaultAccount, Stage: workload.StageIdentity, Manifest: account(defaultAccount), Adopt: true,
	}}
	for _, name := range slices.Sorted(maps.Keys(m.ServiceAccounts)) {
		if name == defaultAccount {
			continue
		}
		object := account(name)
		if annotations := m.ServiceAccounts[name].Annotations; len(annotations) > 0 {
			object.WithAnnotations(annotations)
		}
		out = append(out, workload.Object{
			Key: "ServiceAccount/" + name, Stage: workload.StageIdentity, At: path.Root("service_accounts").AtMapKey(name), Manifest: object,
		})
	}
	return out
}

func pullSecrets(m *Model) []workload.Object {
	var out []workload.Object
	for _, name := range slices.Sorted(maps.Keys(m.PullSecrets)) {
		s, version := m.PullSecrets[name], ""
		if s.Version != nil {
			version = *s.Version
		}
		out = append(out, workload.Object{
			Key: "Secret/" + name, Stage: workload.StageIdentity, At: path.Root("pull_secrets").AtMapKey(name),
			Manifest: corev1ac.Secret(name, m.Name).WithType(corev1.SecretTypeDockerConfigJson),
			Data: map[string]workload.SecretValue{
				corev1.DockerConfigJsonKey: workload.Copied(workload.SecretSource{Namespace: s.Namespace, Name: s.Secret}, corev1.DockerConfigJsonKey, version),
			},
		})
	}
	return out
}
