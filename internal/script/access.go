package script

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// access is what only analytics_automation has: APIs and the way to them.
type access struct {
	entra      *Entra
	databricks *Databricks
	http       map[string]HTTP
	egress     *Egress
}

const (
	certificatePath = "/var/run/secrets/entra"
	tokenPath       = "/var/run/secrets/azure/tokens"
	tokenFile       = "azure-identity-token"
	// tokenAudience is the one that Entra asks of a federated token.
	tokenAudience = "api://AzureADTokenExchange"
	// tokenSeconds is how long a federated token is valid; the kubelet renews it.
	tokenSeconds = 3600
)

// collector gathers what credentials add to the pods.
type collector struct {
	secret    string // name of the Secret with the values of write-only attributes
	data      map[string]workload.SecretValue
	variables []*corev1ac.EnvVarApplyConfiguration
	volumes   []*corev1ac.VolumeApplyConfiguration
	mounts    []*corev1ac.VolumeMountApplyConfiguration
	diags     diag.Diagnostics
}

func (c *collector) plain(name, value string) {
	c.variables = append(c.variables, corev1ac.EnvVar().WithName(name).WithValue(value))
}

// secretSource is where one secret comes from: a write-only attribute or a key of a
// Secret.
type secretSource struct {
	wo, version *string
	from        *FromKey
}

func (s secretSource) isSet() bool { return s.version != nil || s.from != nil }

// add sets a variable to the secret.
func (c *collector) add(variable string, s secretSource) {
	switch {
	case s.from != nil:
		c.variables = append(c.variables, pod.FromSecret(variable, s.from.Secret, s.from.Key))
	case s.version != nil:
		c.data[variable] = workload.WriteOnly(s.wo, *s.version)
		c.variables = append(c.variables, pod.FromSecret(variable, c.secret, variable))
	}
}

// exactlyOne refuses several credentials of one kind, and none.
func (c *collector) exactlyOne(at path.Path, ways map[string]bool) bool {
	var set []string
	for _, way := range slices.Sorted(maps.Keys(ways)) {
		if ways[way] {
			set = append(set, way)
		}
	}
	if len(set) == 1 {
		return true
	}
	all := strings.Join(slices.Sorted(maps.Keys(ways)), ", ")
	if len(set) == 0 {
		c.diags.AddAttributeError(at, "A credential is missing", "Set exactly one of "+all+".")
		return false
	}
	c.diags.AddAttributeError(at, "There are two credentials of one kind", "Set exactly one of "+all+". These are set: "+strings.Join(set, ", ")+".")
	return false
}

func (a access) collect(secret string) *collector {
	c := &collector{secret: secret, data: map[string]workload.SecretValue{}}
	if a.entra != nil {
		a.entra.collect(c)
	}
	if a.databricks != nil {
		a.databricks.collect(c)
	}
	for _, name := range slices.Sorted(maps.Keys(a.http)) {
		a.http[name].collect(c, name)
	}
	return c
}

// collect sets the variables that azure-identity and msal read.
func (e Entra) collect(c *collector) {
	at := path.Root("entra")
	secret := secretSource{e.ClientSecretWO, e.ClientSecretWOVersion, e.ClientSecretFrom}
	if !c.exactlyOne(at, map[string]bool{
		"client_secret_wo": e.ClientSecretWOVersion != nil, "client_secret_from": e.ClientSecretFrom != nil,
		"certificate_from": e.CertificateFrom != nil, "federated": ptr.Deref(e.Federated, false),
	}) {
		return
	}
	c.plain("AZURE_CLIENT_ID", e.ClientID)
	c.plain("AZURE_TENANT_ID", e.TenantID)
	if e.AuthorityHost != nil {
		c.plain("AZURE_AUTHORITY_HOST", *e.AuthorityHost)
	}
	switch {
	case secret.isSet():
		c.add("AZURE_CLIENT_SECRET", secret)
	case e.CertificateFrom != nil:
		c.plain("AZURE_CLIENT_CERTIFICATE_PATH", certificatePath+"/certificate.pem")
		c.mount("entra-certificate", certificatePath)
		c.volumes = append(c.volumes, corev1ac.Volume().WithName("entra-certificate").WithSecret(corev1ac.SecretVolumeSource().WithSecretName(e.CertificateFrom.Secret).
			WithItems(corev1ac.KeyToPath().WithKey(e.CertificateFrom.Key).WithPath("certificate.pem"))))
	default:
		c.plain("AZURE_FEDERATED_TOKEN_FILE", tokenPath+"/"+tokenFile)
		c.mount("entra-token", tokenPath)
		c.volumes = append(c.volumes, corev1ac.Volume().WithName("entra-token").WithProjected(corev1ac.ProjectedVolumeSource().WithSources(
			corev1ac.VolumeProjection().WithServiceAccountToken(corev1ac.ServiceAccountTokenProjection().
				WithAudience(tokenAudience).WithExpirationSeconds(tokenSeconds).WithPath(tokenFile)))))
	}
}

