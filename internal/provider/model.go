package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// model is the provider block.
type model struct {
	Host                  *string           `tfsdk:"host"`
	Username              *string           `tfsdk:"username"`
	Password              *string           `tfsdk:"password"`
	Insecure              *bool             `tfsdk:"insecure"`
	TLSServerName         *string           `tfsdk:"tls_server_name"`
	ClientCertificate     *string           `tfsdk:"client_certificate"`
	ClientKey             *string           `tfsdk:"client_key"`
	ClusterCACertificate  *string           `tfsdk:"cluster_ca_certificate"`
	ConfigPath            *string           `tfsdk:"config_path"`
	ConfigPaths           []string          `tfsdk:"config_paths"`
	ConfigContext         *string           `tfsdk:"config_context"`
	ConfigContextAuthInfo *string           `tfsdk:"config_context_auth_info"`
	ConfigContextCluster  *string           `tfsdk:"config_context_cluster"`
	Token                 *string           `tfsdk:"token"`
	ProxyURL              *string           `tfsdk:"proxy_url"`
	Exec                  *exec             `tfsdk:"exec"`
	Defaults              *defaults         `tfsdk:"defaults"`
	Ignore                []workload.Ignore `tfsdk:"ignore"`
	PlanChecks            *string           `tfsdk:"plan_checks"`
	CreatePlan            *string           `tfsdk:"create_plan"`
}

type exec struct {
	APIVersion string            `tfsdk:"api_version"`
	Command    string            `tfsdk:"command"`
	Args       []string          `tfsdk:"args"`
	Env        map[string]string `tfsdk:"env"`
}

type defaults struct {
	Namespace        *string           `tfsdk:"namespace"`
	Labels           map[string]string `tfsdk:"labels"`
	Annotations      map[string]string `tfsdk:"annotations"`
	ImageRegistry    *string           `tfsdk:"image_registry"`
	ImagePullSecrets []string          `tfsdk:"image_pull_secrets"`
	NodeSelector     map[string]string `tfsdk:"node_selector"`
	Tolerations      []toleration      `tfsdk:"tolerations"`
	PriorityClass    *string           `tfsdk:"priority_class"`
	ClusterDomain    *string           `tfsdk:"cluster_domain"`
	Proxy            *proxy            `tfsdk:"proxy"`
	CABundle         *caBundle         `tfsdk:"ca_bundle"`
}

type toleration struct {
	Key               *string `tfsdk:"key"`
	Operator          *string `tfsdk:"operator"`
	Value             *string `tfsdk:"value"`
	Effect            *string `tfsdk:"effect"`
	TolerationSeconds *int64  `tfsdk:"toleration_seconds"`
}

type proxy struct {
	HTTP    *string `tfsdk:"http"`
	HTTPS   *string `tfsdk:"https"`
	NoProxy *string `tfsdk:"no_proxy"`
}

type caBundle struct {
	ConfigMap string  `tfsdk:"config_map"`
	Key       *string `tfsdk:"key"`
}

// unknownAttributes names the attributes of the block that are not known yet.
func unknownAttributes(config tftypes.Value) []string {
	var members map[string]tftypes.Value
	if config.As(&members) != nil {
		return nil
	}
	var out []string
	for name, value := range members {
		if !value.IsFullyKnown() {
			out = append(out, name)
		}
	}
	return out
}

// decode reads the block. What is not known in the defaults, which go into every
// rendering, is replaced by its stand-in number n; the rest is taken for absent.
func decode(ctx context.Context, config tfsdk.Config, n int) (*model, diag.Diagnostics) {
	var diags diag.Diagnostics
	raw, _, err := workload.ReplaceUnknown(config.Raw, n, func(p *tftypes.AttributePath) (any, error) {
		return config.Schema.AttributeAtTerraformPath(ctx, p)
	}, func(p *tftypes.AttributePath) bool { return !p.Steps()[0].Equal(tftypes.AttributeName("defaults")) })
	if err != nil {
		diags.AddError("The provider's configuration cannot be read", err.Error())
		return nil, diags
	}
	config.Raw = raw
	var m model
	diags.Append(config.Get(ctx, &m)...)
	return &m, diags
}

