package airflow

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// render turns the configuration into objects and fills in what is computed from
// it.
func render(m *Model, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
	diags := check(m)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	n := names{resource: m.Name, env: env}
	url := n.origin() + m.prefix()
	m.URL, m.AdminSecret = &url, nil

	database, more := postgres.Render(postgres.Input{
		Database: m.Database, Common: m.placement(), Environment: env, Resource: m.Name, Product: productName, Version: m.version(), Scheme: "postgresql+psycopg2",
	})
	diags.Append(more...)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	objects := append(database.Objects, keysSecret(n), apiService(m, n))
	if len(m.Config) > 0 {
		objects = append(objects, configSecret(m, n))
	}
	if len(m.Connections) > 0 {
		objects = append(objects, connectionsSecret(m, n))
	}
	if len(m.Variables) > 0 {
		objects = append(objects, variablesSecret(m, n))
	}
	if m.Logs != nil {
		o, err := logsSecret(m, n)
		if err != nil {
			diags.AddAttributeError(path.Root("logs"), "The connection cannot be written", err.Error())
		}
		objects = append(objects, o)
	}
	if len(m.DAGs) > 0 {
		o, more := dagFiles(m, n)
		diags.Append(more...)
		objects = append(objects, o)
	}
	r := &renderer{m: m, n: n, database: database}
	r.jobs()
	r.servers()
	if m.startsPods() {
		r.kubernetesExecutor()
	}
	diags.Append(r.diags...)
	objects = append(objects, r.objects...)
	if m.administers() {
		name := n.of("admin")
		m.AdminSecret = &name
		objects = append(objects, adminSecret(m, n))
	}
	if m.Ingress != nil {
		objects = append(objects, ingress(m, n))
	}
	return workload.Rendering{Objects: objects}, diags
}

// administers reports whether the first administrator is the provider's matter.
func (m *Model) administers() bool { return or(m.AuthManager, fabAuthManager) == fabAuthManager }

// apiService is what users and running tasks connect to.
func apiService(m *Model, n names) workload.Object {
	port := corev1ac.ServicePort().WithName("http").WithPort(apiPort).WithProtocol(corev1.ProtocolTCP).WithTargetPort(intstr.FromString("http"))
	spec := corev1ac.ServiceSpec().WithSelector(n.selector(apiServer)).WithType(corev1.ServiceTypeClusterIP)
	service := corev1ac.Service(n.resource, n.env.Namespace)
	if s := m.Service; s != nil {
		if s.Type != nil {
			spec.WithType(corev1.ServiceType(*s.Type))
		}
		if s.ClusterIP != nil {
			spec.WithClusterIP(*s.ClusterIP)
		}
		if s.NodePort != nil {
			port.WithNodePort(int32(*s.NodePort))
		}
		if len(s.Annotations) > 0 {
			service.WithAnnotations(s.Annotations)
		}
	}
	return workload.Object{Key: keyService, Stage: workload.StageIdentity, Manifest: service.WithSpec(spec.WithPorts(port))}
}

func ingress(m *Model, n names) workload.Object {
	i := m.Ingress
	prefix := m.prefix()
	if prefix == "" {
		prefix = "/"
	}
	spec := networkingv1ac.IngressSpec().WithRules(networkingv1ac.IngressRule().WithHost(i.Host).
		WithHTTP(networkingv1ac.HTTPIngressRuleValue().WithPaths(networkingv1ac.HTTPIngressPath().
			WithPath(prefix).WithPathType(networkingv1.PathTypePrefix).
			WithBackend(networkingv1ac.IngressBackend().WithService(networkingv1ac.IngressServiceBackend().
				WithName(n.resource).WithPort(networkingv1ac.ServiceBackendPort().WithName("http")))))))
	if i.Class != nil {
		spec.WithIngressClassName(*i.Class)
	}
	if i.TLSSecret != nil {
		spec.WithTLS(networkingv1ac.IngressTLS().WithHosts(i.Host).WithSecretName(*i.TLSSecret))
	}
	object := networkingv1ac.Ingress(n.resource, n.env.Namespace).WithSpec(spec)
	if len(i.Annotations) > 0 {
		object.WithAnnotations(i.Annotations)
	}
	return workload.Object{Key: "Ingress/api-server", Stage: workload.StageLast, NoWait: true, Manifest: object}
}
