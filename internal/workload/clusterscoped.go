package workload

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// ClusterScoped is [Common] for resources that stand for an object without a
// namespace. Their claim, which lies in a namespace all the same, is in the one
// that claim_namespace names: what is in there decides what the provider deletes,
// so it must be out of reach of whoever uses the resource.
type ClusterScoped struct {
	ID                 *string                      `tfsdk:"id"`
	Name               string                       `tfsdk:"name"`
	Namespace          *string                      `tfsdk:"claim_namespace"`
	Labels             map[string]string            `tfsdk:"labels"`
	Annotations        map[string]string            `tfsdk:"annotations"`
	Objects            map[string]map[string]string `tfsdk:"objects"`
	Impact             []string                     `tfsdk:"impact"`
	Ready              *bool                        `tfsdk:"ready"`
	Cluster            *string                      `tfsdk:"cluster"`
	Rendering          *int64                       `tfsdk:"rendering"`
	Adopt              *bool                        `tfsdk:"adopt"`
	ForceConflicts     *bool                        `tfsdk:"force_conflicts"`
	AllowClusterChange *bool                        `tfsdk:"allow_cluster_change"`
	DeletionPolicy     *string                      `tfsdk:"deletion_policy"`
	DeletionProtection *bool                        `tfsdk:"deletion_protection"`
	Ignore             []Ignore                     `tfsdk:"ignore"`
	Wait               *Wait                        `tfsdk:"wait"`
	Patches            map[string]string            `tfsdk:"patches"`
	Timeouts           *Timeouts                    `tfsdk:"timeouts"`
}

// CommonFields gives the engine the fields that every resource has. The types
// differ in nothing but tags, which the compiler sees to.
func (c *ClusterScoped) CommonFields() *Common { return (*Common)(c) }

func (*ClusterScoped) isClusterScoped() {}

// defaultClaimNamespace is there in every cluster.
const defaultClaimNamespace = "default"

// clusterScoped reports whether the product's model embeds [ClusterScoped].
func (p Product[M]) clusterScoped() bool {
	_, is := any(new(M)).(interface{ isClusterScoped() })
	return is
}

// namespaceAttribute names the attribute with the namespace of the claim.
func (p Product[M]) namespaceAttribute() string {
	if p.clusterScoped() {
		return "claim_namespace"
	}
	return "namespace"
}

func claimNamespaceAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "Namespace of the Secret in which the provider notes what belongs to the resource, and from which an import restores it. It must exist, " +
			"and those whom the resource is to limit must not reach its Secrets. Default: `default`. Changing it replaces the resource.",
		Validators: []validator.String{validate.DNSLabel()},
	}
}

// identitySchema says what names the resource for an import.
func (p Product[M]) identitySchema() identityschema.Schema {
	namespace := identityschema.StringAttribute{RequiredForImport: true, Description: "Namespace of the objects."}
	if p.clusterScoped() {
		namespace = identityschema.StringAttribute{OptionalForImport: true, Description: "Namespace of the provider's record of the resource. Default: default."}
	}
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		p.namespaceAttribute(): namespace,
		"name":                 identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the resource."},
	}}
}

// identityValue is the resource's identity as a value.
func (p Product[M]) identityValue(namespace, name string) tftypes.Value {
	attribute := p.namespaceAttribute()
	return tftypes.NewValue(
		tftypes.Object{AttributeTypes: map[string]tftypes.Type{attribute: tftypes.String, "name": tftypes.String}},
		map[string]tftypes.Value{attribute: tftypes.NewValue(tftypes.String, namespace), "name": tftypes.NewValue(tftypes.String, name)},
	)
}

// identify sets the resource's identity.
func (p Product[M]) identify(ctx context.Context, identity *tfsdk.ResourceIdentity, namespace, name string) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	diags := identity.SetAttribute(ctx, path.Root(p.namespaceAttribute()), types.StringValue(namespace))
	diags.Append(identity.SetAttribute(ctx, path.Root("name"), types.StringValue(name))...)
	return diags
}
