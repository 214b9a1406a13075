package pod

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// What contradicts itself or cannot work is refused at plan, on the path of the
// attribute that is to blame.
func TestRefused(t *testing.T) {
	root := path.Root("scheduler")
	at := root.AtName
	bundle := input()
	bundle.Environment.CABundle = &workload.CABundle{ConfigMap: "ca", Key: "ca.crt"}
	mounted := func(path string) Settings {
		return Settings{Volumes: map[string]Volume{"a": {EmptyDir: &EmptyDir{}, Mounts: []Mount{{Path: path}}}}}
	}
	script := func(name, text string) InitScript { return InitScript{Name: name, Script: text} }
	volume := func(v Volume) Settings { return Settings{Volumes: map[string]Volume{"a": v}} }
	peer := func(p Peer) Settings {
		return Settings{NetworkPolicy: &NetworkPolicy{Ingress: []Rule{{Peers: []Peer{p}}}}}
	}
	thePeer := at("network_policy").AtName("ingress").AtListIndex(0).AtName("peers").AtListIndex(0)
	term := func(e Expression) Settings {
		return Settings{Affinity: &Affinity{Node: &NodeAffinity{Required: []NodeTerm{{MatchExpressions: []Expression{e}}}}}}
	}
	theTerm := at("affinity").AtName("node_affinity").AtName("required").AtListIndex(0).AtName("match_expressions").AtListIndex(0)
	container := func(c Container) Settings {
		c.Image = "tool:1"
		return Settings{ExtraContainers: map[string]Container{"tool": c}}
	}
	theContainer := at("extra_containers").AtMapKey("tool")

	for name, c := range map[string]struct {
		settings Settings
		in       TemplateInput
		at       path.Path
		says     string
	}{
		"request above limit": {
			Settings{Resources: &Resources{Requests: &Amounts{Memory: new("2Gi")}, Limits: &Amounts{Memory: new("1Gi")}}},
			input(),
			at("resources"), "memory is 2Gi and the limit 1Gi",
		},
		"no quantity": {
			Settings{Resources: &Resources{Limits: &Amounts{EphemeralStorage: new("much")}}},
			input(),
			at("resources").AtName("limits").AtName("ephemeral_storage"), `"much" is not a quantity`,
		},
		"variable twice": {
			Settings{Env: map[string]string{"A": "1"}, EnvFromKeys: map[string]Key{"A": {Secret: new("s"), Key: "k"}}},
			input(),
			at("env_from_keys").AtMapKey("A"), "env and in env_from_keys",
		},
		"key of nothing": {
			Settings{EnvFromKeys: map[string]Key{"A": {Key: "k"}}}, input(), at("env_from_keys").AtMapKey("A"), "secret or config_map",
		},
		"key of two": {
			Settings{EnvFromKeys: map[string]Key{"A": {Secret: new("s"), ConfigMap: new("c"), Key: "k"}}},
			input(),
			at("env_from_keys").AtMapKey("A"), "not both",
		},
		"large env": {
			Settings{Env: map[string]string{"A": strings.Repeat("x", 1<<20)}}, input(), at("env"), "1 MiB",
		},
		"large scripts": {
			Settings{InitScripts: []InitScript{script("a", strings.Repeat("x", 1<<19)), script("b", strings.Repeat("x", 1<<19))}},
			input(),
			at("init_scripts"), "1 MiB",
		},
		"script twice": {
			Settings{InitScripts: []InitScript{script("a", "true"), script("a", "false")}},
			input(),
			at("init_scripts").AtListIndex(1).AtName("name"), "a name of its own",
		},
		"volume without source":   {volume(Volume{}), input(), at("volumes").AtMapKey("a"), "has none"},
		"volume with two sources": {volume(Volume{Claim: new("c"), EmptyDir: &EmptyDir{}}), input(), at("volumes").AtMapKey("a"), "claim and empty_dir"},
		"volume of the product": {
			Settings{Volumes: map[string]Volume{"state": {EmptyDir: &EmptyDir{}}}}, input(), at("volumes").AtMapKey("state"), "name other than",
		},
		"volume for /tmp": {
			Settings{Volumes: map[string]Volume{"tmp": {EmptyDir: &EmptyDir{}}}}, input(), at("volumes").AtMapKey("tmp"), "name other than",
		},
		"size of a claim": {
			volume(Volume{NewClaim: &Claim{Size: "big"}}), input(), at("volumes").AtMapKey("a").AtName("new_claim").AtName("size"), "not a quantity",
		},
		"size limit": {
			volume(Volume{EmptyDir: &EmptyDir{SizeLimit: new("big")}}), input(), at("volumes").AtMapKey("a").AtName("empty_dir").AtName("size_limit"), "not a quantity",
		},
		"projection without source": {
			volume(Volume{Projected: []Projection{{}}}), input(), at("volumes").AtMapKey("a").AtName("projected").AtListIndex(0), "one of config_map",
		},
		"mount over the product's": {
			mounted("/srv/state"), input(), at("volumes").AtMapKey("a").AtName("mounts").AtListIndex(0).AtName("path"), "/srv/state",
		},
		"mount above the product's": {
			mounted("/srv"), input(), at("volumes").AtMapKey("a").AtName("mounts").AtListIndex(0).AtName("path"), "/srv/state",
		},
		"mount over the CA bundle": {
			mounted("/etc/ssl"), bundle, at("volumes").AtMapKey("a").AtName("mounts").AtListIndex(0).AtName("path"), caPath,
		},
		"mounts at the same path": {
			Settings{Volumes: map[string]Volume{
				"a": {EmptyDir: &EmptyDir{}, Mounts: []Mount{{Path: "/x"}}}, "b": {EmptyDir: &EmptyDir{}, Mounts: []Mount{{Path: "/y"}, {Path: "/x"}}},
			}}, input(), at("volumes").AtMapKey("b").AtName("mounts").AtListIndex(1).AtName("path"), `"a" is mounted`,
		},
		"toleration of a value and of all": {
			Settings{Tolerations: []Toleration{{Key: new("k"), Operator: new("Exists"), Value: new("v")}}},
			input(),
			at("tolerations").AtListIndex(0).AtName("value"), "Exists",
		},
		"toleration of nothing": {
			Settings{Tolerations: []Toleration{{Value: new("v")}}}, input(), at("tolerations").AtListIndex(0), "Set key",
		},
		"seconds without NoExecute": {
			Settings{Tolerations: []Toleration{{Key: new("k"), TolerationSeconds: new(int64(1))}}},
			input(),
			at("tolerations").AtListIndex(0).AtName("toleration_seconds"), "NoExecute",
		},
		"values for Exists":    {term(Expression{Key: "k", Operator: "Exists", Values: []string{"v"}}), input(), theTerm.AtName("values"), "Remove values"},
		"no values for In":     {term(Expression{Key: "k", Operator: "In"}), input(), theTerm, "Set values"},
		"two values for Gt":    {term(Expression{Key: "k", Operator: "Gt", Values: []string{"1", "2"}}), input(), theTerm, "exactly one"},
		"two spreads of zones": {Settings{TopologySpread: []Spread{{TopologyKey: "z"}, {TopologyKey: "z"}}}, input(), at("topology_spread").AtListIndex(1).AtName("topology_key"), "Element 0"},
		"min_domains alone": {
			Settings{TopologySpread: []Spread{{TopologyKey: "z", MinDomains: new(int64(2))}}},
			input(),
			at("topology_spread").AtListIndex(0).AtName("min_domains"), "DoNotSchedule",
		},
		"label of the selector": {
			Settings{PodLabels: map[string]string{"app.kubernetes.io/component": "x"}}, input(), at("pod_labels").AtMapKey("app.kubernetes.io/component"), "another key",
		},
		"label of the engine": {
			Settings{PodLabels: map[string]string{"terraform-provider-analytics/owner": "x"}}, input(), at("pod_labels").AtMapKey("terraform-provider-analytics/owner"), "another key",
		},
		"host alias without names": {Settings{HostAliases: map[string][]string{"10.0.0.1": {}}}, input(), at("host_aliases").AtMapKey("10.0.0.1"), "at least one"},
		"host alias with a bad name": {
			Settings{HostAliases: map[string][]string{"10.0.0.1": {"a", "b c"}}}, input(), at("host_aliases").AtMapKey("10.0.0.1").AtListIndex(1), "host name",
		},
		"no DNS":               {Settings{DNSPolicy: new("None")}, input(), at("dns_policy"), "nameservers"},
		"empty network policy": {Settings{NetworkPolicy: &NetworkPolicy{}}, input(), at("network_policy"), "ingress, egress"},
		"peer of nothing":      {peer(Peer{}), input(), thePeer, "or else set cidr"},
		"peer of both":         {peer(Peer{PodLabels: map[string]string{}, CIDR: new("10.0.0.0/8")}), input(), thePeer, "or else set cidr"},
		"exception alone":      {peer(Peer{PodLabels: map[string]string{}, Except: []string{"10.0.0.0/8"}}), input(), thePeer.AtName("except"), "Set cidr"},
		"exception elsewhere":  {peer(Peer{CIDR: new("10.0.0.0/8"), Except: []string{"192.0.2.0/24"}}), input(), thePeer.AtName("except").AtListIndex(0), "within 10.0.0.0/8"},
		"exception of all":     {peer(Peer{CIDR: new("10.0.0.0/8"), Except: []string{"10.0.0.0/8"}}), input(), thePeer.AtName("except").AtListIndex(0), "within 10.0.0.0/8"},
		"range of ports": {
			Settings{NetworkPolicy: &NetworkPolicy{Egress: []Rule{{Ports: []PolicyPort{{Port: 2, EndPort: new(int64(1))}}}}}},
			input(),
			at("network_policy").AtName("egress").AtListIndex(0).AtName("ports").AtListIndex(0).AtName("end_port"), "not be below port",
		},
		"container of the product": {Settings{ExtraContainers: map[string]Container{"server": {Image: "a"}}}, input(), at("extra_containers").AtMapKey("server"), "server"},
		"mount of no volume": {
			container(Container{Mounts: []ContainerMount{{Volume: "dta", Mount: Mount{Path: "/data"}}}}), input(),
			theContainer.AtName("mounts").AtListIndex(0).AtName("volume"), "They have: state",
		},
		"mounts of a container at the same path": {
			container(Container{Mounts: []ContainerMount{{Volume: "state", Mount: Mount{Path: "/x"}}, {Volume: "state", Mount: Mount{Path: "/x"}}}}), input(),
			theContainer.AtName("mounts").AtListIndex(1).AtName("path"), "taken",
		},
		"resources of a container": {
			container(Container{Resources: &Resources{Limits: &Amounts{CPU: new("fast")}}}), input(),
			theContainer.AtName("resources").AtName("limits").AtName("cpu"), "not a quantity",
		},
		"variable of a container twice": {
			container(Container{Env: map[string]string{"A": ""}, EnvFromKeys: map[string]Key{"A": {Secret: new("s"), Key: "k"}}}), input(),
			theContainer.AtName("env_from_keys").AtMapKey("A"), "Remove it from one",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.in
			in.At = root
			_, diags := c.settings.Template(in)
			if len(diags) != 1 {
				t.Fatalf("%d diagnostics, want 1: %v", len(diags), diags)
			}
			d, ok := diags[0].(interface{ Path() path.Path })
			if !ok || !d.Path().Equal(c.at) {
				t.Errorf("the diagnostic is not on %s: %v", c.at, diags[0])
			}
			if !strings.Contains(diags[0].Detail(), c.says) {
				t.Errorf("%q does not say %q", diags[0].Detail(), c.says)
			}
		})
	}
}

