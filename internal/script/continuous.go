package script

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	portName = "main"
	// drainSeconds is how long a pod that is to stop goes on serving, so that all who
	// route to it have learnt that it goes.
	drainSeconds = 5
	defaultGrace = 30
)

// several reports whether there is more than one pod at a time.
func (c *Continuous) several() bool {
	return c != nil && (c.Autoscaling != nil && c.Autoscaling.Max > 1 || ptr.Deref(c.Replicas, 0) > 1)
}

// deployment renders what runs all the time.
func (r *renderer) deployment(t pod.Template) []workload.Object {
	c := r.Continuous
	main := &t.Spec.Spec.Containers[0]
	grace := int64(defaultGrace)
	if c.GracePeriod != nil {
		grace = run.Seconds(*c.GracePeriod)
	}
	var out []workload.Object
	if c.Port != nil {
		grace += drainSeconds
		main.WithPorts(corev1ac.ContainerPort().WithName(portName).WithContainerPort(int32(*c.Port)).WithProtocol(corev1.ProtocolTCP)).
			WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().WithSleep(corev1ac.SleepAction().WithSeconds(drainSeconds))))
		out = append(out, r.service(*c.Port))
	}
	if probe := c.Readiness.render(c.Port); probe != nil {
		main.WithReadinessProbe(probe)
	}
	if c.Liveness != nil {
		main.WithLivenessProbe(c.Liveness.render(c.Port))
	}
	t.Spec.Spec.WithTerminationGracePeriodSeconds(grace)
	spec := appsv1ac.DeploymentSpec().WithSelector(metav1ac.LabelSelector().WithMatchLabels(r.selector())).WithTemplate(t.Spec).
		WithStrategy(pod.SuccessorFirst())
	if c.Autoscaling == nil {
		replicas := int64(1)
		if c.Replicas != nil {
			replicas = *c.Replicas
		}
		spec.WithReplicas(int32(replicas))
	} else {
		o, diags := c.Autoscaling.Render("run", r.Name, r.env.Namespace, nil, path.Root("continuous").AtName("autoscaling"))
		r.diags.Append(diags...)
		out = append(out, o)
	}
	if c.several() {
		out = append(out, pod.DisruptionBudget("run", r.Name, r.env.Namespace, nil, r.selector()))
	}
	return append(out, workload.Object{
		Key: "Deployment/run", Stage: workload.StageServer, Mask: t.Mask("spec.template"), Manifest: appsv1ac.Deployment(r.Name, r.env.Namespace).WithSpec(spec),
	})
}

func (r *renderer) service(port int64) workload.Object {
	endpoint := fmt.Sprintf("%s.%s.svc.%s:%d", r.Name, r.env.Namespace, r.env.ClusterDomain, port)
	r.Endpoint = &endpoint
	return workload.Object{
		Key: "Service/run", Stage: workload.StageIdentity,
		Manifest: corev1ac.Service(r.Name, r.env.Namespace).WithSpec(corev1ac.ServiceSpec().WithSelector(r.selector()).WithPorts(expose.Port(portName, int32(port)))),
	}
}

// render gives the probe; without one, whether the port accepts connections; nil where
// there is none either.
func (p *Probe) render(port *int64) *corev1ac.ProbeApplyConfiguration {
	if p == nil && port == nil {
		return nil
	}
	if p == nil {
		p = &Probe{}
	}
	period, failures := int64(5), int64(3)
	if p.Period != nil {
		period = *p.Period
	}
	if p.Failures != nil {
		failures = *p.Failures
	}
	out := corev1ac.Probe().WithPeriodSeconds(int32(period)).WithFailureThreshold(int32(failures))
	switch {
	case p.Path != nil:
		out.WithHTTPGet(corev1ac.HTTPGetAction().WithPath(*p.Path).WithPort(intstr.FromString(portName)))
	case len(p.Command) > 0:
		out.WithExec(corev1ac.ExecAction().WithCommand(p.Command...))
	default:
		out.WithTCPSocket(corev1ac.TCPSocketAction().WithPort(intstr.FromString(portName)))
	}
	return out
}
