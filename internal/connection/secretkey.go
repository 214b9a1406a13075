package connection

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// SecretKey is a key of a Secret in the resource's namespace or another.
type SecretKey struct {
	Namespace *string `tfsdk:"namespace"`
	Name      string  `tfsdk:"name"`
	Key       *string `tfsdk:"key"`
	Version   *string `tfsdk:"version"`
}

// SecretKeyInput is an optional attribute that takes a SecretKey. key is that where
// the user names none.
func SecretKeyInput(description, key string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: map[string]schema.Attribute{
		"namespace": schema.StringAttribute{Optional: true, MarkdownDescription: "Namespace of the Secret. Default: the resource's.", Validators: []validator.String{validate.DNSLabel()}},
		"name":      schema.StringAttribute{Required: true, MarkdownDescription: "Name of the Secret.", Validators: []validator.String{validate.ObjectName()}},
		"key":       schema.StringAttribute{Optional: true, MarkdownDescription: "Key in it. Default: `" + key + "`.", Validators: []validator.String{validate.DataKey()}},
		"version":   schema.StringAttribute{Optional: true, MarkdownDescription: "Change it, to any text, to have the value copied again."},
	}}
}

// Copied is the value of the key, for a Secret of the resource. namespace and key are
// those where the user names none.
func (k SecretKey) Copied(namespace, key string) workload.SecretValue {
	if k.Namespace != nil {
		namespace = *k.Namespace
	}
	if k.Key != nil {
		key = *k.Key
	}
	version := ""
	if k.Version != nil {
		version = *k.Version
	}
	return workload.Copied(workload.SecretSource{Namespace: namespace, Name: k.Name}, key, version)
}