// At the root, paths are those of the resource's own attributes.
func TestRefusedAtRoot(t *testing.T) {
	_, diags := Settings{DNSPolicy: new("None")}.Template(input())
	if len(diags) != 1 {
		t.Fatal(diags)
	}
	if d, ok := diags[0].(interface{ Path() path.Path }); !ok || !d.Path().Equal(path.Root("dns_policy")) {
		t.Errorf("the diagnostic is not on dns_policy: %v", diags[0])
	}
}

// The default that contradicts what the user sets gives way.
func TestDefaultsGiveWay(t *testing.T) {
	for name, c := range map[string]struct {
		resources       Resources
		request, limits string
	}{
		"request above the default limit": {Resources{Requests: &Amounts{Memory: new("2Gi")}}, "2Gi", "2Gi"},
		"limit below the default request": {Resources{Limits: &Amounts{Memory: new("64Mi")}}, "64Mi", "64Mi"},
		"both within the defaults":        {Resources{Limits: &Amounts{Memory: new("300Mi")}}, "256Mi", "300Mi"},
	} {
		template, diags := Settings{Resources: &c.resources}.Template(input())
		if diags.HasError() {
			t.Errorf("%s: %v", name, diags)
			continue
		}
		got := template.Spec.Spec.Containers[0].Resources
		if request, limit := got.Requests.Memory().String(), got.Limits.Memory().String(); request != c.request || limit != c.limits {
			t.Errorf("%s: request %s and limit %s, want %s and %s", name, request, limit, c.request, c.limits)
		}
	}
}