func (c *collector) mount(volume, at string) {
	c.mounts = append(c.mounts, corev1ac.VolumeMount().WithName(volume).WithMountPath(at).WithReadOnly(true))
}

// collect sets the variables that databricks-sdk and the Databricks CLI read.
func (d Databricks) collect(c *collector) {
	at := path.Root("databricks")
	token := secretSource{d.TokenWO, d.TokenWOVersion, d.TokenFrom}
	client := secretSource{d.ClientSecretWO, d.ClientSecretWOVersion, d.ClientSecretFrom}
	if !c.exactlyOne(at, map[string]bool{
		"token_wo": d.TokenWOVersion != nil, "token_from": d.TokenFrom != nil,
		"client_secret_wo": d.ClientSecretWOVersion != nil, "client_secret_from": d.ClientSecretFrom != nil,
	}) {
		return
	}
	if client.isSet() != (d.ClientID != nil) {
		c.diags.AddAttributeError(at.AtName("client_id"), "An OAuth client needs both parts", "Set client_id together with client_secret_wo or client_secret_from, and neither with a token.")
		return
	}
	c.plain("DATABRICKS_HOST", d.Host)
	if client.isSet() {
		c.plain("DATABRICKS_CLIENT_ID", *d.ClientID)
		c.add("DATABRICKS_CLIENT_SECRET", client)
		return
	}
	c.add("DATABRICKS_TOKEN", token)
}

// collect sets variables that begin with the API's name.
func (h HTTP) collect(c *collector, name string) {
	at := path.Root("http").AtMapKey(name)
	prefix := strings.ToUpper(name) + "_"
	c.plain(prefix+"BASE_URL", h.BaseURL)
	token := secretSource{h.TokenWO, h.TokenWOVersion, h.TokenFrom}
	password := secretSource{h.PasswordWO, h.PasswordWOVersion, h.PasswordFrom}
	value := secretSource{h.ValueWO, h.ValueWOVersion, h.ValueFrom}
	if !token.isSet() && !password.isSet() && !value.isSet() && h.Username == nil && h.Header == nil {
		// An API that asks for nothing.
		return
	}
	if !c.exactlyOne(at, map[string]bool{
		"token_wo": h.TokenWOVersion != nil, "token_from": h.TokenFrom != nil,
		"password_wo": h.PasswordWOVersion != nil, "password_from": h.PasswordFrom != nil,
		"value_wo": h.ValueWOVersion != nil, "value_from": h.ValueFrom != nil,
	}) {
		return
	}
	for _, pair := range []struct {
		attribute string
		set       bool
		partner   string
		isSet     bool
	}{
		{"username", h.Username != nil, "password_wo or password_from", password.isSet()},
		{"header", h.Header != nil, "value_wo or value_from", value.isSet()},
	} {
		if pair.set != pair.isSet {
			c.diags.AddAttributeError(at.AtName(pair.attribute), "A credential has two parts", fmt.Sprintf("Set %s together with %s, or neither.", pair.attribute, pair.partner))
			return
		}
	}
	switch {
	case token.isSet():
		c.add(prefix+"TOKEN", token)
	case password.isSet():
		c.plain(prefix+"USERNAME", *h.Username)
		c.add(prefix+"PASSWORD", password)
	default:
		c.plain(prefix+"HEADER_NAME", *h.Header)
		c.add(prefix+"HEADER_VALUE", value)
	}
}
