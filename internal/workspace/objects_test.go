package workspace

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"gotest.tools/v3/golden"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func minimal() *Model { return &Model{ClusterScoped: workload.ClusterScoped{Name: "team-a"}} }

func amounts(cpu, memory string) *pod.Amounts { return &pod.Amounts{CPU: &cpu, Memory: &memory} }

func full() *Model {
	m := minimal()
	m.NamespaceLabels = map[string]string{"cost-center": "4711"}
	m.NamespaceAnnotations = map[string]string{"example.com/contact": "team-a@example.com"}
	m.PodSecurity = &PodSecurity{Enforce: new("baseline"), Warn: new("restricted"), Audit: new("privileged"), Version: new("v1.33")}
	m.Quota = &Quota{
		Requests: &pod.Amounts{CPU: new("4000m"), Memory: new("16Gi"), EphemeralStorage: new("20Gi")}, Limits: amounts("8", "32Gi"),
		Storage: new("1Ti"), Volumes: new(int64(20)),
		StorageClasses: map[string]StorageClass{"fast": {Storage: new("100Gi"), Volumes: new(int64(4))}, "slow": {Volumes: new(int64(0))}},
		Pods:           new(int64(50)), LoadBalancers: new(int64(0)), NodePorts: new(int64(1)),
		Hard: map[string]string{"count/jobs.batch": "100", "requests.nvidia.com/gpu": "2"},
	}
	m.LimitRange = &LimitRange{
		Container: &ContainerLimits{DefaultRequest: amounts("50m", "64Mi"), Default: amounts("500m", "512Mi"), Min: amounts("10m", "16Mi"), Max: amounts("4", "16Gi")},
		Pod:       &Bounds{Min: amounts("10m", "16Mi"), Max: amounts("8", "32Gi")},
		Volume:    &VolumeBounds{Min: new("100Mi"), Max: new("100Gi")},
	}
	m.Network = &Network{
		AllowWithin: new(false), AllowFrom: []string{"team-c", "team-b"}, AllowTo: []string{"storage"}, APIServerCIDRs: []string{"10.0.0.2/32", "10.0.0.1/32"},
		Ingress: []pod.Rule{{Peers: []pod.Peer{{NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": "ingress-nginx"}}}, Ports: []pod.PolicyPort{{Port: 8080}}}},
		Egress:  []pod.Rule{{Peers: []pod.Peer{{CIDR: new("0.0.0.0/0"), Except: []string{"10.0.0.0/8"}}}, Ports: []pod.PolicyPort{{Port: 443}}}},
	}
	m.Viewers = &Members{Groups: []string{"everybody-of-data"}}
	m.Editors = &Members{Users: []string{"zoe@example.com", "ann@example.com"}, ServiceAccounts: []string{"ci", "tools/deployer"}}
	m.Admins = &Members{Groups: []string{"team-a-leads"}}
	m.ServiceAccounts = map[string]ServiceAccount{
		"ci":     {Role: new(roleEditor)},
		"loader": {Annotations: map[string]string{"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/loader"}},
	}
	m.PullSecrets = map[string]PullSecret{"registry": {Namespace: "platform", Secret: "registry-credentials", Version: new("2")}}
	return m
}

func environment() workload.Environment {
	return workload.Environment{Namespace: "default", ClusterDomain: "cluster.local"}
}

func TestRenderGolden(t *testing.T) {
	open := minimal()
	open.Network = &Network{Isolated: new(false)}
	counted := minimal()
	counted.Quota = &Quota{Limits: &pod.Amounts{CPU: new("500m"), Memory: new("512Mi"), EphemeralStorage: new("2Gi")}}
	openShift := environment()
	openShift.Platform = workload.PlatformOpenShift
	for name, test := range map[string]struct {
		model *Model
		env   workload.Environment
	}{
		"minimal":      {minimal(), environment()},
		"full":         {full(), environment()},
		"not-isolated": {open, environment()},
		"small-quota":  {counted, environment()},
		"openshift":    {minimal(), openShift},
	} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := render(test.model, test.env)
			if diags.HasError() {
				t.Fatal(diags)
			}
			var got bytes.Buffer
			for _, o := range rendering.Objects {
				text, err := yaml.Marshal(o.Manifest)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "--- # %s, stage %d, guard %t, adopt %t\n%s", o.Key, o.Stage, o.Guard, o.Adopt, text)
			}
			golden.Assert(t, got.String(), name+".yaml")
		})
	}
}

