package workload

import (
	"context"
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Values of deletion_policy and of wait.on_failure.
const (
	deletionRetain = "Retain"
	deletionDelete = "Delete"
	onFailureError = "error"
	onFailureWarn  = "warn"
)

var dnsLabel = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// commonAttributes are those of [Common].
func commonAttributes(ctx context.Context) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "`namespace/name`.",
		},
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name of the resource. The Kubernetes objects are named after it. At most 40 lower case letters, digits " +
				"and `-`, beginning with a letter. Changing it replaces the resource.",
			Validators: []validator.String{
				stringvalidator.LengthBetween(1, 40),
				stringvalidator.RegexMatches(dnsLabel, "must consist of lower case letters, digits and '-', begin with a letter and not end with '-'"),
			},
		},
		"namespace": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Namespace of the objects, which must exist. Default: the provider's `defaults.namespace`, else `default`. " +
				"Changing it to another namespace replaces the resource.",
			Validators: []validator.String{stringvalidator.LengthBetween(1, 63), stringvalidator.RegexMatches(dnsLabelOrDigit, "must be a DNS label")},
		},
		"labels": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Labels of all objects and pods, added to the provider's `defaults.labels`.",
		},
		"annotations": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Annotations of all objects, added to the provider's `defaults.annotations`.",
		},
		"objects": schema.MapAttribute{
			Computed: true, ElementType: types.MapType{ElemType: types.StringType},
			MarkdownDescription: "The Kubernetes objects, and what lives inside the product, as they are in the cluster: outer key kind and role, " +
				"inner key the path of a field, value the field as text. It exists for the plan to show; refer to the other attributes instead.",
		},
		"impact": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "What the last planned change does to the running product, in plain words. Policies can gate on it.",
		},
		"ready": schema.BoolAttribute{
			Computed: true,
			MarkdownDescription: "Whether everything was ready at the end of the last apply. With `wait.on_failure = \"warn\"` it can be `false`; " +
				"the next apply then repairs in place.",
		},
		"cluster": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Identity of the cluster that holds the objects: the uid of its `kube-system` namespace, else a hash of its CA.",
		},
		"rendering": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "Raise this number to take up how a newer provider version renders the same configuration. Until then, or until the " +
				"configuration changes, a new provider version changes nothing.",
			Validators: []validator.Int64{int64validator.AtLeast(1)},
		},
		"adopt": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Take over objects of the same names that are there already and belong to others. Default: `false`, which refuses them.",
		},
		"force_conflicts": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Take over fields that another field manager owns. Default: `false`, which names the manager and the field in an error.",
		},
		"allow_cluster_change": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Accept that the provider's configuration leads to another cluster than before, and create the objects there. Default: `false`.",
		},
		"deletion_policy": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "What happens to volumes and generated credentials when the resource is destroyed or replaced. `Retain` (default) " +
				"keeps them, and a resource that is created again under the same name takes them over. `Delete` deletes them. " +
				"What counts at a destroy is the value of the last apply.",
			Validators: []validator.String{stringvalidator.OneOf(deletionRetain, deletionDelete)},
		},
		"deletion_protection": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Refuse to destroy or replace the resource. Default: `false`.",
		},
		"ignore": schema.ListNestedAttribute{
			Optional: true,
			MarkdownDescription: "Fields of the Kubernetes objects that are left to others, added to the provider's `ignore`. What others set there is neither shown nor repaired, and stays when the " +
				"object changes.",
			NestedObject: schema.NestedAttributeObject{Attributes: ignoreAttributes()},
		},
		"wait": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "What to do about objects that do not become ready in time.",
			Attributes: map[string]schema.Attribute{
				"on_failure": schema.StringAttribute{
					Optional: true,
					MarkdownDescription: "`error` (default) fails the apply, and Terraform marks a resource that was being created as tainted. `warn` " +
						"keeps it, with `ready = false`, and the next apply repairs it in place.",
					Validators: []validator.String{stringvalidator.OneOf(onFailureError, onFailureWarn)},
				},
			},
		},
		"patches": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "A last resort: strategic merge patches in JSON or YAML by key of `objects`, for instance `Deployment/web`, for fields that " +
				"no attribute reaches. Kinds that are not Kubernetes' own get JSON merge patches. Patched fields are shown as a revision, not in clear, " +
				"since they may hold secrets. Names, namespaces, the engine's own labels and the data of Secrets cannot be patched.",
			Validators: []validator.Map{patchForm()},
		},
		"timeouts": timeouts.Attributes(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
	}
}

var dnsLabelOrDigit = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

func ignoreAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"kind": schema.StringAttribute{Optional: true, MarkdownDescription: "Kind of the object, for instance `Deployment`. Default: every kind."},
		"name": schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the object. Default: every name."},
		"path": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Path of the field as `objects` shows it. The fields below it are ignored too. `*` stands for any one element.",
		},
	}
}

// fullSchema is the product's schema with the attributes of every resource.
func (p Product[M]) fullSchema(ctx context.Context) schema.Schema {
	s := p.Schema()
	attributes := commonAttributes(ctx)
	if p.clusterScoped() {
		delete(attributes, "namespace")
		attributes[p.namespaceAttribute()] = claimNamespaceAttribute()
	}
	maps.Copy(attributes, s.Attributes)
	s.Attributes = attributes
	return s
}
