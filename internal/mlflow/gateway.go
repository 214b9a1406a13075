package mlflow

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Gateway is what the servers do as MLflow's AI Gateway.
type Gateway struct {
	AllowedProviders []string            `tfsdk:"allowed_providers"`
	PrivateProviders *bool               `tfsdk:"private_providers"`
	APIKeys          map[string]APIKey   `tfsdk:"api_keys"`
	Endpoints        map[string]Endpoint `tfsdk:"endpoints"`
}

// APIKey is what a provider of language models is used with.
type APIKey struct {
	Provider   string            `tfsdk:"provider"`
	Secret     string            `tfsdk:"secret"`
	Keys       map[string]string `tfsdk:"keys"`
	Version    *string           `tfsdk:"version"`
	AuthConfig map[string]string `tfsdk:"auth_config"`
}

// Endpoint is a language model under a name of its own.
type Endpoint struct {
	APIKey        string            `tfsdk:"api_key"`
	Model         string            `tfsdk:"model"`
	UsageTracking *bool             `tfsdk:"usage_tracking"`
	Permissions   map[string]string `tfsdk:"permissions"`
}

func keyGateway(apiKey string) string { return "Secret/gateway-" + apiKey }

// values has for each of MLflow's names of a value the key of the Secret that holds it.
func (k APIKey) values() map[string]string {
	if len(k.Keys) == 0 {
		return map[string]string{"api_key": "api_key"}
	}
	return k.Keys
}

// originLimit is how much of an origin MLflow keeps, in bytes; its column has 255 characters.
const originLimit = 200

// origin says where the values come from. MLflow keeps it as the one who changed the key last, which tells whether another one did since.
func (k APIKey) origin() string {
	text := "version " + ptr.Deref(k.Version, "1") + " of Secret " + k.Secret
	for _, value := range slices.Sorted(maps.Keys(k.Keys)) {
		text += ", " + value + " from " + k.Keys[value]
	}
	if len(text) > originLimit {
		text = fmt.Sprintf("%s… (%x)", strings.ToValidUTF8(text[:originLimit/2], ""), sha256.Sum256([]byte(text)))
	}
	return text
}

// gateway is the configuration, an empty one where there is none.
func (m *Model) gateway() Gateway { return ptr.Deref(m.Gateway, Gateway{}) }

// variables are those of the servers.
func (g Gateway) variables() map[string]string {
	out := map[string]string{}
	if len(g.AllowedProviders) > 0 {
		out["MLFLOW_GATEWAY_ALLOWED_PROVIDERS"] = strings.Join(g.AllowedProviders, ",")
	}
	if ptr.Deref(g.PrivateProviders, false) {
		out["MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS"] = "true"
		out["MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES"] = "http,https"
	}
	return out
}

// secrets hold the values of the API keys, which MLflow is given from there. No pod reads them.
func (g Gateway) secrets(n names) []workload.Object {
	var out []workload.Object
	for _, name := range slices.Sorted(maps.Keys(g.APIKeys)) {
		k, data := g.APIKeys[name], map[string]workload.SecretValue{}
		for value, key := range k.values() {
			data[value] = workload.Copied(workload.SecretSource{Namespace: n.env.Namespace, Name: k.Secret}, key, ptr.Deref(k.Version, "1"))
		}
		out = append(out, secret(n, "gateway-"+name, data))
	}
	return out
}

// checkGateway refuses what refers to nothing.
func checkGateway(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	g, at := m.gateway(), path.Root("gateway")
	for _, name := range slices.Sorted(maps.Keys(g.APIKeys)) {
		if provider := g.APIKeys[name].Provider; len(g.AllowedProviders) > 0 && !slices.Contains(g.AllowedProviders, provider) {
			diags.AddAttributeError(at.AtName("api_keys").AtMapKey(name).AtName("provider"), "The provider is not allowed",
				strconv.Quote(provider)+" is not one of allowed_providers. Add it there, or remove the key.")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g.Endpoints)) {
		e := g.Endpoints[name]
		if _, declared := g.APIKeys[e.APIKey]; !declared {
			diags.AddAttributeError(at.AtName("endpoints").AtMapKey(name).AtName("api_key"), "The API key does not exist",
				strconv.Quote(e.APIKey)+" is not one of gateway.api_keys. There are: "+listed(slices.Sorted(maps.Keys(g.APIKeys)))+".")
		}
		diags.Append(checkPermissions(m, at.AtName("endpoints").AtMapKey(name), e.Permissions)...)
	}
	return diags
}
