package pod

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Key refers to a key of a Secret or of a ConfigMap.
type Key struct {
	Secret    *string `tfsdk:"secret"`
	ConfigMap *string `tfsdk:"config_map"`
	Key       string  `tfsdk:"key"`
}

func envAttribute() schema.Attribute {
	return schema.MapAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "Environment variables. Their values are kept in a Secret and shown in `objects` as a revision only, so that " +
			"they may come from sensitive variables.",
		Validators: []validator.Map{mapvalidator.KeysAre(validate.EnvName())},
	}
}

func envFromKeysAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Environment variables whose values are keys of Secrets or ConfigMaps in the same namespace.",
		Validators:          []validator.Map{mapvalidator.KeysAre(validate.EnvName())},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"secret":     name("Name of the Secret. Set this or `config_map`."),
			"config_map": name("Name of the ConfigMap. Set this or `secret`."),
			"key":        required("Key in it.", validate.DataKey()),
		}},
	}
}

// caVolume is the volume of the private CA bundle, caPath where it is mounted.
const (
	caVolume = "ca-bundle"
	caPath   = "/etc/ssl/ca-bundle"
)

// caVariables tell OpenSSL, Go and Python, requests, the AWS SDKs, Node.js and Git
// where the CA bundle is.
var caVariables = []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"}

// EnvSecret is the Secret that holds the values of env; ok is false when there
// are none.
func (s Settings) EnvSecret(key, name, namespace string) (o workload.Object, ok bool) {
	return envSecret(key, name, namespace, s.envValues())
}

// secretEnv is a value of the Secret for environment variables.
type secretEnv struct{ value, label string }

func (s Settings) envValues() map[string]secretEnv {
	values := make(map[string]secretEnv, len(s.Env))
	for variable, value := range s.Env {
		values[variable] = secretEnv{value, "env." + variable}
	}
	return values
}

func envSecret(key, name, namespace string, values map[string]secretEnv) (o workload.Object, ok bool) {
	if len(values) == 0 {
		return workload.Object{}, false
	}
	o = workload.Object{
		Key: key, Stage: workload.StageIdentity,
		Manifest: corev1ac.Secret(name, namespace).WithType(corev1.SecretTypeOpaque),
		Data:     map[string]workload.SecretValue{}, Mask: map[string]string{},
	}
	for k, v := range values {
		o.Data[k] = workload.Plain(v.value)
		o.Mask["data["+k+"]"] = v.label
	}
	return o, true
}

// Environment renders the environment variables of a container: the product's
// own first, which the user's win over.
func (s Settings) Environment(secret string, env workload.Environment, own ...*corev1ac.EnvVarApplyConfiguration) []*corev1ac.EnvVarApplyConfiguration {
	all := variables{}
	all.surroundings(secret, env)
	all.add(own...)
	for variable := range s.Env {
		all[variable] = FromSecret(variable, secret, variable)
	}
	for variable, key := range s.EnvFromKeys {
		all.fromKey(variable, key)
	}
	return all.sorted()
}

// variables are environment variables by name.
type variables map[string]*corev1ac.EnvVarApplyConfiguration

// surroundings are the proxies and the CA bundle, the same for all containers.
func (v variables) surroundings(secret string, env workload.Environment) {
	for variable, value := range proxies(env) {
		v[variable] = corev1ac.EnvVar().WithName(variable).WithValue(value)
		if hasCredentials(value) {
			v[variable] = FromSecret(variable, secret, variable)
		}
	}
	if env.CABundle == nil {
		return
	}
	for _, variable := range caVariables {
		v[variable] = corev1ac.EnvVar().WithName(variable).WithValue(caPath + "/" + env.CABundle.Key)
	}
}

func (v variables) add(own ...*corev1ac.EnvVarApplyConfiguration) {
	for _, variable := range own {
		v[*variable.Name] = variable
	}
}

func (v variables) fromKey(variable string, key Key) {
	switch {
	case key.ConfigMap != nil:
		v[variable] = corev1ac.EnvVar().WithName(variable).WithValueFrom(corev1ac.EnvVarSource().
			WithConfigMapKeyRef(corev1ac.ConfigMapKeySelector().WithName(*key.ConfigMap).WithKey(key.Key)))
	case key.Secret != nil:
		v[variable] = FromSecret(variable, *key.Secret, key.Key)
	}
}

