package connection

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Tracking is all that a client of MLflow needs.
type Tracking struct {
	URI string `tfsdk:"uri"`
	// Namespace and Secret name the Secret with the credentials, under the keys
	// TrackingUsername and TrackingPassword.
	Namespace string `tfsdk:"namespace"`
	Secret    string `tfsdk:"secret"`
	// Version changes with the credentials.
	Version string `tfsdk:"version"`
}

// Variables that MLflow's clients read; the last two are also the keys of the Secret
// of a tracking connection.
const (
	TrackingURI      = "MLFLOW_TRACKING_URI"
	TrackingUsername = "MLFLOW_TRACKING_USERNAME"
	TrackingPassword = "MLFLOW_TRACKING_PASSWORD"
)

// TrackingOutput is the computed attribute that hands a tracking connection out.
func TrackingOutput(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"uri":       schema.StringAttribute{Computed: true, MarkdownDescription: "URL of the API inside of the cluster."},
			"namespace": schema.StringAttribute{Computed: true, MarkdownDescription: "Namespace of the Secret with the credentials."},
			"secret":    schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the Secret with the credentials."},
			"version":   schema.StringAttribute{Computed: true, MarkdownDescription: "Changes when the credentials are rotated."},
		},
	}
}

// TrackingInput is an optional attribute that takes a tracking connection.
func TrackingInput(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: description, Validators: []validator.Object{validate.Complete()},
		Attributes: map[string]schema.Attribute{
			"uri":       schema.StringAttribute{Optional: true, MarkdownDescription: "URL of the API.", Validators: []validator.String{validate.URL("http", "https")}},
			"namespace": schema.StringAttribute{Optional: true, MarkdownDescription: "Namespace of the Secret with the credentials.", Validators: []validator.String{validate.DNSLabel()}},
			"secret": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.ObjectName()},
				MarkdownDescription: "Name of the Secret with the credentials, under the keys `" + TrackingUsername + "` and `" + TrackingPassword + "`. They are copied into a Secret of this resource.",
			},
			"version": schema.StringAttribute{Optional: true, MarkdownDescription: "Change it to have the credentials copied again. The pods then start anew."},
		},
	}
}

// Credentials are the keys of a Secret that copies those of the connection.
func (c Tracking) Credentials() map[string]workload.SecretValue {
	source := workload.SecretSource{Namespace: c.Namespace, Name: c.Secret}
	return map[string]workload.SecretValue{
		TrackingUsername: workload.Copied(source, TrackingUsername, c.Version),
		TrackingPassword: workload.Copied(source, TrackingPassword, c.Version),
	}
}

// Environment are the variables that MLflow's clients read, without the credentials.
func (c Tracking) Environment() []*corev1ac.EnvVarApplyConfiguration {
	return []*corev1ac.EnvVarApplyConfiguration{corev1ac.EnvVar().WithName(TrackingURI).WithValue(c.URI)}
}
