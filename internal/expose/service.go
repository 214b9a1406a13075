// Package expose renders how clients reach a product: its Service, and its Ingress
// from outside of the cluster.
package expose

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Service shapes the Service that clients use.
type Service struct {
	Type        *string           `tfsdk:"type"`
	ClusterIP   *string           `tfsdk:"cluster_ip"`
	NodePort    *int64            `tfsdk:"node_port"`
	Annotations map[string]string `tfsdk:"annotations"`
}

// ServiceAttribute is the attribute of a Service with that description.
func ServiceAttribute(description string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				Optional: true, MarkdownDescription: "`ClusterIP` (default), `NodePort` or `LoadBalancer`.",
				Validators: []validator.String{stringvalidator.OneOf("ClusterIP", "NodePort", "LoadBalancer")},
			},
			"cluster_ip": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Fixed IP address of the Service. Default: the cluster chooses one, which stays as long as the Service.",
				Validators: []validator.String{validate.IP()},
			},
			"node_port": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "Fixed port on every node, for types `NodePort` and `LoadBalancer`.",
				Validators: []validator.Int64{validate.Port()},
			},
			"annotations": schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Annotations of the Service."},
		},
	}
}

// Check refuses what contradicts itself. at is the attribute's path; a nil Service
// is in order.
func (s *Service) Check(at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	if s != nil && s.NodePort != nil && (s.Type == nil || *s.Type == "ClusterIP") {
		diags.AddAttributeError(at.AtName("node_port"), "A Service of type ClusterIP has no node port",
			`Set type = "NodePort" or "LoadBalancer", or remove node_port.`)
	}
	return diags
}

// Port is a port of a Service, which leads to the port of the same name of its pods.
func Port(name string, port int32) *corev1ac.ServicePortApplyConfiguration {
	return corev1ac.ServicePort().WithName(name).WithPort(port).WithProtocol(corev1.ProtocolTCP).WithTargetPort(intstr.FromString(name))
}

// Render returns the Service of that name with a port that clients use; node_port
// is its. A nil Service has the defaults. More ports can be added to its spec.
func (s *Service) Render(name, namespace string, selector map[string]string, port *corev1ac.ServicePortApplyConfiguration) *corev1ac.ServiceApplyConfiguration {
	spec := corev1ac.ServiceSpec().WithSelector(selector).WithType(corev1.ServiceTypeClusterIP)
	service := corev1ac.Service(name, namespace).WithSpec(spec)
	if s != nil {
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
	spec.WithPorts(port)
	return service
}