// planChecks defaults to errors.
func (m *model) planChecks() string {
	if m.PlanChecks == nil {
		return workload.PlanChecksError
	}
	return *m.PlanChecks
}

// environment is what the block adds to every rendering.
func (m *model) environment() workload.Environment {
	d := m.Defaults
	if d == nil {
		return workload.Environment{}
	}
	env := workload.Environment{
		Namespace: value(d.Namespace), Labels: d.Labels, Annotations: d.Annotations, ImageRegistry: value(d.ImageRegistry),
		ImagePullSecrets: d.ImagePullSecrets, NodeSelector: d.NodeSelector, PriorityClass: value(d.PriorityClass),
		ClusterDomain: value(d.ClusterDomain),
	}
	for _, t := range d.Tolerations {
		env.Tolerations = append(env.Tolerations, corev1.Toleration{
			Key: value(t.Key), Operator: corev1.TolerationOperator(value(t.Operator)), Value: value(t.Value),
			Effect: corev1.TaintEffect(value(t.Effect)), TolerationSeconds: t.TolerationSeconds,
		})
	}
	if p := d.Proxy; p != nil {
		env.Proxy = &workload.Proxy{HTTP: value(p.HTTP), HTTPS: value(p.HTTPS), NoProxy: value(p.NoProxy)}
	}
	if c := d.CABundle; c != nil {
		env.CABundle = &workload.CABundle{ConfigMap: c.ConfigMap, Key: "ca.crt"}
		if c.Key != nil {
			env.CABundle.Key = *c.Key
		}
	}
	return env
}

// connection is what the block, and the environment variables where it says
// nothing, say about the cluster.
func (m *model) connection() (kube.Connection, diag.Diagnostics) {
	var diags diag.Diagnostics
	insecure, err := boolOrEnv(m.Insecure, "KUBE_INSECURE")
	if err != nil {
		diags.AddAttributeError(path.Root("insecure"), "KUBE_INSECURE is not a boolean", err.Error())
	}
	c := kube.Connection{
		Host: orEnv(m.Host, "KUBE_HOST"), Username: orEnv(m.Username, "KUBE_USER"), Password: orEnv(m.Password, "KUBE_PASSWORD"),
		Insecure: insecure, TLSServerName: orEnv(m.TLSServerName, "KUBE_TLS_SERVER_NAME"),
		ClientCertificate: orEnv(m.ClientCertificate, "KUBE_CLIENT_CERT_DATA"), ClientKey: orEnv(m.ClientKey, "KUBE_CLIENT_KEY_DATA"),
		ClusterCACertificate: orEnv(m.ClusterCACertificate, "KUBE_CLUSTER_CA_CERT_DATA"),
		ConfigContext:        orEnv(m.ConfigContext, "KUBE_CTX"), ConfigContextAuthInfo: orEnv(m.ConfigContextAuthInfo, "KUBE_CTX_AUTH_INFO"),
		ConfigContextCluster: orEnv(m.ConfigContextCluster, "KUBE_CTX_CLUSTER"),
		Token:                orEnv(m.Token, "KUBE_TOKEN"), ProxyURL: orEnv(m.ProxyURL, "KUBE_PROXY_URL"),
	}
	c.ConfigPath, c.ConfigPaths = m.kubeconfigs()
	if m.Exec != nil {
		c.Exec = &kube.Exec{APIVersion: m.Exec.APIVersion, Command: m.Exec.Command, Args: m.Exec.Args, Env: m.Exec.Env}
	}
	var setting *kube.SettingError
	if _, err := c.RESTConfig(); errors.As(err, &setting) {
		at := path.Empty()
		for name := range strings.SplitSeq(setting.Setting, ".") {
			at = at.AtName(name)
		}
		diags.AddAttributeError(at, "A setting of the provider cannot be used", setting.Error()+". A setting may also come from its environment variable.")
	}
	return c, diags
}
