// Package connection is what one resource hands to another: where something is, and
// which Secret has the credentials for it. A connection itself holds no secret, so
// that it may stand in state and be passed through modules.
package connection

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// S3 is all that a client of an object storage needs.
type S3 struct {
	Endpoint string  `tfsdk:"endpoint"`
	Region   string  `tfsdk:"region"`
	Bucket   *string `tfsdk:"bucket"`
	// Namespace and Secret name the Secret with the credentials, under the keys
	// AccessKeyID and SecretAccessKey.
	Namespace string `tfsdk:"namespace"`
	Secret    string `tfsdk:"secret"`
	// Version changes with the credentials.
	Version string `tfsdk:"version"`
}

// Keys of the Secret of an S3 connection.
const (
	AccessKeyID     = "AWS_ACCESS_KEY_ID"
	SecretAccessKey = "AWS_SECRET_ACCESS_KEY"
)

// S3Output is the computed attribute that hands an S3 connection out.
func S3Output(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"endpoint":  schema.StringAttribute{Computed: true, MarkdownDescription: "URL of the S3 API inside of the cluster."},
			"region":    schema.StringAttribute{Computed: true, MarkdownDescription: "Region."},
			"bucket":    schema.StringAttribute{Computed: true, MarkdownDescription: "The user's `bucket`, if set."},
			"namespace": schema.StringAttribute{Computed: true, MarkdownDescription: "Namespace of the Secret with the credentials."},
			"secret":    schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the Secret with the credentials."},
			"version":   schema.StringAttribute{Computed: true, MarkdownDescription: "Changes when the credentials are rotated."},
		},
	}
}

// S3Input is an optional attribute that takes an S3 connection.
func S3Input(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: description, Attributes: s3Inputs(), Validators: []validator.Object{validate.Complete("bucket")},
	}
}

// S3Inputs is an optional attribute that takes S3 connections by name.
func S3Inputs(description string, names validator.Map) schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: description, Validators: []validator.Map{names},
		NestedObject: schema.NestedAttributeObject{Attributes: s3Inputs(), Validators: []validator.Object{validate.Complete("bucket")}},
	}
}

// s3Inputs are optional for the framework, which takes the attributes of an object
// that is not known yet for missing; validate.Complete asks for them.
func s3Inputs() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"endpoint":  schema.StringAttribute{Optional: true, MarkdownDescription: "URL of the S3 API.", Validators: []validator.String{validate.URL("http", "https")}},
		"region":    schema.StringAttribute{Optional: true, MarkdownDescription: "Region."},
		"bucket":    schema.StringAttribute{Optional: true, MarkdownDescription: "Bucket, if there is a certain one.", Validators: []validator.String{bucketName}},
		"namespace": schema.StringAttribute{Optional: true, MarkdownDescription: "Namespace of the Secret with the credentials.", Validators: []validator.String{validate.DNSLabel()}},
		"secret": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.ObjectName()},
			MarkdownDescription: "Name of the Secret with the credentials, under the keys `" + AccessKeyID + "` and `" + SecretAccessKey + "`. They are copied into a Secret of this resource.",
		},
		"version": schema.StringAttribute{Optional: true, MarkdownDescription: "Change it to have the credentials copied again. The pods then start anew."},
	}
}

var bucketForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{1,61})[a-z0-9]$`)

var bucketName = validate.Text{
	Allowed: "3 to 63 lower case letters, digits, '-' and '.'",
	Forms:   [2]string{"standin-a", "standin-b"},
	Check: func(s string) error {
		if !bucketForm.MatchString(s) {
			return fmt.Errorf("%q is no name of a bucket", s)
		}
		return nil
	},
}

// Credentials are the keys of a Secret that copies those of the connection, each
// with prefix before its name.
func (c S3) Credentials(prefix string) map[string]workload.SecretValue {
	source := workload.SecretSource{Namespace: c.Namespace, Name: c.Secret}
	return map[string]workload.SecretValue{
		prefix + AccessKeyID:     workload.Copied(source, AccessKeyID, c.Version),
		prefix + SecretAccessKey: workload.Copied(source, SecretAccessKey, c.Version),
	}
}

// Environment are the variables that the AWS SDKs and what is built on them read,
// without the credentials. AWS_ENDPOINT_URL is for those that do not know the one
// of the service.
func (c S3) Environment() []*corev1ac.EnvVarApplyConfiguration {
	variable := func(name, value string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValue(value)
	}
	return []*corev1ac.EnvVarApplyConfiguration{
		variable("AWS_DEFAULT_REGION", c.Region),
		variable("AWS_ENDPOINT_URL", c.Endpoint),
		variable("AWS_ENDPOINT_URL_S3", c.Endpoint),
		variable("AWS_REGION", c.Region),
	}
}

// SameUser reports whether two connections lead to the same storage with the same
// credentials.
func (c S3) SameUser(d S3) bool {
	return strings.EqualFold(c.Endpoint, d.Endpoint) && c.Namespace == d.Namespace && c.Secret == d.Secret
}
