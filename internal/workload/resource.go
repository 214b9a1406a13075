package workload

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// Resource is the Terraform resource of a product.
type Resource[M any] struct {
	product  Product[M]
	settings *Settings
}

var (
	_ resource.ResourceWithConfigure   = (*Resource[struct{}])(nil)
	_ resource.ResourceWithModifyPlan  = (*Resource[struct{}])(nil)
	_ resource.ResourceWithImportState = (*Resource[struct{}])(nil)
	_ resource.ResourceWithIdentity    = (*Resource[struct{}])(nil)
)

// NewResource returns the constructor that the provider lists.
func NewResource[M any](p Product[M]) func() resource.Resource {
	return func() resource.Resource { return &Resource[M]{product: p} }
}

// Metadata names the resource type.
func (r *Resource[M]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.product.Name
}

// Schema gives the attributes of the product and those of every resource.
func (r *Resource[M]) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.product.fullSchema(ctx)
}

// IdentitySchema says what names the resource for an import.
func (r *Resource[M]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = r.product.identitySchema()
}

// Configure takes the provider's settings over.
func (r *Resource[M]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	settings, ok := req.ProviderData.(*Settings)
	if !ok {
		resp.Diagnostics.AddError("Unexpected provider data", fmt.Sprintf("Got %T. This is a bug of the provider; please report it.", req.ProviderData))
		return
	}
	r.settings = settings
}

// environmentOf returns the provider's environment with the resource's own values
// over it, of the rendering with stand-ins number n.
func (r *Resource[M]) environmentOf(n int, c *Common) Environment {
	env := r.settings.Environments[n]
	switch {
	case c.Namespace != nil:
		env.Namespace = *c.Namespace
	case r.product.clusterScoped():
		// The provider's default may be a namespace that this very resource makes.
		env.Namespace = defaultClaimNamespace
	}
	if env.Namespace == "" {
		env.Namespace = "default"
	}
	if env.ClusterDomain == "" {
		env.ClusterDomain = "cluster.local"
	}
	env.Labels = merged(env.Labels, c.Labels)
	env.Annotations = merged(env.Annotations, c.Annotations)
	return env
}

// decode turns a value without unknowns into a model.
func (r *Resource[M]) decode(ctx context.Context, s schema.Schema, value tftypes.Value) (*M, diag.Diagnostics) {
	var m M
	objects, known := objectsOf(value)
	if known {
		value = withoutObjects(value)
	}
	diags := tfsdk.State{Raw: value, Schema: s}.Get(ctx, &m)
	if known && !diags.HasError() {
		commonOf(&m).Objects = objects
	}
	return &m, diags
}

// encode turns a model into a value.
func (r *Resource[M]) encode(ctx context.Context, s schema.Schema, m *M) (tftypes.Value, diag.Diagnostics) {
	state := tfsdk.State{Raw: tftypes.NewValue(s.Type().TerraformType(ctx), nil), Schema: s}
	diags := state.Set(ctx, m)
	return state.Raw, diags
}

// unknownSettings reports whether the provider's configuration is not known yet.
func (r *Resource[M]) unknownSettings() bool { return len(r.settings.Unknown) > 0 }

// connect returns the cluster with diagnostics on what is wrong.
func (r *Resource[M]) connect() (*kube.Cluster, diag.Diagnostics) {
	var diags diag.Diagnostics
	cluster, err := r.settings.Cluster()
	if err != nil {
		diags.AddError("The Kubernetes cluster is not configured", err.Error())
	}
	return cluster, diags
}

// timeout returns the duration that the user set, else the default.
func timeout(text *string, fallback time.Duration) time.Duration {
	if text == nil {
		return fallback
	}
	d, err := time.ParseDuration(*text)
	if err != nil {
		return fallback
	}
	return d
}

// Timeouts where the user sets none.
const (
	defaultApplyTimeout  = 10 * time.Minute
	defaultReadTimeout   = 2 * time.Minute
	defaultDeleteTimeout = 10 * time.Minute
)

func (c *Common) timeouts() Timeouts {
	if c.Timeouts == nil {
		return Timeouts{}
	}
	return *c.Timeouts
}

func (c *Common) warnOnFailure() bool {
	return c.Wait != nil && c.Wait.OnFailure != nil && *c.Wait.OnFailure == onFailureWarn
}

// deletesAll reports whether volumes and generated credentials go with the resource.
func (c *Common) deletesAll() bool {
	return c.DeletionPolicy != nil && *c.DeletionPolicy == deletionDelete
}

func isTrue(b *bool) bool { return b != nil && *b }
