package pod

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"gotest.tools/v3/golden"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// input is that of a product with a server, two replicas and one volume.
func input() TemplateInput {
	return TemplateInput{
		Environment: workload.Environment{Namespace: "data", ClusterDomain: "cluster.local"},
		Name:        "web", Role: "server",
		Selector: map[string]string{"app.kubernetes.io/name": "product", "app.kubernetes.io/instance": "web", "app.kubernetes.io/component": "server"},
		Siblings: map[string]string{"app.kubernetes.io/name": "product", "app.kubernetes.io/instance": "web"},
		Container: corev1ac.Container().WithName("server").WithImage("registry.example.com/server:1").WithArgs("serve").
			WithEnv(corev1ac.EnvVar().WithName("MODE").WithValue("cluster")).
			WithVolumeMounts(corev1ac.VolumeMount().WithName("state").WithMountPath("/srv/state")),
		Volumes:    []*corev1ac.VolumeApplyConfiguration{corev1ac.Volume().WithName("state").WithEmptyDir(corev1ac.EmptyDirVolumeSource())},
		Requests:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
		Limits:     corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
		User:       1000,
		Replicated: true,
	}
}

// surrounded has all that the provider's configuration can add.
func surrounded(in TemplateInput) TemplateInput {
	in.Environment = workload.Environment{
		Namespace: "data", ClusterDomain: "cluster.local",
		Labels:           map[string]string{"team": "analytics"},
		ImagePullSecrets: []string{"mirror"},
		NodeSelector:     map[string]string{"pool": "data"},
		Tolerations:      []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "data", Effect: corev1.TaintEffectNoSchedule}},
		PriorityClass:    "batch",
		Proxy:            &workload.Proxy{HTTP: "http://proxy.example.com:3128", HTTPS: "http://user:swordfish@proxy.example.com:3128", NoProxy: "example.com, 10.0.0.0/8"},
		CABundle:         &workload.CABundle{ConfigMap: "corporate-ca", Key: "ca.crt"},
	}
	return in
}

