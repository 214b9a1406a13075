package airflow

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// executionServer is the component that serves running tasks alone.
const executionServer = "execution-api-server"

func executionServerAttribute() schema.Attribute {
	return withAutoscaling(componentAttribute("Servers of their own for running tasks, so that tasks and users do not keep each other waiting; `api_server` then serves the UI and the REST API alone. "+
		"`{}` is enough. Default: none, and `api_server` serves all.", "requests of `100m` CPU and `512Mi` memory, and a limit of `2Gi` memory", 1))
}

// executionURL is that of the API of running tasks.
func (m *Model) executionURL(n names) string {
	origin := n.origin()
	if m.Execution != nil {
		origin = fmt.Sprintf("http://%s.%s.svc.%s:%d", n.of(executionServer), n.env.Namespace, n.env.ClusterDomain, apiPort)
	}
	return origin + m.prefix() + "/execution/"
}

// apiServers renders the servers of the APIs: one kind for all of them, or two.
func (r *renderer) apiServers() {
	api := ptr.Deref(r.m.APIServer, APIServer{})
	r.apiServer(api, apiServer, path.Root("api_server"), r.m.startsPods())
	if r.m.Execution == nil {
		return
	}
	r.apiServer(*r.m.Execution, executionServer, path.Root("execution_api_server"), false)
	r.service(executionServer, expose.Port("http", apiPort))
}

// service renders the Service by which other pods find those of a component.
func (r *renderer) service(component string, ports ...*corev1ac.ServicePortApplyConfiguration) {
	r.objects = append(r.objects, workload.Object{
		Key: "Service/" + component, Stage: workload.StageIdentity,
		Manifest: corev1ac.Service(r.n.of(component), r.n.env.Namespace).WithSpec(corev1ac.ServiceSpec().WithSelector(r.n.selector(component)).WithPorts(ports...)),
	})
}

func (r *renderer) apiServer(a APIServer, component string, at path.Path, launch bool) {
	s := server{
		component: component, at: at, settings: a.Settings, replicas: replicasOf(&a.Component), scaled: a.Autoscaling, args: []string{apiServer},
		plain: r.m.serving(r.n), secrets: r.serverSecrets(), memory: "512Mi", grace: serverGrace, ports: map[string]int32{"http": apiPort}, launch: launch,
	}
	switch {
	case component == executionServer:
		s.args = append(s.args, "--apps", "execution")
		s.probes = r.apiProbes("/execution/health", "/execution/health")
	case r.m.Execution != nil:
		s.args = append(s.args, "--apps", "core")
		fallthrough
	default:
		s.probes = r.apiProbes("/api/v2/version", "/api/v2/monitor/health")
	}
	r.server(s)
	if a.Autoscaling != nil {
		r.scales(component, *a.Autoscaling, nil, at.AtName("autoscaling"))
	}
}
