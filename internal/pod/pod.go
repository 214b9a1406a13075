// Package pod is what the pods of all products have in common: the attributes
// with which a user shapes them, and how these are rendered.
package pod

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Settings are the attributes of one kind of pod. Models embed it, or have one for
// each of their components.
type Settings struct {
	Resources           *Resources           `tfsdk:"resources"`
	Env                 map[string]string    `tfsdk:"env"`
	EnvFromKeys         map[string]Key       `tfsdk:"env_from_keys"`
	EnvFromSecrets      []string             `tfsdk:"env_from_secrets"`
	EnvFromConfigMaps   []string             `tfsdk:"env_from_config_maps"`
	InitScripts         []InitScript         `tfsdk:"init_scripts"`
	Volumes             map[string]Volume    `tfsdk:"volumes"`
	NodeSelector        map[string]string    `tfsdk:"node_selector"`
	Tolerations         []Toleration         `tfsdk:"tolerations"`
	Affinity            *Affinity            `tfsdk:"affinity"`
	TopologySpread      []Spread             `tfsdk:"topology_spread"`
	PriorityClass       *string              `tfsdk:"priority_class"`
	ServiceAccount      *string              `tfsdk:"service_account"`
	ServiceAccountToken *bool                `tfsdk:"automount_service_account_token"`
	ImagePullSecrets    []string             `tfsdk:"image_pull_secrets"`
	SecurityContext     *SecurityContext     `tfsdk:"security_context"`
	PodLabels           map[string]string    `tfsdk:"pod_labels"`
	PodAnnotations      map[string]string    `tfsdk:"pod_annotations"`
	ExtraContainers     map[string]Container `tfsdk:"extra_containers"`
	HostAliases         map[string][]string  `tfsdk:"host_aliases"`
	DNSPolicy           *string              `tfsdk:"dns_policy"`
	DNSConfig           *DNSConfig           `tfsdk:"dns_config"`
	NetworkPolicy       *NetworkPolicy       `tfsdk:"network_policy"`
}

// Attributes are those of Settings. defaults describes the resources that pods
// get where the user sets none.
func Attributes(defaults string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"resources":            resourcesAttribute("CPU and memory of each pod's main container. " + defaults),
		"env":                  envAttribute(),
		"env_from_keys":        envFromKeysAttribute(),
		"env_from_secrets":     names("Names of Secrets in the same namespace all of whose keys become environment variables."),
		"env_from_config_maps": names("Names of ConfigMaps in the same namespace all of whose keys become environment variables."),
		"init_scripts":         initScriptsAttribute(),
		"volumes":              volumesAttribute(),
		"node_selector":        labels("Node labels that the pods require, added to the provider's `defaults.node_selector`."),
		"tolerations":          tolerationsAttribute(),
		"affinity":             affinityAttribute(),
		"topology_spread":      topologySpreadAttribute(),
		"priority_class":       name("PriorityClass of the pods. Default: the provider's `defaults.priority_class`."),
		"service_account":      name("ServiceAccount that exists already. Default: one of its own, with no more rights than the product needs."),
		"automount_service_account_token": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Give the pods the token of their ServiceAccount, with which they reach the Kubernetes API. Default: only where the product needs it.",
		},
		"image_pull_secrets": names("Names of Secrets with which images are pulled, added to the provider's `defaults.image_pull_secrets`."),
		"security_context":   securityContextAttribute(),
		"pod_labels":         labels("Labels of the pods, added to those of all objects."),
		"pod_annotations": schema.MapAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Map{validate.Keys{Text: validate.AnnotationKey()}},
			MarkdownDescription: "Annotations of the pods. They are shown in clear, so they must hold no secrets.",
		},
		"extra_containers": extraContainersAttribute(),
		"host_aliases":     hostAliasesAttribute(),
		"dns_policy":       dnsPolicyAttribute(),
		"dns_config":       dnsConfigAttribute(),
		"network_policy":   networkPolicyAttribute(),
	}
}

// name is an attribute that names a Kubernetes object.
func name(description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{validate.ObjectName()}}
}

// names is an attribute that names Kubernetes objects.
func names(description string) schema.ListAttribute {
	return schema.ListAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: description,
		Validators: []validator.List{validate.Each{Text: validate.ObjectName()}},
	}
}

// labels is an attribute that holds labels.
func labels(description string) schema.MapAttribute {
	return schema.MapAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: description,
		Validators: []validator.Map{validate.Keys{Text: validate.LabelKey()}, validate.Each{Text: validate.LabelValue()}},
	}
}

// text is an attribute of the given form.
func textOf(description string, form validate.Text) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{form}}
}

// required is an attribute of the given form that must be set.
func required(description string, form validate.Text) schema.StringAttribute {
	return schema.StringAttribute{Required: true, MarkdownDescription: description, Validators: []validator.String{form}}
}
