package kube

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Connection is how to reach a cluster, in the provider's terms. What is set here wins over what a kubeconfig says.
type Connection struct {
	Host, Username, Password, TLSServerName            string
	ClientCertificate, ClientKey, ClusterCACertificate string // PEM
	Insecure                                           bool
	ConfigPath                                         string
	ConfigPaths                                        []string
	ConfigContext, ConfigContextAuthInfo               string
	ConfigContextCluster, Token, ProxyURL              string
	Exec                                               *Exec
}

// Exec is a command that prints credentials, of the kind that kubeconfigs have too.
type Exec struct {
	APIVersion, Command string
	Args                []string
	Env                 map[string]string
}

// SettingError is an error in one of the settings of a Connection, which no file and no server could make good.
type SettingError struct {
	// Setting is its name in the provider's configuration, with a dot before one that is within another: "exec.command".
	Setting string
	message string
}

func (e *SettingError) Error() string { return e.message }

func settingError(setting, format string, args ...any) error {
	return &SettingError{setting, fmt.Sprintf(format, args...)}
}

// RESTConfig returns the configuration of the client. It looks at no environment variable and never falls back to an address that
// nobody gave: neither localhost nor the cluster that the provider happens to run in. A kubeconfig that does not exist is an error
// that wraps os.ErrNotExist.
func (c Connection) RESTConfig() (*rest.Config, error) {
	if err := c.contradiction(); err != nil {
		return nil, err
	}
	config := &rest.Config{}
	if paths := c.kubeconfigs(); len(paths) > 0 {
		var err error
		if config, err = c.load(paths); err != nil {
			return nil, err
		}
	}
	if err := c.override(config); err != nil {
		return nil, err
	}
	if config.Host == "" {
		return nil, errors.New("no cluster is configured: set host to the address of the API server, or config_path to a kubeconfig file")
	}
	if config.ExecProvider != nil {
		config.ExecProvider.StdinUnavailable = true
		config.ExecProvider.StdinUnavailableMessage = "the provider has no terminal to ask on"
	}
	config.QPS = -1
	if _, err := rest.TLSConfigFor(config); err != nil {
		return nil, fmt.Errorf("the certificates of the provider's configuration or kubeconfig cannot be used: %w", err)
	}
	return config, nil
}

// contradiction reports settings that exclude or need each other.
func (c Connection) contradiction() error {
	paths := len(c.kubeconfigs()) > 0
	var credentials []string
	for name, set := range map[string]bool{"token": c.Token != "", "username": c.Username != "", "client_certificate": c.ClientCertificate != "", "exec": c.Exec != nil} {
		if set {
			credentials = append(credentials, name)
		}
	}
	slices.Sort(credentials)
	switch {
	case c.ConfigPath != "" && len(c.ConfigPaths) > 0:
		return settingError("config_path", "config_path and config_paths are both set: keep one of them")
	case !paths && c.ConfigContext != "":
		return settingError("config_context", "config_context chooses from a kubeconfig: set config_path too")
	case !paths && c.ConfigContextAuthInfo != "":
		return settingError("config_context_auth_info", "config_context_auth_info chooses from a kubeconfig: set config_path too")
	case !paths && c.ConfigContextCluster != "":
		return settingError("config_context_cluster", "config_context_cluster chooses from a kubeconfig: set config_path too")
	case len(credentials) > 1:
		return settingError(credentials[1], "%s are set together: keep one way to authenticate", strings.Join(credentials, " and "))
	case c.Username != "" && c.Password == "":
		return settingError("username", "username and password belong together: set password too")
	case c.Username == "" && c.Password != "":
		return settingError("password", "username and password belong together: set username too")
	case c.ClientCertificate != "" && c.ClientKey == "":
		return settingError("client_certificate", "client_certificate and client_key belong together: set client_key too")
	case c.ClientCertificate == "" && c.ClientKey != "":
		return settingError("client_key", "client_certificate and client_key belong together: set client_certificate too")
	case c.Insecure && c.ClusterCACertificate != "":
		return settingError("insecure", "insecure = true leaves cluster_ca_certificate without effect: keep one of them")
	case c.Exec != nil && c.Exec.Command == "":
		return settingError("exec.command", "exec has no command")
	case c.Exec != nil && !strings.HasPrefix(c.Exec.APIVersion, "client.authentication.k8s.io/v1"):
		return settingError("exec.api_version", `exec has the api_version %q: it must be "client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1", as the command prints it`, c.Exec.APIVersion)
	}
	return nil
}

// kubeconfigs are the paths of the kubeconfig files that are set.
func (c Connection) kubeconfigs() []string {
	paths := c.ConfigPaths
	if c.ConfigPath != "" {
		paths = append([]string{c.ConfigPath}, paths...)
	}
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return path == "" })
}