// full sets every attribute; TestEveryAttribute sees to it.
func full() Settings {
	expressions := []Expression{{Key: "tier", Operator: "In", Values: []string{"gold", "silver"}}}
	podAffinity := func() *PodAffinity {
		term := PodTerm{TopologyKey: "kubernetes.io/hostname", MatchLabels: map[string]string{"app": "cache"}, MatchExpressions: expressions, Namespaces: []string{"caches"}}
		return &PodAffinity{
			Required:  []PodTerm{term},
			Preferred: []PreferredPodTerm{{PodTerm: term, Weight: 10}},
		}
	}
	claim := func(size string) *Claim {
		return &Claim{Size: size, StorageClass: new("fast"), AccessModes: []string{"ReadWriteMany"}}
	}
	files := func(name string) *Files {
		return &Files{Name: name, Items: map[string]string{"app.conf": "conf/app.conf"}, DefaultMode: new("0440"), Optional: new(true)}
	}
	projected := func(name string) *ProjectedFiles {
		return &ProjectedFiles{Name: name, Items: map[string]string{"app.conf": name + ".conf"}, Optional: new(true)}
	}
	amounts := func(cpu, memory string) *Amounts {
		return &Amounts{CPU: new(cpu), Memory: new(memory), EphemeralStorage: new("1Gi")}
	}
	rules := func(cidr, except string) []Rule {
		return []Rule{{
			Peers: []Peer{
				{PodLabels: map[string]string{"role": "client"}, NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": "clients"}},
				{CIDR: new(cidr), Except: []string{except}},
			},
			Ports: []PolicyPort{{Port: 8000, EndPort: new(int64(8010)), Protocol: new("UDP")}},
		}}
	}
	return Settings{
		Resources:         &Resources{Requests: amounts("250m", "512Mi"), Limits: amounts("2", "1Gi")},
		Env:               map[string]string{"TOKEN": "correct horse"},
		EnvFromKeys:       map[string]Key{"PASSWORD": {Secret: new("database"), Key: "password"}, "LEVEL": {ConfigMap: new("logging"), Key: "level"}},
		EnvFromSecrets:    []string{"credentials"},
		EnvFromConfigMaps: []string{"flags"},
		InitScripts: []InitScript{
			{Name: "wait", Script: "until nc -z db 5432; do sleep 1; done\n"},
			{Name: "fetch", Script: "curl -fsS -H \"Authorization: battery staple\" https://example.com/seed >/data/seed\n", Image: new("registry.example.com/tools:1")},
		},
		Volumes: map[string]Volume{
			"data":    {NewClaim: claim("10Gi"), Mounts: []Mount{{Path: "/data", SubPath: new("web")}, {Path: "/archive", SubPath: new("archive"), ReadOnly: new(true)}}},
			"shared":  {Claim: new("team-share"), Mounts: []Mount{{Path: "/shared"}}},
			"conf":    {ConfigMap: files("web-conf"), Mounts: []Mount{{Path: "/etc/web"}}},
			"keys":    {Secret: files("web-keys"), Mounts: []Mount{{Path: "/etc/keys"}}},
			"scratch": {EmptyDir: &EmptyDir{SizeLimit: new("1Gi"), Medium: new("Memory")}, Mounts: []Mount{{Path: "/scratch"}}},
			"identity": {Projected: []Projection{
				{ConfigMap: projected("issuer")},
				{Secret: projected("client")},
				{ServiceAccountToken: &ProjectedToken{Path: "token", Audience: new("sts.example.com"), ExpirationSeconds: new(int64(7200))}},
			}, Mounts: []Mount{{Path: "/var/run/identity", ReadOnly: new(true)}}},
			"work": {Ephemeral: claim("20Gi"), Mounts: []Mount{{Path: "/work"}}},
		},
		NodeSelector: map[string]string{"disk": "ssd"},
		Tolerations: []Toleration{
			{Key: new("spot"), Operator: new("Equal"), Value: new("true"), Effect: new("NoExecute"), TolerationSeconds: new(int64(60))},
		},
		Affinity: &Affinity{
			Node: &NodeAffinity{
				Required:  []NodeTerm{{MatchExpressions: []Expression{{Key: "cores", Operator: "Gt", Values: []string{"8"}}}}},
				Preferred: []PreferredNodeTerm{{NodeTerm: NodeTerm{MatchExpressions: []Expression{{Key: "gpu", Operator: "DoesNotExist"}, {Key: "zone", Operator: "NotIn", Values: []string{"a"}}}}, Weight: 50}},
			},
			Pod: podAffinity(), PodAnti: podAffinity(),
		},
		TopologySpread: []Spread{{
			TopologyKey: "topology.kubernetes.io/zone", MaxSkew: new(int64(2)), WhenUnsatisfiable: new("DoNotSchedule"), MinDomains: new(int64(3)),
			MatchLabels: map[string]string{"group": "web"}, NodeAffinityPolicy: new("Ignore"), NodeTaintsPolicy: new("Honor"),
		}},
		PriorityClass:       new("high"),
		ServiceAccount:      new("web-identity"),
		ServiceAccountToken: new(true),
		ImagePullSecrets:    []string{"registry"},
		SecurityContext:     &SecurityContext{RunAsUser: new(int64(2000)), RunAsGroup: new(int64(2001)), FSGroup: new(int64(2002)), SupplementalGroups: []int64{3000}},
		PodLabels:           map[string]string{"group": "web"},
		PodAnnotations:      map[string]string{"example.com/owner": "data team"},
		ExtraContainers: map[string]Container{
			"proxy": {
				Image: "registry.example.com/proxy:1", Command: []string{"/proxy"}, Args: []string{"--token=hunter2"},
				Env:            map[string]string{"UPSTREAM_PASSWORD": "open sesame"},
				EnvFromKeys:    map[string]Key{"USER": {Secret: new("upstream"), Key: "user"}, "ZONE": {ConfigMap: new("upstream"), Key: "zone"}},
				EnvFromSecrets: []string{"proxy-credentials"}, EnvFromConfigMaps: []string{"proxy-flags"},
				Ports:     map[string]int64{"admin": 9901},
				Resources: &Resources{Requests: amounts("50m", "64Mi"), Limits: amounts("1", "128Mi")},
				Mounts:    []ContainerMount{{Volume: "conf", Mount: Mount{Path: "/etc/proxy", SubPath: new("proxy"), ReadOnly: new(true)}}},
				Sidecar:   new(true),
			},
			"exporter": {Image: "registry.example.com/exporter:1", Args: []string{"--password=hunter2"}},
		},
		HostAliases:   map[string][]string{"10.0.0.10": {"legacy.example.com", "legacy"}},
		DNSPolicy:     new("None"),
		DNSConfig:     &DNSConfig{Nameservers: []string{"10.0.0.53"}, Searches: []string{"example.com"}, Options: map[string]string{"ndots": "2", "edns0": ""}},
		NetworkPolicy: &NetworkPolicy{Ingress: rules("10.0.0.0/8", "10.1.0.0/16"), Egress: rules("192.0.2.0/24", "192.0.2.1/32")},
	}
}

func TestTemplateGolden(t *testing.T) {
	openshift := input()
	openshift.Environment.Platform = workload.PlatformOpenShift
	openshift.Replicated = false
	component := input()
	component.At = path.Root("scheduler")
	component.ServiceAccount, component.Token = "web-scheduler", true
	component.Labels, component.Annotations = map[string]string{"tier": "control"}, map[string]string{"example.com/scrape": "true"}
	component.InitContainers = []*corev1ac.ContainerApplyConfiguration{corev1ac.Container().WithName("migrate").WithArgs("migrate")}
	for name, c := range map[string]struct {
		settings Settings
		in       TemplateInput
	}{
		"minimal":        {Settings{}, input()},
		"full":           {full(), input()},
		"surrounded":     {Settings{}, surrounded(input())},
		"openshift":      {Settings{}, openshift},
		"component":      {Settings{InitScripts: full().InitScripts[:1], TopologySpread: []Spread{}}, component},
		"network-policy": {Settings{NetworkPolicy: &NetworkPolicy{Ingress: []Rule{}, Egress: []Rule{}}}, input()},
		"own-tmp": {Settings{
			Volumes:         map[string]Volume{"spill": {Ephemeral: &Claim{Size: "50Gi"}, Mounts: []Mount{{Path: "/tmp"}}}},
			ExtraContainers: map[string]Container{"tail": {Image: "tail:1"}},
		}, input()},
	} {
		t.Run(name, func(t *testing.T) {
			got := render(t, c.settings, c.in)
			golden.Assert(t, string(got), name+".yaml")
		})
	}
}

// render returns the template, its masks and its objects as YAML. The data of
// Secrets appear by key alone.
func render(t *testing.T, s Settings, in TemplateInput) []byte {
	t.Helper()
	template, diags := s.Template(in)
	if diags.HasError() {
		t.Fatal(diags)
	}
	var out bytes.Buffer
	section := func(title string, value any) {
		text, err := yaml.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		// What a placeholder stands for is the engine's to say.
		fmt.Fprintf(&out, "--- # %s\n%s", title, bytes.ReplaceAll(text, []byte(`\0`), nil))
	}
	section("template", template.Spec)
	if mask := template.Mask("spec.template"); len(mask) > 0 {
		section("masks of the template", mask)
	}
	for _, o := range template.Objects {
		section(fmt.Sprintf("%s, stage %d, keep %t", o.Key, o.Stage, o.Keep), o.Manifest)
		if len(o.Mask) > 0 {
			section("masks of "+o.Key, o.Mask)
		}
		if len(o.Data) > 0 {
			section("keys of "+o.Key, slices.Sorted(maps.Keys(o.Data)))
		}
	}
	return out.Bytes()
}

// leaves returns all leaves of what Template renders, by object.
func leaves(t *testing.T, template Template) map[string]string {
	t.Helper()
	out := map[string]string{}
	flatten := func(key string, manifest any) {
		raw, err := json.Marshal(manifest)
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal(raw, &object.Object); err != nil {
			t.Fatal(err)
		}
		for leaf, value := range kube.Flatten(object) {
			out[key+" "+leaf] = value
		}
	}
	flatten("Pod", deployment(template))
	for _, o := range template.Objects {
		flatten(o.Key, o.Manifest)
		for key, value := range o.Data {
			out[o.Key+" data["+key+"]"] = fmt.Sprint(value)
		}
	}
	return out
}

func deployment(template Template) map[string]any {
	return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web"}, "spec": map[string]any{"template": template.Spec}}
}

// Whatever a user may fill with a secret never stands in a leaf that is not masked,
// and, scripts and arguments apart, in no object but the Secret.
func TestSecretsAreMasked(t *testing.T) {
	in := surrounded(input())
	template, diags := full().Template(in)
	if diags.HasError() {
		t.Fatal(diags)
	}
	masks := map[string]map[string]string{"Pod": template.Mask("spec.template")}
	for _, o := range template.Objects {
		masks[o.Key] = o.Mask
	}
	secrets := []string{"correct horse", "battery staple", "open sesame", "hunter2", "swordfish", "until nc"}
	seen := map[string]bool{}
	for name, value := range leaves(t, template) {
		key, leaf, _ := strings.Cut(name, " ")
		masked := false
		for prefix := range masks[key] {
			masked = masked || strings.HasPrefix(leaf, prefix)
		}
		for _, secret := range secrets {
			if !strings.Contains(value, secret) {
				continue
			}
			seen[secret] = true
			if !masked {
				t.Errorf("%s shows %q", name, secret)
			}
		}
		if masked && strings.Contains(leaf, "envFrom") {
			t.Errorf("%s is masked, though it holds no secret", name)
		}
	}
	for _, secret := range secrets {
		if !seen[secret] {
			t.Errorf("%q reaches no object", secret)
		}
	}
}

// The labels of masks name the attribute that the value comes from.
func TestMaskLabels(t *testing.T) {
	template, diags := full().Template(surrounded(input()))
	if diags.HasError() {
		t.Fatal(diags)
	}
	labels := map[string]bool{}
	for _, label := range template.Mask("spec.template") {
		labels[label] = true
	}
	for _, o := range template.Objects {
		for _, label := range o.Mask {
			labels[label] = true
		}
	}
	want := []string{
		"env.TOKEN", "extra_containers.exporter.args", "extra_containers.exporter.command", "extra_containers.proxy.args",
		"extra_containers.proxy.command", "extra_containers.proxy.env.UPSTREAM_PASSWORD", "init_scripts.fetch", "init_scripts.wait",
		"proxy.https_proxy",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(labels))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Every pod passes the Pod Security Standard "restricted", with a read-only root,
// whatever the user sets.
func TestRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	openshift := input()
	openshift.Environment.Platform = workload.PlatformOpenShift
	for name, c := range map[string]struct {
		settings Settings
		in       TemplateInput
	}{
		"minimal": {Settings{}, input()}, "full": {full(), surrounded(input())}, "openshift": {Settings{}, openshift},
	} {
		t.Run(name, func(t *testing.T) {
			template, diags := c.settings.Template(c.in)
			if diags.HasError() {
				t.Fatal(diags)
			}
			raw, err := json.Marshal(template.Spec.Spec)
			if err != nil {
				t.Fatal(err)
			}
			var spec corev1.PodSpec
			if err := json.Unmarshal(raw, &spec); err != nil {
				t.Fatal(err)
			}
			results := evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &metav1.ObjectMeta{}, &spec)
			if result := policy.AggregateCheckResults(results); !result.Allowed {
				t.Error(result.ForbiddenDetail())
			}
			for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
				if s := container.SecurityContext; s == nil || !*s.ReadOnlyRootFilesystem {
					t.Errorf("container %s has a writable root", container.Name)
				}
				if !slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/tmp" }) {
					t.Errorf("container %s has no /tmp", container.Name)
				}
			}
			if spec.EnableServiceLinks == nil || *spec.EnableServiceLinks {
				t.Error("service links are on")
			}
			if got, want := *spec.AutomountServiceAccountToken, c.settings.ServiceAccountToken != nil; got != want {
				t.Errorf("the token of the service account is mounted: %t, want %t", got, want)
			}
		})
	}
}

