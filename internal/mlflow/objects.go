package mlflow

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

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
	m.TrackingURI, m.ArtifactLocation, m.AdminSecret = new(m.trackingURI(n)), new(m.artifactLocation()), new(n.of("admin"))
	setConnections(m, n)

	database, more := postgres.Render(postgres.Input{
		Database: m.Database, Common: m.Placement(), Environment: env, Resource: m.Name, Product: productName, Version: m.version(), Scheme: "postgresql",
	})
	diags.Append(more...)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	port := expose.Port("http", serverPort)
	objects := append(database.Objects,
		keysSecret(n), adminSecret(m, n), secret(n, "artifacts", m.Artifacts.Credentials("")),
		workload.Object{Key: keyAuth, Stage: workload.StageIdentity, Manifest: corev1ac.ConfigMap(n.of("auth"), env.Namespace).WithData(map[string]string{authFile: m.authSettings()})},
		workload.Object{Key: keyService, Stage: workload.StageIdentity, Manifest: m.Service.Render(n.resource, env.Namespace, n.selector(serverComponent), port)},
	)
	for _, name := range m.users() {
		objects = append(objects, userSecret(n, name, m.Users[name]))
	}
	objects = append(objects, m.gateway().secrets(n)...)
	r := &renderer{m: m, n: n, database: database}
	r.migrationJob()
	r.servers()
	if m.GarbageCollection != nil {
		r.collectionJob(*m.GarbageCollection)
	}
	diags.Append(r.diags...)
	objects = append(objects, r.objects...)
	if m.Ingress != nil {
		objects = append(objects, workload.Object{
			Key: "Ingress/server", Stage: workload.StageLast, NoWait: true, Manifest: m.Ingress.Render(n.resource, env.Namespace, "http", m.prefix()),
		})
	}
	if m.Metrics.monitored() {
		objects = append(objects, podMonitor(m, n))
	}
	return workload.Rendering{Objects: objects}, diags
}
