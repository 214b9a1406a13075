package airflow

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"gotest.tools/v3/golden"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
)

func TestBundlesGolden(t *testing.T) {
	m := minimal()
	m.Executors = []string{kubernetesExecutor}
	m.DAGBundles = map[string]Bundle{
		"ssh":   {Repository: "git@example.com:team/dags.git", PrivateKeySecret: &connection.SecretKey{Name: "deploy"}, KnownHosts: new("example.com ssh-ed25519 AAAA"), Submodules: new(true)},
		"token": {Repository: "https://example.com/more.git", Username: new("oauth2"), PasswordSecret: &connection.SecretKey{Namespace: new("ci"), Name: "token", Version: new("1")}},
	}
	rendering, diags := render(m, environment())
	if diags.HasError() {
		t.Fatal(diags)
	}
	shown := map[string]bool{keyBundles: true, "ConfigMap/known-hosts": true, "Job/bundles": true, "Deployment/dag-processor": true, keyPodTemplate: true}
	var got bytes.Buffer
	for _, o := range rendering.Objects {
		if !shown[o.Key] {
			continue
		}
		text, err := yaml.Marshal(o.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "--- # %s, stage %d, run key %q\n%s", o.Key, o.Stage, o.RunKey, text)
	}
	golden.Assert(t, got.String(), "bundles.yaml")
}

func TestBundleChecks(t *testing.T) {
	secret := &connection.SecretKey{Name: "s"}
	token := Bundle{Repository: "https://example.com/a", PasswordSecret: secret}
	for name, test := range map[string]struct {
		bundles     map[string]Bundle
		connections map[string]Connection
		want        string
	}{
		"a password for SSH":         {map[string]Bundle{"a": {Repository: "git@example.com:a", PasswordSecret: secret}}, nil, `dag_bundles["a"].password_secret`},
		"a private key for HTTPS":    {map[string]Bundle{"a": {Repository: "https://example.com/a", PrivateKeySecret: secret}}, nil, `dag_bundles["a"].private_key_secret`},
		"bundles of one connection":  {map[string]Bundle{"a-b": token, "a_b": token}, nil, `dag_bundles["a_b"]`},
		"the connection of a bundle": {map[string]Bundle{"a": token}, map[string]Connection{"analytics_bundle_a": {Type: "git"}}, `connections["analytics_bundle_a"]`},
	} {
		t.Run(name, func(t *testing.T) {
			m := minimal()
			m.DAGBundles, m.Connections = test.bundles, test.connections
			_, diags := render(m, environment())
			for _, d := range diags {
				if with, ok := d.(diag.DiagnosticWithPath); ok && with.Path().String() == test.want {
					return
				}
			}
			t.Errorf("none of the diagnostics is about %s: %v", test.want, diags)
		})
	}
}

func TestBundleURI(t *testing.T) {
	secret := &connection.SecretKey{Name: "s"}
	for name, test := range map[string]struct {
		b    Bundle
		want string
	}{
		"token":             {Bundle{PasswordSecret: secret}, "git://:%s@/"},
		"user":              {Bundle{PasswordSecret: secret, Username: new("a@b")}, "git://a%%40b:%s@/"},
		"key":               {Bundle{PrivateKeySecret: secret}, "git:///?private_key=%s&strict_host_key_checking=accept-new"},
		"key of known host": {Bundle{PrivateKeySecret: secret, KnownHosts: new("h ssh-rsa A")}, "git:///?private_key=%s&known_hosts_file=%%2Fopt%%2Fairflow%%2Fknown-hosts%%2Fteam&strict_host_key_checking=yes"},
	} {
		if got := test.b.uri("team"); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestKnownHosts(t *testing.T) {
	for text, allowed := range map[string]bool{
		"github.com ssh-ed25519 AAAA": true, "# made by ssh-keyscan\n\n[h]:22 ssh-rsa AAAA\n": true, "@cert-authority *.example.com ssh-rsa AAAA": true,
		"github.com": false, "h ssh-rsa A\nssh-rsa A": false,
	} {
		if err := knownHosts.Check(text); (err == nil) != allowed {
			t.Errorf("%q: %v", text, err)
		}
	}
}
