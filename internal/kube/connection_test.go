package kube

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

const kubeconfig = `apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: one, cluster: {server: "https://one.example:6443", insecure-skip-tls-verify: true}}
- {name: two, cluster: {server: "https://two.example:6443"}}
contexts:
- {name: one, context: {cluster: one, user: file}}
- {name: two, context: {cluster: two, user: exec}}
users:
- {name: file, user: {tokenFile: /var/run/token}}
- {name: exec, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}}}
`

func writeKubeconfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRESTConfig(t *testing.T) {
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte("from the file"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := writeKubeconfig(t, strings.ReplaceAll(kubeconfig, "/var/run/token", tokenFile))
	noTokenFile := writeKubeconfig(t, kubeconfig)
	home := filepath.Dir(path)
	t.Setenv("HOME", home)
	// None of these may matter.
	t.Setenv("KUBECONFIG", path)
	t.Setenv("KUBERNETES_MASTER", "http://master.example")
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
	t.Setenv("KUBERNETES_SERVICE_PORT", "443")

	for name, test := range map[string]struct {
		connection Connection
		check      func(*rest.Config) bool
	}{
		"host and token": {Connection{Host: "https://k.example", Token: "t"}, func(c *rest.Config) bool {
			return c.Host == "https://k.example" && c.BearerToken == "t" && c.QPS == -1
		}},
		"host without scheme is https": {Connection{Host: "k.example:6443", Insecure: true}, func(c *rest.Config) bool {
			return c.Host == "https://k.example:6443" && c.Insecure
		}},
		"current context": {Connection{ConfigPath: path}, func(c *rest.Config) bool {
			return c.Host == "https://one.example:6443" && c.BearerTokenFile == tokenFile
		}},
		"home": {Connection{ConfigPath: "~/config"}, func(c *rest.Config) bool { return c.Host == "https://one.example:6443" }},
		"other context": {Connection{ConfigPath: path, ConfigContext: "two"}, func(c *rest.Config) bool {
			return c.Host == "https://two.example:6443" && c.ExecProvider.Command == "aws" && c.ExecProvider.StdinUnavailable
		}},
		"other cluster and user": {Connection{ConfigPath: path, ConfigContextCluster: "two", ConfigContextAuthInfo: "file"}, func(c *rest.Config) bool {
			return c.Host == "https://two.example:6443" && c.BearerTokenFile != "" && c.ExecProvider == nil
		}},
		"token over a token file": {Connection{ConfigPath: noTokenFile, Token: "t"}, func(c *rest.Config) bool {
			return c.BearerToken == "t" && c.BearerTokenFile == ""
		}},
		"exec over a token file": {Connection{ConfigPath: path, Exec: &Exec{APIVersion: "client.authentication.k8s.io/v1beta1", Command: "gke", Args: []string{"x"}, Env: map[string]string{"B": "2", "A": "1"}}}, func(c *rest.Config) bool {
			return c.BearerTokenFile == "" && c.ExecProvider.Command == "gke" && c.ExecProvider.Env[0].Name == "A"
		}},
		"host over a file": {Connection{ConfigPath: path, Host: "https://k.example"}, func(c *rest.Config) bool {
			return c.Host == "https://k.example" && c.BearerTokenFile != ""
		}},
		"one of several files": {Connection{ConfigPaths: []string{"/nowhere/config", path}}, func(c *rest.Config) bool { return c.Host == "https://one.example:6443" }},
		"proxy": {Connection{Host: "https://k.example", ProxyURL: "socks5://p:1"}, func(c *rest.Config) bool {
			proxy, err := c.Proxy(nil)
			return err == nil && proxy.Host == "p:1"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := test.connection.RESTConfig()
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(config) {
				t.Errorf("got %#v", config)
			}
		})
	}
}

func TestRESTConfigRefuses(t *testing.T) {
	path := writeKubeconfig(t, kubeconfig)
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
	t.Setenv("KUBECONFIG", path)
	for name, test := range map[string]struct {
		connection Connection
		names      string
	}{
		"nothing":               {Connection{}, "config_path"},
		"token alone":           {Connection{Token: "t"}, "host"},
		"empty kubeconfig":      {Connection{ConfigPath: writeKubeconfig(t, "apiVersion: v1\nkind: Config\n")}, "no current context"},
		"no server":             {Connection{ConfigPath: writeKubeconfig(t, strings.ReplaceAll(kubeconfig, "https://one.example:6443", ""))}, "server"},
		"missing file":          {Connection{ConfigPath: "/nowhere/config"}, "/nowhere/config"},
		"missing files":         {Connection{ConfigPaths: []string{"/nowhere/a", "/nowhere/b"}}, "/nowhere/a, /nowhere/b"},
		"unknown context":       {Connection{ConfigPath: path, ConfigContext: "three"}, "one, two"},
		"unknown cluster":       {Connection{ConfigPath: path, ConfigContextCluster: "three"}, "three"},
		"unknown user":          {Connection{ConfigPath: path, ConfigContextAuthInfo: "three"}, "three"},
		"context without file":  {Connection{Host: "k", ConfigContext: "one"}, "config_path"},
		"both paths":            {Connection{ConfigPath: path, ConfigPaths: []string{path}}, "config_paths"},
		"token and password":    {Connection{Host: "k", Token: "t", Username: "u", Password: "p"}, "token and username"},
		"token and exec":        {Connection{Host: "k", Token: "t", Exec: &Exec{APIVersion: "client.authentication.k8s.io/v1", Command: "c"}}, "exec and token"},
		"user without password": {Connection{Host: "k", Username: "u"}, "password"},
		"password without user": {Connection{Host: "k", Password: "p"}, "username"},
		"key without cert":      {Connection{Host: "k", ClientKey: "k"}, "client_certificate"},
		"cert without key":      {Connection{Host: "k", ClientCertificate: "c"}, "client_key"},
		"bad cert":              {Connection{Host: "k", ClientCertificate: "c", ClientKey: "k"}, "certificates"},
		"insecure with CA":      {Connection{Host: "k", Insecure: true, ClusterCACertificate: "c"}, "insecure"},
		"exec without command":  {Connection{Host: "k", Exec: &Exec{APIVersion: "client.authentication.k8s.io/v1"}}, "command"},
		"exec of no version":    {Connection{Host: "k", Exec: &Exec{Command: "c"}}, "api_version"},
		"odd host":              {Connection{Host: "ftp://k"}, "ftp://k"},
		"odd proxy":             {Connection{Host: "k", ProxyURL: "p:1"}, "proxy_url"},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := test.connection.RESTConfig()
			if err == nil {
				t.Fatalf("no error, but %s", config.Host)
			}
			if !strings.Contains(err.Error(), test.names) {
				t.Errorf("%q does not name %q", err, test.names)
			}
			var setting *SettingError
			if errors.As(err, &setting) && !strings.Contains(err.Error(), setting.Setting[strings.Index(setting.Setting, ".")+1:]) {
				t.Errorf("%q does not name the setting %q", err, setting.Setting)
			}
			if strings.HasPrefix(name, "missing file") && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%q is not os.ErrNotExist", err)
			}
		})
	}
}
