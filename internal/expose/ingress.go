package expose

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	networkingv1 "k8s.io/api/networking/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Ingress leads to a Service from outside of the cluster.
type Ingress struct {
	Host        string            `tfsdk:"host"`
	Class       *string           `tfsdk:"class"`
	TLSSecret   *string           `tfsdk:"tls_secret"`
	Annotations map[string]string `tfsdk:"annotations"`
}

// IngressAttribute is the attribute of an Ingress with that description.
func IngressAttribute(description string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"host": schema.StringAttribute{Required: true, MarkdownDescription: "Host name.", Validators: []validator.String{validate.HostName()}},
			"class": schema.StringAttribute{
				Optional: true, MarkdownDescription: "IngressClass. Default: the cluster's default.",
				Validators: []validator.String{validate.ObjectName()},
			},
			"tls_secret": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Secret with the host's certificate.",
				Validators: []validator.String{validate.ObjectName()},
			},
			"annotations": schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Annotations of the Ingress."},
		},
	}
}

// URL is the address without a path that browsers know.
func (i *Ingress) URL() string {
	if i.TLSSecret != nil {
		return "https://" + i.Host
	}
	return "http://" + i.Host
}

// Render returns the Ingress, which has the name of the Service that it leads to,
// by the name of a port. A path of "" is all of them.
func (i *Ingress) Render(service, namespace, port, path string) *networkingv1ac.IngressApplyConfiguration {
	if path == "" {
		path = "/"
	}
	spec := networkingv1ac.IngressSpec().WithRules(networkingv1ac.IngressRule().WithHost(i.Host).
		WithHTTP(networkingv1ac.HTTPIngressRuleValue().WithPaths(networkingv1ac.HTTPIngressPath().
			WithPath(path).WithPathType(networkingv1.PathTypePrefix).
			WithBackend(networkingv1ac.IngressBackend().WithService(networkingv1ac.IngressServiceBackend().
				WithName(service).WithPort(networkingv1ac.ServiceBackendPort().WithName(port)))))))
	if i.Class != nil {
		spec.WithIngressClassName(*i.Class)
	}
	if i.TLSSecret != nil {
		spec.WithTLS(networkingv1ac.IngressTLS().WithHosts(i.Host).WithSecretName(*i.TLSSecret))
	}
	object := networkingv1ac.Ingress(service, namespace).WithSpec(spec)
	if len(i.Annotations) > 0 {
		object.WithAnnotations(i.Annotations)
	}
	return object
}
