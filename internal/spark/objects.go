package spark

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// render turns the configuration into objects and fills in what is computed from
// it.
func render(m *Model, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
	diags := check(m)
	a, more := newApplication(m, env, productName)
	diags.Append(more...)
	objects, template, more := a.pods()
	diags.Append(more...)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	m.Requests = a.requests()
	return workload.Rendering{Objects: append(objects, a.run(template))}, diags
}

// pods renders the driver's pod, and all objects but the one that makes it.
func (a *application) pods() ([]workload.Object, pod.Template, diag.Diagnostics) {
	m := a.m
	user, diags := a.userConfig()
	if diags.HasError() {
		return nil, pod.Template{}, diags
	}
	var objects []workload.Object
	add := func(o ...workload.Object) { objects = append(objects, o...) }
	revisions := map[string]string{}
	if m.Script != nil {
		add(applicationObject(a))
		revisions["application"] = keyApplication
	}
	if len(user) > 0 {
		add(configObject(a, user))
		revisions["config"] = keyConfig
	}
	add(a.connectionSecrets(revisions)...)
	executor, more := a.executorTemplate()
	diags.Append(more...)
	add(executor...)
	revisions["executor-template"] = keyTemplate
	for _, o := range executor {
		if o.Key == "Secret/executor-env" {
			revisions["executor-env"] = o.Key
		}
	}
	template, more := a.driverTemplate(user, revisions)
	diags.Append(more...)
	if diags.HasError() {
		return nil, pod.Template{}, diags
	}
	add(template.Objects...)
	add(identity(a)...)
	add(networkPolicy(a))
	add(a.podGroup()...)
	add(a.metricsObjects()...)
	return objects, template, diags
}

func applicationObject(a *application) workload.Object {
	return workload.Object{
		Key: keyApplication, Stage: workload.StageIdentity, Mask: map[string]string{"data[" + applicationFile + "]": "script"},
		Manifest: corev1ac.ConfigMap(a.n.application(), a.n.namespace).WithData(map[string]string{applicationFile: *a.m.Script}),
	}
}

func configObject(a *application, user map[string]string) workload.Object {
	return workload.Object{
		Key: keyConfig, Stage: workload.StageIdentity, Mask: map[string]string{"data[" + configFile + "]": "spark_config and hadoop_config"},
		Manifest: corev1ac.Secret(a.n.config(), a.n.namespace).WithType(corev1.SecretTypeOpaque),
		Data:     map[string]workload.SecretValue{configFile: workload.Plain(properties(user))},
	}
}

// connectionSecrets are the credentials of the connections. They are added to the
// revisions that pods show.
func (a *application) connectionSecrets(revisions map[string]string) []workload.Object {
	var out []workload.Object
	if c := a.m.S3; c != nil {
		out = append(out, copiedSecret(keyS3, a.n.s3(), a.n.namespace, c.Credentials("")))
		revisions["s3"] = keyS3
	}
	if c := a.m.MLflow; c != nil {
		out = append(out, copiedSecret(keyMLflow, a.n.mlflow(), a.n.namespace, c.Credentials()))
		revisions["mlflow"] = keyMLflow
	}
	return out
}

// copiedSecret is a copy of the credentials of a connection, since pods read no
// Secret of another namespace.
func copiedSecret(key, name, namespace string, credentials map[string]workload.SecretValue) workload.Object {
	return workload.Object{
		Key: key, Stage: workload.StageIdentity, Data: credentials,
		Manifest: corev1ac.Secret(name, namespace).WithType(corev1.SecretTypeOpaque),
	}
}

// identity is who the driver is to Kubernetes: it makes, watches and removes
// executors, and nothing else.
func identity(a *application) []workload.Object {
	account := a.n.driver()
	var objects []workload.Object
	if a.driverPods.ServiceAccount != nil {
		account = *a.driverPods.ServiceAccount
	} else {
		objects = append(objects, workload.Object{
			Key: "ServiceAccount/driver", Stage: workload.StageIdentity,
			Manifest: corev1ac.ServiceAccount(account, a.n.namespace).WithAutomountServiceAccountToken(false),
		})
	}
	return append(objects,
		workload.Object{
			Key: "Role/driver", Stage: workload.StageIdentity,
			Manifest: rbacv1ac.Role(a.n.driver(), a.n.namespace).WithRules(
				rbacv1ac.PolicyRule().WithAPIGroups("").WithResources("pods").WithVerbs("create", "get", "list", "watch", "update", "patch", "delete", "deletecollection"),
				// At its end Spark removes Services of executors, which it makes only where it is asked to.
				rbacv1ac.PolicyRule().WithAPIGroups("").WithResources("services").WithVerbs("deletecollection")),
		},
		workload.Object{
			Key: "RoleBinding/driver", Stage: workload.StageIdentity,
			Manifest: rbacv1ac.RoleBinding(a.n.driver(), a.n.namespace).
				WithRoleRef(rbacv1ac.RoleRef().WithAPIGroup("rbac.authorization.k8s.io").WithKind("Role").WithName(a.n.driver())).
				WithSubjects(rbacv1ac.Subject().WithKind("ServiceAccount").WithName(account).WithNamespace(a.n.namespace)),
		})
}

// networkPolicy lets nobody connect to the pods but those of the same application.
func networkPolicy(a *application) workload.Object {
	all := metav1ac.LabelSelector().WithMatchLabels(a.n.siblings())
	return workload.Object{
		Key: "NetworkPolicy/application", Stage: workload.StageIdentity,
		Manifest: networkingv1ac.NetworkPolicy(a.n.resource, a.n.namespace).WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(all).WithPolicyTypes(networkingv1.PolicyTypeIngress).
			WithIngress(networkingv1ac.NetworkPolicyIngressRule().WithFrom(networkingv1ac.NetworkPolicyPeer().WithPodSelector(all)))),
	}
}
