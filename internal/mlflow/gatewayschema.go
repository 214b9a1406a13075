package mlflow

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

var (
	providerForm = regexp.MustCompile(`^[a-z0-9][-_a-z0-9]*$`)
	endpointForm = regexp.MustCompile(`^[-_.A-Za-z0-9]{1,100}$`)
	fieldForm    = regexp.MustCompile(`^[a-z][_a-z0-9]*$`)
)

func gatewayAttribute(permissions schema.Attribute) schema.Attribute {
	provider := stringvalidator.RegexMatches(providerForm, "must be a provider as MLflow names it, such as openai, anthropic or bedrock")
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "MLflow's AI Gateway, which the servers are too: clients use language models of many providers at `TRACKING_URI/gateway/…`, as users of MLflow, and never see the API keys. " +
			"Each endpoint has one model; several, and a division of the traffic, can be set in MLflow's own pages. Default: none is declared, and what MLflow's own pages hold stays.",
		Attributes: map[string]schema.Attribute{
			"allowed_providers": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "The only providers that may be used, by MLflow's names, such as `openai`. Default: all.",
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(provider)},
			},
			"private_providers": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Let `api_base` lead to private addresses and to `http://`, as that of a model server in the cluster does. Whoever may create API keys in MLflow can then have the servers ask any address " +
					"that they reach. Default: `false`.",
			},
			"api_keys": schema.MapNestedAttribute{
				Optional:            true,
				MarkdownDescription: "API keys of providers by name, which is also MLflow's. MLflow keeps them encrypted in its database.",
				Validators:          []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(declaredUserForm, "must be 1 to 40 lowercase letters, digits or -, beginning and ending with a letter or digit"))},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"provider": schema.StringAttribute{
						Required: true, Validators: []validator.String{provider},
						MarkdownDescription: "The provider, by MLflow's name: `openai`, `anthropic`, `azure`, `bedrock`, `gemini`, `mistral` and others. `openai` with an `api_base` is also for servers with the same API, such as vLLM.",
					},
					"secret": schema.StringAttribute{
						Required: true, Validators: []validator.String{validate.ObjectName()},
						MarkdownDescription: "Secret in the resource's namespace with the key's values. They are copied from there at apply.",
					},
					"keys": schema.MapAttribute{
						Optional: true, ElementType: types.StringType,
						MarkdownDescription: "Key of the Secret for each value that MLflow wants of the provider, such as `{ aws_access_key_id = \"id\", aws_secret_access_key = \"key\" }`. Default: `{ api_key = \"api_key\" }`.",
						Validators:          []validator.Map{mapvalidator.SizeAtLeast(1), mapvalidator.KeysAre(stringvalidator.RegexMatches(fieldForm, "must be a name of lowercase letters, digits and _")), mapvalidator.ValueStringsAre(validate.DataKey())},
					},
					"version": schema.StringAttribute{Optional: true, MarkdownDescription: "Change it, to any text, to have the Secret's values sent again. Default: `1`."},
					"auth_config": schema.MapAttribute{
						Optional: true, ElementType: types.StringType,
						MarkdownDescription: "What the provider wants to know beside the key and is no secret, by MLflow's names: `api_base` is the URL of the provider's API, `auth_mode` which of several ways to sign in. Default: the provider's own.",
						Validators:          []validator.Map{mapvalidator.SizeAtLeast(1), mapvalidator.KeysAre(stringvalidator.RegexMatches(fieldForm, "must be a name of lowercase letters, digits and _"))},
					},
				}},
			},
			"endpoints": schema.MapNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Endpoints by name, which is a part of the URL that clients use: `TRACKING_URI/gateway/NAME/mlflow/invocations`, or the `model` of OpenAI's API at `TRACKING_URI/gateway/mlflow/v1`.",
				Validators:          []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(endpointForm, "must be 1 to 100 letters, digits, -, _ or ."))},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"api_key": schema.StringAttribute{Required: true, MarkdownDescription: "The one of `api_keys` that is used."},
					"model":   schema.StringAttribute{Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}, MarkdownDescription: "The model, by the provider's name."},
					"usage_tracking": schema.BoolAttribute{
						Optional:            true,
						MarkdownDescription: "Keep each request with its answer as a trace in the experiment `gateway/NAME`. Default: `true`.",
					},
					"permissions": permissions,
				}},
			},
		},
	}
}
