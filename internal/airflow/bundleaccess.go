package airflow

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	keyBundles     = "Secret/bundles"
	knownHostsPart = "known-hosts"
	knownHostsPath = home + "/known-hosts"
	// bundleConnection begins Airflow's ids of the connections that bundles have of their
	// own.
	bundleConnection = "analytics_bundle_"
)

// knownHosts is the form of ssh's file of that name: host, kind of key, key.
var knownHosts = validate.Text{
	Allowed: "lines of a known_hosts file: HOST KIND KEY",
	Forms:   [2]string{"standin ssh-ed25519 a", "standin ssh-ed25519 b"},
	Check: func(text string) error {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if line != "" && !strings.HasPrefix(line, "#") && len(strings.Fields(line)) < 3 {
				return fmt.Errorf("the line %q has not all of them", line)
			}
		}
		return nil
	},
}

// hasAccess reports whether the bundle has credentials of its own.
func (b Bundle) hasAccess() bool { return b.PasswordSecret != nil || b.PrivateKeySecret != nil }

// connection is the id of the connection with the credentials, "" where there are none.
func (b Bundle) connection(name string) string {
	if b.hasAccess() {
		return bundleConnection + strings.ReplaceAll(name, "-", "_")
	}
	return ptr.Deref(b.Connection, "")
}

// checkAccess refuses credentials that do not suit the repository's URL.
func (b Bundle) checkAccess(at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	https := strings.HasPrefix(b.Repository, "https://") || strings.HasPrefix(b.Repository, "http://")
	ssh := strings.HasPrefix(b.Repository, "ssh://") || !strings.Contains(b.Repository, "://")
	if b.PasswordSecret != nil && !https {
		diags.AddAttributeError(at.AtName("password_secret"), "The repository takes no password", "Only one at https:// does. Use private_key_secret for SSH, or the other URL of the repository.")
	}
	if b.PrivateKeySecret != nil && !ssh {
		diags.AddAttributeError(at.AtName("private_key_secret"), "The repository takes no private key", "Only one by SSH does, such as git@github.com:example/dags.git. Use password_secret for https://, or the other URL of the repository.")
	}
	return diags
}

// checkBundleNames refuses names whose connections would be one.
func (m *Model) checkBundleNames() diag.Diagnostics {
	var diags diag.Diagnostics
	names := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(m.DAGBundles)) {
		b := m.DAGBundles[name]
		if !b.hasAccess() {
			continue
		}
		id := b.connection(name)
		if other, taken := names[id]; taken {
			diags.AddAttributeError(path.Root("dag_bundles").AtMapKey(name), "Two bundles have names that differ in '-' and '_' alone", fmt.Sprintf("With credentials of their own, %q and %q would have the same connection. Choose another name.", other, name))
		}
		if _, taken := m.Connections[id]; taken {
			diags.AddAttributeError(path.Root("connections").AtMapKey(id), "The id of the connection is taken", fmt.Sprintf("The connection of the bundle %q has it. Choose another id.", name))
		}
		names[id] = name
	}
	return diags
}

// bundlesWithAccess are the names of those with credentials of their own.
func (m *Model) bundlesWithAccess() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m.DAGBundles)) {
		if m.DAGBundles[name].hasAccess() {
			out = append(out, name)
		}
	}
	return out
}

// bundlesSecret holds the connections of bundles with credentials of their own.
func bundlesSecret(m *Model, n names) workload.Object {
	o := secret(n, "bundles", map[string]workload.SecretValue{})
	for _, name := range m.bundlesWithAccess() {
		b := m.DAGBundles[name]
		key := "password." + name
		if b.PasswordSecret != nil {
			o.Data[key] = b.PasswordSecret.Copied(n.env.Namespace, "password")
		} else {
			key = "private_key." + name
			o.Data[key] = b.PrivateKeySecret.Copied(n.env.Namespace, corev1.SSHAuthPrivateKey)
		}
		o.Data[connectionVariable(b.connection(name))] = workload.URLTemplate(b.uri(name), key)
	}
	return o
}

// uri is the connection with the bundle's own credentials as a URI and a format for it,
// with a verb for the password or the private key.
func (b Bundle) uri(name string) string {
	literal := func(text string) string { return strings.ReplaceAll(text, "%", "%%") }
	if b.PasswordSecret != nil {
		return "git://" + literal(escape(ptr.Deref(b.Username, ""))) + ":%s@/"
	}
	// Without known hosts the first answer is trusted.
	checking := url.Values{"strict_host_key_checking": {"accept-new"}}
	if b.KnownHosts != nil {
		checking = url.Values{"strict_host_key_checking": {"yes"}, "known_hosts_file": {knownHostsPath + "/" + name}}
	}
	return "git:///?private_key=%s&" + literal(checking.Encode())
}

// bundleVariables give the connections of bundles with credentials of their own.
func (m *Model) bundleVariables(n names) []*corev1ac.EnvVarApplyConfiguration {
	var out []*corev1ac.EnvVarApplyConfiguration
	for _, name := range m.bundlesWithAccess() {
		variable := connectionVariable(m.DAGBundles[name].connection(name))
		out = append(out, pod.FromSecret(variable, n.of("bundles"), variable))
	}
	return out
}

// knownHostsFiles are the hosts' keys by bundle.
func (m *Model) knownHostsFiles() map[string]string {
	out := map[string]string{}
	for name, b := range m.DAGBundles {
		if b.KnownHosts != nil {
			out[name] = strings.TrimSpace(*b.KnownHosts) + "\n"
		}
	}
	return out
}

func knownHostsMap(n names, files map[string]string) workload.Object {
	return workload.Object{
		Key: "ConfigMap/" + knownHostsPart, Stage: workload.StageIdentity,
		Manifest: corev1ac.ConfigMap(n.of(knownHostsPart), n.env.Namespace).WithData(files),
	}
}

// knownHostsVolume mounts the hosts' keys, where there are some.
func (m *Model) knownHostsVolume(n names) ([]*corev1ac.VolumeApplyConfiguration, []*corev1ac.VolumeMountApplyConfiguration) {
	if len(m.knownHostsFiles()) == 0 {
		return nil, nil
	}
	volume := corev1ac.Volume().WithName(knownHostsPart).WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(n.of(knownHostsPart)))
	mount := corev1ac.VolumeMount().WithName(knownHostsPart).WithMountPath(knownHostsPath).WithReadOnly(true)
	return []*corev1ac.VolumeApplyConfiguration{volume}, []*corev1ac.VolumeMountApplyConfiguration{mount}
}
