package script

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

var (
	uuidForm   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	tenantForm = regexp.MustCompile(`^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)$`)
	headerForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

// accessAttributes are those that only analytics_automation has.
func accessAttributes() map[string]schema.Attribute {
	http := map[string]schema.Attribute{
		"base_url": schema.StringAttribute{Required: true, Validators: []validator.String{validate.URL("https", "http")}, MarkdownDescription: "Where the API is. The program finds it in `NAME_BASE_URL`."},
		"username": schema.StringAttribute{Optional: true, MarkdownDescription: "Name for basic authentication, with `password_wo` or `password_from`. The program finds it in `NAME_USERNAME`."},
		"header": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.RegexMatches(headerForm, "must be the name of an HTTP header")},
			MarkdownDescription: "Header that holds the credential, with `value_wo` or `value_from`. The program finds its name in `NAME_HEADER_NAME`.",
		},
	}
	addSecret(http, "token", "Bearer token. The program finds it in `NAME_TOKEN`")
	addSecret(http, "password", "Password for basic authentication. The program finds it in `NAME_PASSWORD`")
	addSecret(http, "value", "Value of `header`. The program finds it in `NAME_HEADER_VALUE`")
	databricks := map[string]schema.Attribute{
		"host":      schema.StringAttribute{Required: true, Validators: []validator.String{validate.URL("https", "http")}, MarkdownDescription: "URL of the workspace, given in `DATABRICKS_HOST`."},
		"client_id": schema.StringAttribute{Optional: true, MarkdownDescription: "Client id of a service principal, given in `DATABRICKS_CLIENT_ID`, with `client_secret_wo` or `client_secret_from`."},
	}
	addSecret(databricks, "token", "Personal access token, given in `DATABRICKS_TOKEN`")
	addSecret(databricks, "client_secret", "OAuth secret of a service principal, given in `DATABRICKS_CLIENT_SECRET`")
	entra := map[string]schema.Attribute{
		"tenant_id": schema.StringAttribute{
			Required: true, Validators: []validator.String{stringvalidator.RegexMatches(tenantForm, "must be the id or a domain of a tenant")},
			MarkdownDescription: "Id or domain of the tenant, given in `AZURE_TENANT_ID`.",
		},
		"client_id": schema.StringAttribute{
			Required: true, Validators: []validator.String{stringvalidator.RegexMatches(uuidForm, "must be the id of an application, such as 00000000-0000-0000-0000-000000000000")},
			MarkdownDescription: "Id of the application, given in `AZURE_CLIENT_ID`.",
		},
		"certificate_from": fromKey("Key of a Secret that holds a PEM file with certificate and private key. `AZURE_CLIENT_CERTIFICATE_PATH` names the file."),
		"federated": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Sign in with the token of the pods' ServiceAccount, which the application trusts (workload identity federation). `AZURE_FEDERATED_TOKEN_FILE` names the file; " +
				"its subject is `system:serviceaccount:NAMESPACE:NAME`. Default: `false`.",
		},
		"authority_host": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.URL("https", "http")},
			MarkdownDescription: "Where to sign in, given in `AZURE_AUTHORITY_HOST`. Default: that of the public cloud.",
		},
	}
	addSecret(entra, "client_secret", "Secret of the application, given in `AZURE_CLIENT_SECRET`")
	return map[string]schema.Attribute{
		"entra": schema.SingleNestedAttribute{
			Optional: true, Attributes: entra,
			MarkdownDescription: "Application registered in Microsoft Entra, for Power BI, Azure and Microsoft Graph, under the names that azure-identity and msal read. It signs in by exactly one of a " +
				"client secret, a certificate and federation.",
		},
		"databricks": schema.SingleNestedAttribute{
			Optional: true, Attributes: databricks,
			MarkdownDescription: "Workspace of Databricks, under the names that databricks-sdk and its CLI read. It takes a token or an OAuth client.",
		},
		"http": schema.MapNestedAttribute{
			Optional: true, Validators: []validator.Map{connectionNames()}, NestedObject: schema.NestedAttributeObject{Attributes: http},
			MarkdownDescription: "HTTP APIs by a name of your choice, which begins the environment variables, in upper case. Each takes a bearer token, basic authentication, a header, or nothing.",
		},
		"egress": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Let the pods connect to nothing but DNS, the `inputs` and `outputs`, the APIs and the package index that are Services of this cluster, and what is listed here. " +
				"The cluster's network must enforce NetworkPolicies. These know addresses and no host names. Default: no limits.",
			Attributes: map[string]schema.Attribute{
				"to": schema.ListNestedAttribute{Optional: true, MarkdownDescription: "Ranges of addresses.", NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"cidr": schema.StringAttribute{Required: true, MarkdownDescription: "Range of IP addresses, for instance `203.0.113.0/24`.", Validators: []validator.String{validate.CIDR()}},
					"ports": schema.ListAttribute{
						Optional: true, ElementType: types.Int64Type, MarkdownDescription: "TCP ports. Default: all.",
						Validators: []validator.List{listvalidator.SizeAtLeast(1), listvalidator.ValueInt64sAre(int64validator.Between(1, 65535))},
					},
				}}},
				"hosts": schema.ListAttribute{
					Optional: true, ElementType: types.StringType,
					Validators: []validator.List{listvalidator.SizeAtLeast(1), validate.Each{Text: hostPattern()}},
					MarkdownDescription: "Host names, for instance `api.powerbi.com`, or `*.azuredatabricks.net`, on port 443. They become a CiliumNetworkPolicy: Cilium must be the cluster's network. " +
						"Without it, list addresses in `to`.",
				},
			},
		},
	}
}

func fromKey(description string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: map[string]schema.Attribute{
		"secret": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the Secret, in the same namespace.", Validators: []validator.String{validate.ObjectName()}},
		"key":    schema.StringAttribute{Required: true, MarkdownDescription: "Key in it.", Validators: []validator.String{validate.DataKey()}},
	}}
}

// addSecret adds the attributes of one secret.
func addSecret(to map[string]schema.Attribute, name, description string) {
	sibling := func(suffix string) path.Expression { return path.MatchRelative().AtParent().AtName(name + suffix) }
	to[name+"_wo"] = schema.StringAttribute{
		Optional: true, WriteOnly: true, Sensitive: true, MarkdownDescription: description + ". It stands in no plan and no state.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.AlsoRequires(sibling("_wo_version"))},
	}
	to[name+"_wo_version"] = schema.StringAttribute{Optional: true, MarkdownDescription: "Change it to have another `" + name + "_wo` sent. The program then runs again, or its pods start anew."}
	to[name+"_from"] = fromKey(description + ", as a key of a Secret that exists already.")
}

var hostForm = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)

func hostPattern() validate.Text {
	return validate.Text{
		Allowed: `a host name such as "api.powerbi.com", or one that begins with "*."`,
		Check: func(s string) error {
			if !hostForm.MatchString(s) {
				return errNoHost(s)
			}
			return nil
		},
		Forms: [2]string{"standin-a.example.com", "standin-b.example.com"},
	}
}