// load reads kubeconfig files, merged as kubectl does: the first one that sets a value wins, and some of several may be missing.
func (c Connection) load(paths []string) (*rest.Config, error) {
	var found []string
	for i, path := range paths {
		expanded, err := expandHome(path)
		if err != nil {
			return nil, err
		}
		paths[i] = expanded
		if _, err := os.Stat(expanded); err == nil {
			found = append(found, expanded)
		} else if len(paths) == 1 || !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("kubeconfig %s cannot be read: %w", path, err)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("none of the kubeconfig files %s can be read: %w", strings.Join(paths, ", "), os.ErrNotExist)
	}
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: found, WarnIfAllMissing: false}
	merged, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", strings.Join(found, ", "), err)
	}
	name, err := c.context(merged, found)
	if err != nil {
		return nil, err
	}
	if c.authenticates() {
		// What the file says of it is not even looked at: its token file may not exist on this machine.
		for _, user := range merged.AuthInfos {
			*user = clientcmdapi.AuthInfo{
				Impersonate: user.Impersonate, ImpersonateUID: user.ImpersonateUID,
				ImpersonateGroups: user.ImpersonateGroups, ImpersonateUserExtra: user.ImpersonateUserExtra,
			}
		}
	}
	overrides := &clientcmd.ConfigOverrides{
		Context: clientcmdapi.Context{AuthInfo: c.ConfigContextAuthInfo, Cluster: c.ConfigContextCluster},
	}
	overrides.ClusterInfo.Server = c.Host // so that a file without a server is no error; normalised in override
	// Not the deferred loading: it would try the pod's own cluster where the file says nothing.
	config, err := clientcmd.NewNonInteractiveClientConfig(*merged, name, overrides, rules).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", strings.Join(found, ", "), err)
	}
	return config, nil
}

// context is the name of the context to use, "" where a cluster or address is named without one.
func (c Connection) context(merged *clientcmdapi.Config, paths []string) (string, error) {
	name := c.ConfigContext
	if name == "" {
		name = merged.CurrentContext
	}
	at := strings.Join(paths, ", ")
	choices := make([]string, 0, len(merged.Contexts))
	for choice := range merged.Contexts {
		choices = append(choices, choice)
	}
	slices.Sort(choices)
	switch {
	case name == "" && c.ConfigContextCluster == "" && c.Host == "":
		return "", fmt.Errorf("kubeconfig %s has no current context: set config_context, to one of: %s", at, strings.Join(choices, ", "))
	case name != "" && merged.Contexts[name] == nil:
		return "", fmt.Errorf("kubeconfig %s has no context %q: set config_context to one of: %s", at, name, strings.Join(choices, ", "))
	case c.ConfigContextCluster != "" && merged.Clusters[c.ConfigContextCluster] == nil:
		return "", fmt.Errorf("kubeconfig %s has no cluster %q, the config_context_cluster", at, c.ConfigContextCluster)
	case c.ConfigContextAuthInfo != "" && merged.AuthInfos[c.ConfigContextAuthInfo] == nil:
		return "", fmt.Errorf("kubeconfig %s has no user %q, the config_context_auth_info", at, c.ConfigContextAuthInfo)
	}
	return name, nil
}

// authenticates tells whether the settings have a way to authenticate of their own. It replaces the kubeconfig's: merged, the API
// server would see both, and a token file would win over the token.
func (c Connection) authenticates() bool {
	return c.Token != "" || c.Username != "" || c.ClientCertificate != "" || c.Exec != nil
}

// override puts the explicit settings over those of a kubeconfig.
func (c Connection) override(config *rest.Config) error {
	if c.Host != "" {
		host, err := parseHost(c.Host)
		if err != nil {
			return err
		}
		config.Host = host
	}
	if c.TLSServerName != "" {
		config.ServerName = c.TLSServerName
	}
	if c.ClusterCACertificate != "" {
		config.CAData, config.CAFile = []byte(c.ClusterCACertificate), ""
		config.Insecure = false
	}
	if c.Insecure {
		config.Insecure = true
		config.CAData, config.CAFile = nil, ""
	}
	if c.ProxyURL != "" {
		proxy, err := url.Parse(c.ProxyURL)
		if err != nil || proxy.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, proxy.Scheme) {
			return settingError("proxy_url", "proxy_url must be http://, https:// or socks5:// with a host, not %q", redacted(c.ProxyURL))
		}
		config.Proxy = http.ProxyURL(proxy)
	}
	if c.authenticates() {
		config.BearerToken = c.Token
		config.Username, config.Password = c.Username, c.Password
		config.CertData, config.KeyData = []byte(c.ClientCertificate), []byte(c.ClientKey)
		config.ExecProvider = c.Exec.config()
	}
	return nil
}

// config is the command in client-go's terms.
func (e *Exec) config() *clientcmdapi.ExecConfig {
	if e == nil {
		return nil
	}
	config := &clientcmdapi.ExecConfig{
		APIVersion:      e.APIVersion,
		Command:         e.Command,
		Args:            e.Args,
		InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
		InstallHint:     "The provider's exec command must be installed where Terraform runs.",
	}
	for name, value := range e.Env {
		config.Env = append(config.Env, clientcmdapi.ExecEnvVar{Name: name, Value: value})
	}
	// client-go keys its cache of credentials by this list.
	slices.SortFunc(config.Env, func(a, b clientcmdapi.ExecEnvVar) int { return strings.Compare(a.Name, b.Name) })
	return config
}

// parseHost accepts an address with or without a scheme; without one it is https, so that a token never travels in clear by
// oversight.
func parseHost(host string) (string, error) {
	address := host
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" || parsed.Scheme != "https" && parsed.Scheme != "http" {
		return "", settingError("host", "host must be the address of the API server, such as https://10.0.0.1:6443, not %q", host)
	}
	return strings.TrimSuffix(parsed.String(), "/"), nil
}

// redacted is an address without its password.
func redacted(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "(not a URL)"
	}
	return parsed.Redacted()
}

// expandHome replaces a leading ~ by the home directory.
func expandHome(path string) (string, error) {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	return filepath.Join(home, path[1:]), nil
}
