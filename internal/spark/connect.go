package spark

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	connectClass = "org.apache.spark.sql.connect.service.SparkConnectServer"
	// noFile is what spark-submit takes for the file of a class of Spark's own.
	noFile = "spark-internal"
	// connectPort is Spark's own.
	connectPort       = 15002
	keyServer         = "Deployment/driver"
	keyConnectService = "Service/connect"
	// longestConnectName leaves room for what Spark makes the name of each attempt's
	// executors unique with: "-" and 16 digits.
	longestConnectName = longestPodName - 17
	// connectPatienceSeconds is how long the driver may take to start, with the download
	// of its packages, before it is restarted.
	connectPatienceSeconds = 600
)

// Connect is the configuration of analytics_spark_connect.
type Connect struct {
	workload.Common
	Session
	Service  *expose.Service `tfsdk:"service"`
	Endpoint *string         `tfsdk:"endpoint"`
}

// ConnectProduct is analytics_spark_connect.
func ConnectProduct() workload.Product[Connect] {
	return workload.Product[Connect]{Name: connectProduct, Schema: connectSchema, Render: renderConnect}
}

func connectSchema() schema.Schema {
	attributes := sessionAttributes()
	executor := attributes["executor"].(schema.SingleNestedAttribute) //nolint:forcetypeassert // it is made just so
	executor.Attributes["delete_on_termination"] = schema.BoolAttribute{
		Optional:            true,
		MarkdownDescription: "Delete an executor's pod as soon as it ends. Otherwise it stays, with its state and its log, until the driver's pod goes. Default: `true`.",
	}
	attributes["service"] = expose.ServiceAttribute("The Service that clients use. It has the resource's name and the port 15002. Where it is of type `ClusterIP`, pods of the same namespace may connect, " +
		"and those that `driver.network_policy` allows; else everybody.")
	attributes["endpoint"] = schema.StringAttribute{Computed: true, MarkdownDescription: "What clients connect to inside of the cluster, such as `sc://NAME.NAMESPACE.svc.cluster.local:15002`; they read it from the variable `SPARK_REMOTE`."}
	return schema.Schema{
		MarkdownDescription: "A Spark Connect server: a driver that runs until it is stopped, with executors that it makes itself, to which clients connect over the network.",
		Attributes:          attributes,
	}
}

// renderConnect turns the configuration into objects and fills in what is computed
// from it.
func renderConnect(c *Connect, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
	var diags diag.Diagnostics
	if len(c.Name) > longestConnectName {
		diags.AddAttributeError(path.Root("name"), "The name is too long",
			fmt.Sprintf("It has %d characters, and may have %d here: Spark makes the names of the executors of it. Choose a shorter one.", len(c.Name), longestConnectName))
	}
	checkSession(&c.Session, func(at path.Path, summary, detail string) { diags.AddAttributeError(at, summary, detail) })
	diags.Append(c.Service.Check(path.Root("service"))...)
	a, more := newApplication(&Model{Common: c.Common, Session: c.Session, MainClass: new(connectClass), MainFile: new(noFile)}, env, connectProduct)
	diags.Append(more...)
	if a.release.version == "3.5" {
		diags.AddAttributeError(path.Root("spark_version"), "This version of Spark has no Connect server", "The images of Spark 4.0 and later have it. Choose such an image.")
	}
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	objects, template, more := a.pods()
	diags.Append(more...)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	c.Requests = a.requests()
	c.Endpoint = new(fmt.Sprintf("sc://%s.%s.svc.%s:%d", a.n.resource, a.n.namespace, env.ClusterDomain, connectPort))
	probe := func() *corev1ac.ProbeApplyConfiguration {
		return corev1ac.Probe().WithTCPSocket(corev1ac.TCPSocketAction().WithPort(intstr.FromString("connect")))
	}
	template.Spec.Spec.Containers[0].WithPorts(port("connect", connectPort)).
		WithStartupProbe(probe().WithPeriodSeconds(2).WithFailureThreshold(connectPatienceSeconds / 2)).
		WithReadinessProbe(probe().WithPeriodSeconds(5).WithTimeoutSeconds(5).WithFailureThreshold(3)).
		WithLivenessProbe(probe().WithPeriodSeconds(15).WithTimeoutSeconds(10).WithFailureThreshold(8))
	masks := template.Mask("spec.template")
	selector := a.n.selector(roleDriver)
	return workload.Rendering{Objects: append(objects,
		workload.Object{
			Key: keyConnectService, Stage: workload.StageIdentity,
			Manifest: c.Service.Render(a.n.resource, a.n.namespace, maps.Clone(selector),
				expose.Port("connect", connectPort).WithAppProtocol("kubernetes.io/h2c")),
		},
		a.clientsPolicy(c.Service),
		workload.Object{
			Key: keyServer, Stage: workload.StageServer, Mask: masks,
			Manifest: appsv1ac.Deployment(a.n.driver(), a.n.namespace).WithSpec(appsv1ac.DeploymentSpec().
				// Sessions live in one driver. Two of them at a time would need twice the executors.
				WithReplicas(1).WithStrategy(appsv1ac.DeploymentStrategy().WithType(appsv1.RecreateDeploymentStrategyType)).
				WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector)).WithTemplate(template.Spec)),
		})}, diags
}

// connectConfig adds where the driver listens for clients.
func connectConfig(out map[string]string) {
	out["spark.connect.grpc.binding.port"] = strconv.Itoa(connectPort)
}

// clientsPolicy says who may run what they like on the executors: whoever can connect.
func (a *application) clientsPolicy(s *expose.Service) workload.Object {
	rule := networkingv1ac.NetworkPolicyIngressRule().WithPorts(networkingv1ac.NetworkPolicyPort().WithProtocol("TCP").WithPort(intstr.FromString("connect")))
	if s == nil || s.Type == nil || *s.Type == "ClusterIP" {
		// The empty selector is that of all pods of the namespace.
		rule.WithFrom(networkingv1ac.NetworkPolicyPeer().WithPodSelector(metav1ac.LabelSelector()))
	}
	return workload.Object{
		Key: "NetworkPolicy/clients", Stage: workload.StageIdentity,
		Manifest: networkingv1ac.NetworkPolicy(a.n.resource+"-clients", a.n.namespace).WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(a.n.selector(roleDriver))).WithPolicyTypes("Ingress").WithIngress(rule)),
	}
}