// The settings' own order of winning: the user's variables over the product's, and
// these over the surroundings.
func TestEnvironmentOrder(t *testing.T) {
	in := surrounded(input())
	in.Container.WithEnv(corev1ac.EnvVar().WithName("HTTP_PROXY").WithValue("none"), corev1ac.EnvVar().WithName("LEVEL").WithValue("info"))
	template, diags := Settings{Env: map[string]string{"MODE": "single"}, EnvFromKeys: map[string]Key{"LEVEL": {ConfigMap: new("c"), Key: "level"}}}.Template(in)
	if diags.HasError() {
		t.Fatal(diags)
	}
	got := leaves(t, template)
	const at = "Pod spec.template.spec.containers[server].env["
	for leaf, want := range map[string]string{
		at + "HTTP_PROXY].value":                               "none",
		at + "http_proxy].value":                               "http://proxy.example.com:3128",
		at + "HTTPS_PROXY].valueFrom.secretKeyRef.key":         "HTTPS_PROXY",
		at + "NO_PROXY].value":                                 "localhost,127.0.0.1,::1,.svc,.cluster.local,example.com,10.0.0.0/8",
		at + "MODE].valueFrom.secretKeyRef.name":               "web-env",
		at + "LEVEL].valueFrom.configMapKeyRef.key":            "level",
		at + "SSL_CERT_FILE].value":                            "/etc/ssl/ca-bundle/ca.crt",
		at + "REQUESTS_CA_BUNDLE].value":                       "/etc/ssl/ca-bundle/ca.crt",
		"Pod spec.template.spec.nodeSelector.pool":             "data",
		"Pod spec.template.spec.priorityClassName":             "batch",
		"Pod spec.template.metadata.labels.team":               "analytics",
		"Pod spec.template.spec.imagePullSecrets[mirror].name": "mirror",
	} {
		if got[leaf] != want {
			t.Errorf("%s is %q, want %q", leaf, got[leaf], want)
		}
	}
}