// All mounts refer to volumes that are there.
func TestMountsHaveVolumes(t *testing.T) {
	template, diags := full().Template(surrounded(input()))
	if diags.HasError() {
		t.Fatal(diags)
	}
	spec := template.Spec.Spec
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		if volumes[*v.Name] {
			t.Errorf("volume %s is there twice", *v.Name)
		}
		volumes[*v.Name] = true
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		paths := map[string]bool{}
		for _, m := range c.VolumeMounts {
			if !volumes[*m.Name] {
				t.Errorf("container %s mounts %s, which is no volume", *c.Name, *m.Name)
			}
			if paths[*m.MountPath] {
				t.Errorf("container %s has two mounts at %s", *c.Name, *m.MountPath)
			}
			paths[*m.MountPath] = true
		}
	}
}

// A rendering does not change its input, which a product may use again, and is
// the same each time.
func TestTemplateIsPure(t *testing.T) {
	in, s := surrounded(input()), full()
	first := render(t, s, in)
	for range 20 {
		if diff := cmp.Diff(string(first), string(render(t, s, in))); diff != "" {
			t.Fatalf("another call renders something else:\n%s", diff)
		}
	}
	if diff := cmp.Diff(surrounded(input()), in, cmp.AllowUnexported(path.Path{}, resource.Quantity{})); diff != "" {
		t.Errorf("the input was changed:\n%s", diff)
	}
}