func (v variables) sorted() []*corev1ac.EnvVarApplyConfiguration {
	out := make([]*corev1ac.EnvVarApplyConfiguration, 0, len(v))
	for _, variable := range slices.Sorted(maps.Keys(v)) {
		out = append(out, v[variable])
	}
	return out
}

// FromSecret is a variable whose value is a key of a Secret.
func FromSecret(variable, secret, key string) *corev1ac.EnvVarApplyConfiguration {
	return corev1ac.EnvVar().WithName(variable).WithValueFrom(corev1ac.EnvVarSource().
		WithSecretKeyRef(corev1ac.SecretKeySelector().WithName(secret).WithKey(key)))
}

// EnvFrom renders whole Secrets and ConfigMaps.
func (s Settings) EnvFrom() []*corev1ac.EnvFromSourceApplyConfiguration {
	var out []*corev1ac.EnvFromSourceApplyConfiguration
	for _, name := range s.EnvFromSecrets {
		out = append(out, corev1ac.EnvFromSource().WithSecretRef(corev1ac.SecretEnvSource().WithName(name)))
	}
	for _, name := range s.EnvFromConfigMaps {
		out = append(out, corev1ac.EnvFromSource().WithConfigMapRef(corev1ac.ConfigMapEnvSource().WithName(name)))
	}
	return out
}

// proxies are the variables of the HTTP proxy, in upper case and, since curl reads
// only that, in lower case. What is inside the cluster is never asked through it.
func proxies(env workload.Environment) map[string]string {
	p := env.Proxy
	if p == nil || p.HTTP == "" && p.HTTPS == "" {
		return nil
	}
	direct := []string{"localhost", "127.0.0.1", "::1", ".svc"}
	if env.ClusterDomain != "" {
		direct = append(direct, "."+env.ClusterDomain)
	}
	for host := range strings.SplitSeq(p.NoProxy, ",") {
		if host = strings.TrimSpace(host); host != "" && !slices.Contains(direct, host) {
			direct = append(direct, host)
		}
	}
	out := map[string]string{}
	for variable, value := range map[string]string{"HTTP_PROXY": p.HTTP, "HTTPS_PROXY": p.HTTPS, "NO_PROXY": strings.Join(direct, ",")} {
		if value != "" {
			out[variable], out[strings.ToLower(variable)] = value, value
		}
	}
	return out
}

// hasCredentials reports whether a proxy's address holds a password. What cannot
// be understood may hold one.
func hasCredentials(proxy string) bool {
	u, err := url.Parse(proxy)
	if err != nil {
		return strings.Contains(proxy, "@")
	}
	return u.User != nil
}

// environment renders the variables of the pods' main container and of what runs
// before it, and what the Secret for them holds.
func (r *renderer) environment() {
	for variable, value := range proxies(r.in.Environment) {
		if hasCredentials(value) {
			r.secret[variable] = secretEnv{value, "proxy." + strings.ToLower(variable)}
		}
	}
	maps.Copy(r.secret, r.s.envValues())
	for _, variable := range slices.Sorted(maps.Keys(r.s.EnvFromKeys)) {
		at := r.at("env_from_keys").AtMapKey(variable)
		r.checkKey(r.s.EnvFromKeys[variable], at)
		if _, both := r.s.Env[variable]; both {
			r.diags.AddAttributeError(at, "An environment variable is set twice",
				variable+" stands in env and in env_from_keys. Remove it from one of them.")
		}
	}
}

func (r *renderer) checkKey(key Key, at path.Path) {
	if (key.Secret == nil) == (key.ConfigMap == nil) {
		r.diags.AddAttributeError(at, "Exactly one source is needed", "Set secret or config_map, and not both.")
	}
}

// envObject adds the Secret with the values of all environment variables.
func (r *renderer) envObject() {
	o, ok := envSecret(r.key("Secret", "env"), r.secretName(), r.in.Environment.Namespace, r.secret)
	if !ok {
		return
	}
	size := 0
	for key, v := range r.secret {
		size += len(key) + len(v.value)
	}
	r.checkSize(size, "Secret", r.at("env"))
	r.objects = append(r.objects, o)
	r.annotations[RevisionAnnotation+"env"] = workload.SecretRevision(o.Key)
}

func (r *renderer) secretName() string { return r.in.Name + "-env" }
