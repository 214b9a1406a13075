package airflow

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
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
		Database: m.Database, Common: m.Placement(), Environment: env, Resource: m.Name, Product: productName, Version: m.version(), Scheme: databaseScheme,
		Further: m.poolerAddresses(n),
	})
	diags.Append(more...)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	objects := append(database.Objects, keysSecret(m, n), apiService(m, n))
	if len(m.Config) > 0 {
		objects = append(objects, configSecret(m, n))
	}
	if len(m.Connections) > 0 {
		objects = append(objects, connectionsSecret(m, n))
	}
	if len(m.Variables) > 0 {
		objects = append(objects, variablesSecret(m, n))
	}
	if m.Requirements != nil {
		objects = append(objects, m.Requirements.Object(n.resource, n.env))
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
	r.pgBouncer()
	r.statsD()
	r.bundles()
	r.servers()
	if m.usesCelery() {
		r.broker()
		r.celeryWorkers()
	}
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
func (m *Model) administers() bool { return ptr.Deref(m.AuthManager, fabAuthManager) == fabAuthManager }

// apiService is what users and running tasks connect to.
func apiService(m *Model, n names) workload.Object {
	port := expose.Port("http", apiPort)
	return workload.Object{
		Key: keyService, Stage: workload.StageIdentity,
		Manifest: m.Service.Render(n.resource, n.env.Namespace, n.selector(apiServer), port),
	}
}

func ingress(m *Model, n names) workload.Object {
	return workload.Object{
		Key: "Ingress/api-server", Stage: workload.StageLast, NoWait: true,
		Manifest: m.Ingress.Render(n.resource, n.env.Namespace, "http", m.prefix()),
	}
}