func TestRefusals(t *testing.T) {
	root := path.Root
	for name, test := range map[string]struct {
		change func(*Model)
		at     path.Path
		says   string
	}{
		"allow_from names the workspace itself": {func(m *Model) { m.Network = &Network{AllowFrom: []string{"team-b", "team-a"}} }, root("network").AtName("allow_from"), "allow_within"},
		"allow_to names the workspace itself":   {func(m *Model) { m.Network = &Network{AllowTo: []string{"team-a"}} }, root("network").AtName("allow_to"), "allow_within"},
		"exceptions where nothing is forbidden": {func(m *Model) { m.Network = &Network{Isolated: new(false), Egress: []pod.Rule{}} }, root("network").AtName("egress"), "isolated = false"},
		"a peer without a choice": {
			func(m *Model) { m.Network = &Network{Ingress: []pod.Rule{{Peers: []pod.Peer{{}}}}} },
			root("network").AtName("ingress").AtListIndex(0).AtName("peers").AtListIndex(0), "cidr",
		},
		"an empty quota": {func(m *Model) { m.Quota = &Quota{} }, root("quota"), "remove it"},
		"a default above its quota": {func(m *Model) {
			m.Quota = &Quota{Limits: amounts("8", "2Gi")}
			m.LimitRange = container(nil, amounts("1", "4Gi"), nil, nil)
		}, root("limit_range").AtName("container").AtName("default").AtName("memory"), "4Gi of memory, and the quota of limits.memory is 2Gi"},
		"a request above its quota": {func(m *Model) {
			m.Quota = &Quota{Requests: amounts("1", "2Gi")}
			m.LimitRange = container(amounts("2", "1Gi"), nil, nil, nil)
		}, root("limit_range").AtName("container").AtName("default_request").AtName("cpu"), "quota of requests.cpu is 1"},
		"a request above its limit":   {func(m *Model) { m.LimitRange = container(amounts("2", "2Gi"), amounts("3", "1Gi"), nil, nil) }, root("limit_range").AtName("container").AtName("default_request").AtName("memory"), "default_request of memory is 2Gi, and default is 1Gi"},
		"a least above the most":      {func(m *Model) { m.LimitRange = container(nil, nil, amounts("2", "2Gi"), amounts("1", "4Gi")) }, root("limit_range").AtName("container").AtName("min").AtName("cpu"), "min of cpu is 2, and max is 1"},
		"a default above the most":    {func(m *Model) { m.LimitRange = container(nil, amounts("3", "2Gi"), nil, amounts("4", "1Gi")) }, root("limit_range").AtName("container").AtName("default").AtName("memory"), "max is 1Gi"},
		"a default below the least":   {func(m *Model) { m.LimitRange = container(amounts("100m", "64Mi"), nil, amounts("100m", "128Mi"), nil) }, root("limit_range").AtName("container").AtName("min").AtName("memory"), "default_request is 64Mi"},
		"volumes without bounds":      {func(m *Model) { m.LimitRange = &LimitRange{Volume: &VolumeBounds{}} }, root("limit_range").AtName("persistent_volume_claim"), "min, max"},
		"volumes with crossed bounds": {func(m *Model) { m.LimitRange = &LimitRange{Volume: &VolumeBounds{Min: new("2Gi"), Max: new("1Gi")}} }, root("limit_range").AtName("persistent_volume_claim").AtName("min"), "2Gi"},
		"a Pod Security label": {func(m *Model) {
			m.NamespaceLabels = map[string]string{"pod-security.kubernetes.io/enforce": "baseline"}
		}, root("namespace_labels").AtMapKey("pod-security.kubernetes.io/enforce"), "pod_security"},
		"a label of Kubernetes":        {func(m *Model) { m.NamespaceLabels = map[string]string{"kubernetes.io/metadata.name": "x"} }, root("namespace_labels").AtMapKey("kubernetes.io/metadata.name"), "another key"},
		"the default service account":  {func(m *Model) { m.ServiceAccounts = map[string]ServiceAccount{"default": {}} }, root("service_accounts").AtMapKey("default"), "another name"},
		"a quantity that became known": {func(m *Model) { m.Quota = &Quota{Storage: new("much")} }, root("quota").AtName("storage"), "not a quantity"},
	} {
		t.Run(name, func(t *testing.T) {
			m := minimal()
			test.change(m)
			_, diags := render(m, environment())
			for _, d := range diags {
				at, ok := d.(diag.DiagnosticWithPath)
				if ok && at.Path().Equal(test.at) && strings.Contains(d.Detail(), test.says) {
					return
				}
			}
			t.Errorf("no diagnostic on %s says %q: %v", test.at, test.says, diags)
		})
	}
}

func container(request, limit, least, most *pod.Amounts) *LimitRange {
	return &LimitRange{Container: &ContainerLimits{DefaultRequest: request, Default: limit, Min: least, Max: most}}
}

// Whatever the user sets of limits and quota, the defaults for the rest fit in.
func TestDefaultsGiveWay(t *testing.T) {
	for name, change := range map[string]func(*Model){
		"a small quota":    func(m *Model) { m.Quota = &Quota{Requests: amounts("50m", "64Mi"), Limits: amounts("100m", "128Mi")} },
		"a small maximum":  func(m *Model) { m.LimitRange = container(nil, nil, nil, amounts("50m", "64Mi")) },
		"a great minimum":  func(m *Model) { m.LimitRange = container(nil, nil, amounts("2", "4Gi"), nil) },
		"a small limit":    func(m *Model) { m.LimitRange = container(nil, amounts("50m", "64Mi"), nil, nil) },
		"a great request":  func(m *Model) { m.LimitRange = container(amounts("2", "4Gi"), nil, nil, nil) },
		"all of ephemeral": func(m *Model) { m.Quota = &Quota{Requests: &pod.Amounts{EphemeralStorage: new("1Mi")}} },
	} {
		t.Run(name, func(t *testing.T) {
			m := minimal()
			change(m)
			if _, diags := render(m, environment()); diags.HasError() {
				t.Error(diags)
			}
		})
	}
}
