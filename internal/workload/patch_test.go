package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
)

// patchedModel is the configuration of a product with a Deployment, a Secret, an
// object of a CRD and something inside of it.
type patchedModel struct{ Common }

type patchedRemote struct{ Remote[patchedModel] }

func (patchedRemote) Desired(*patchedModel, Environment) (map[string]map[string]string, diag.Diagnostics) {
	return map[string]map[string]string{"Bucket/raw": {"versioning": "true"}}, nil
}

func patchedProduct() Product[patchedModel] {
	container := func(name string) *corev1ac.ContainerApplyConfiguration {
		return corev1ac.Container().WithName(name).WithImage(name+":1").WithArgs("serve", "--verbose").
			WithEnv(corev1ac.EnvVar().WithName("MODE").WithValue("one"), corev1ac.EnvVar().WithName("LEVEL").WithValue("info"))
	}
	return Product[patchedModel]{
		Name:   "web",
		Schema: func() schema.Schema { return schema.Schema{} },
		Remote: patchedRemote{},
		Render: func(*patchedModel, Environment) (Rendering, diag.Diagnostics) {
			return Rendering{Objects: []Object{
				{
					Key: "Deployment/server",
					Manifest: appsv1ac.Deployment("web", "data").WithSpec(appsv1ac.DeploymentSpec().WithReplicas(2).
						WithSelector(metav1ac.LabelSelector().WithMatchLabels(map[string]string{"app": "web"})).
						WithTemplate(corev1ac.PodTemplateSpec().WithLabels(map[string]string{"app": "web"}).
							WithSpec(corev1ac.PodSpec().WithContainers(container("server"), container("proxy"))))),
					Mask: map[string]string{
						"spec.template.spec.containers[proxy].":     "proxy",
						"spec.template.spec.containers[proxy].args": "proxy.args",
					},
				},
				{Key: "Secret/root", Manifest: corev1ac.Secret("web-root", "data"), Data: map[string]SecretValue{"password": Generated(10, "")}},
				{Key: "PodMonitor/servers", Manifest: map[string]any{
					"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": map[string]any{"name": "web", "namespace": "data"},
					"spec": map[string]any{"podMetricsEndpoints": []any{map[string]any{"port": "http"}}},
				}},
			}}, nil
		},
	}
}

func renderPatched(patches map[string]string) (rendered, diag.Diagnostics) {
	return patchedProduct().render(&patchedModel{Common{Name: "web", Patches: patches}}, Environment{Namespace: "data"})
}

// difference are the leaves that differ from the rendering without patches, those
// that are gone with the value "".
func difference(t *testing.T, key, patch string) (leaves, masks map[string]string) {
	t.Helper()
	plain, diags := renderPatched(nil)
	if diags.HasError() {
		t.Fatal(diags)
	}
	patched, diags := renderPatched(map[string]string{key: patch})
	if diags.HasError() {
		t.Fatal(diags)
	}
	for other := range plain {
		if other != key && !maps.Equal(plain[other].raw, patched[other].raw) {
			t.Errorf("%s changed too", other)
		}
	}
	leaves, masks = map[string]string{}, map[string]string{}
	before, after := plain[key], patched[key]
	for leaf, value := range after.raw {
		if was, there := before.raw[leaf]; !there || was != value {
			leaves[leaf], masks[leaf] = value, after.masks[leaf]
		} else if before.masks[leaf] != after.masks[leaf] {
			t.Errorf("the mask of %s, which the patch does not change, became %q", leaf, after.masks[leaf])
		}
	}
	for leaf := range before.raw {
		if _, there := after.raw[leaf]; !there {
			leaves[leaf] = ""
		}
	}
	return leaves, masks
}

func TestPatches(t *testing.T) {
	const server = "spec.template.spec.containers[server]"
	for name, c := range map[string]struct {
		key, patch string
		want       map[string]string
	}{
		"a scalar, in JSON": {"Deployment/server", `{"spec":{"replicas":3}}`, map[string]string{"spec.replicas": "3"}},
		"an element of a list by its merge key, in YAML": {"Deployment/server", `
spec:
  template:
    spec:
      containers:
      - name: server
        env:
        - {name: LEVEL, value: debug}
        - {name: EXTRA, value: "1"}
`, map[string]string{server + ".env[LEVEL].value": "debug", server + ".env[EXTRA].value": "1", server + ".env[EXTRA].name": "EXTRA"}},
		"a list without merge key is replaced": {
			"Deployment/server", `{"spec":{"template":{"spec":{"containers":[{"name":"server","args":["work"]}]}}}}`,
			map[string]string{server + ".args[0]": "work", server + ".args[1]": ""},
		},
		"null takes a field away": {"Deployment/server", `{"spec":{"replicas":null}}`, map[string]string{"spec.replicas": ""}},
		"null in something new is nothing": {
			"Deployment/server", `{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}`,
			map[string]string{"spec.strategy.type": "Recreate"},
		},
		"an element is deleted": {
			"Deployment/server", `{"spec":{"template":{"spec":{"containers":[{"name":"server","env":[{"name":"MODE","$patch":"delete"}]}]}}}}`,
			map[string]string{server + ".env[MODE].name": "", server + ".env[MODE].value": ""},
		},
		"labels and annotations": {
			"Deployment/server", `{"metadata":{"labels":{"team":"data"},"annotations":{"example.com/a":"b"}}}`,
			map[string]string{"metadata.labels.team": "data", "metadata.annotations[example.com/a]": "b"},
		},
		"a masked leaf": {
			"Deployment/server", `{"spec":{"template":{"spec":{"containers":[{"name":"proxy","image":"proxy:2"}]}}}}`,
			map[string]string{"spec.template.spec.containers[proxy].image": "proxy:2"},
		},
		"what is there already": {
			"Deployment/server", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"data"},"spec":{"replicas":2}}`,
			map[string]string{},
		},
		"nothing":              {"Deployment/server", `{}`, map[string]string{}},
		"the type of a Secret": {"Secret/root", `{"metadata":{"annotations":{"example.com/a":"b"}}}`, map[string]string{"metadata.annotations[example.com/a]": "b"}},
		"another kind gets a JSON merge patch, which replaces lists": {
			"PodMonitor/servers", `{"spec":{"podMetricsEndpoints":[{"path":"/m"}],"jobLabel":"x"}}`,
			map[string]string{"spec.podMetricsEndpoints[0].path": "/m", "spec.podMetricsEndpoints[0].port": "", "spec.jobLabel": "x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			leaves, masks := difference(t, c.key, c.patch)
			if diff := cmp.Diff(c.want, leaves); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for leaf, label := range masks {
				if label != patchLabel {
					t.Errorf("%s is shown as %q, want %q", leaf, label, patchLabel)
				}
			}
		})
	}
}

func TestRefusedPatches(t *testing.T) {
	for name, c := range map[string]struct{ key, patch, says string }{
		"no such object":         {"Deployment/sever", `{}`, "It has: Deployment/server, PodMonitor/servers, Secret/root."},
		"inside the product":     {"Bucket/raw", `{}`, "It has: Deployment/server"},
		"no text":                {"Deployment/server", "", "not a mapping"},
		"a scalar":               {"Deployment/server", "swordfish", "not a mapping"},
		"a list":                 {"Deployment/server", "[swordfish]", "not a mapping"},
		"no YAML":                {"Deployment/server", "a: [swordfish", "neither valid JSON nor valid YAML"},
		"a key twice":            {"Deployment/server", "swordfish: 1\nswordfish: 2", "has a key twice"},
		"the name":               {"Deployment/server", `{"metadata":{"name":"swordfish"}}`, "metadata.name"},
		"no name":                {"Deployment/server", `{"metadata":{"name":null}}`, "metadata.name"},
		"the namespace":          {"Deployment/server", `{"metadata":{"namespace":"swordfish"}}`, "metadata.namespace"},
		"owner references":       {"Deployment/server", `{"metadata":{"ownerReferences":[{"uid":"swordfish"}]}}`, "metadata.ownerReferences"},
		"finalizers":             {"Deployment/server", `{"metadata":{"finalizers":["swordfish"]}}`, "metadata.finalizers"},
		"the whole metadata":     {"Deployment/server", `{"metadata":{"$patch":"replace","labels":{"a":"swordfish"}}}`, "metadata"},
		"no metadata":            {"Deployment/server", `{"metadata":null}`, "metadata"},
		"metadata of no kind":    {"Deployment/server", `{"metadata":"swordfish"}`, "another type"},
		"everything":             {"Deployment/server", `{"$patch":"replace","spec":{}}`, "apiVersion"},
		"the kind":               {"Deployment/server", `{"kind":"StatefulSet"}`, "kind"},
		"the API version":        {"PodMonitor/servers", `{"apiVersion":"swordfish/v1"}`, "apiVersion"},
		"the status":             {"Deployment/server", `{"status":{"replicas":1}}`, "status"},
		"the owner":              {"Deployment/server", `{"metadata":{"labels":{"terraform-provider-analytics/owner":"swordfish"}}}`, "terraform-provider-analytics/owner"},
		"a label of the engine":  {"Deployment/server", `{"metadata":{"labels":{"app.kubernetes.io/instance":"swordfish"}}}`, "app.kubernetes.io/instance"},
		"no labels":              {"Deployment/server", `{"metadata":{"labels":null}}`, "app.kubernetes.io/"},
		"bookkeeping":            {"Secret/root", `{"metadata":{"annotations":{"terraform-provider-analytics/values":"swordfish"}}}`, "terraform-provider-analytics/values"},
		"data of a Secret":       {"Secret/root", `{"data":{"password":"c3dvcmRmaXNo"}}`, "sets data of a Secret"},
		"text data of a Secret":  {"Secret/root", `{"stringData":{"password":"swordfish"}}`, "sets stringData of a Secret"},
		"a list without its key": {"Deployment/server", `{"spec":{"template":{"spec":{"containers":[{"image":"swordfish"}]}}}}`, `merge key "name"`},
		"a scalar for a mapping": {"Deployment/server", `{"spec":{"template":{"spec":{"containers":"swordfish"}}}}`, "another type"},
		"text for a number":      {"Deployment/server", `{"spec":{"replicas":"swordfish"}}`, "another type"},
		"an unknown directive":   {"Deployment/server", `{"spec":{"template":{"$patch":"swordfish"}}}`, "another type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := renderPatched(map[string]string{c.key: c.patch})
			if len(diags) != 1 {
				t.Fatalf("%d diagnostics, want 1: %v", len(diags), diags)
			}
			d, ok := diags[0].(interface{ Path() path.Path })
			if !ok || !d.Path().Equal(path.Root("patches").AtMapKey(c.key)) {
				t.Errorf("the diagnostic is not on patches[%q]: %v", c.key, diags[0])
			}
			if !strings.Contains(diags[0].Detail(), c.says) {
				t.Errorf("%q does not say %q", diags[0].Detail(), c.says)
			}
			// A patch may hold secrets, and diagnostics are shown to everybody.
			if strings.Contains(diags[0].Detail(), "swordfish") {
				t.Errorf("%q quotes the patch", diags[0].Detail())
			}
		})
	}
}

// The longest prefix of a leaf's path gives its mask.
func TestLongestMaskWins(t *testing.T) {
	for range 20 {
		things, diags := renderPatched(nil)
		if diags.HasError() {
			t.Fatal(diags)
		}
		masks := things["Deployment/server"].masks
		if got := masks["spec.template.spec.containers[proxy].args[0]"]; got != "proxy.args" {
			t.Fatalf("the mask is %q, want proxy.args", got)
		}
		if got := masks["spec.template.spec.containers[proxy].image"]; got != "proxy" {
			t.Fatalf("the mask is %q, want proxy", got)
		}
	}
}

// While a patch is not known, its object is unknown as a whole, and no other is.
func TestUnknownPatch(t *testing.T) {
	ctx := context.Background()
	p := patchedProduct()
	s := p.fullSchema(ctx)
	object, ok := s.Type().TerraformType(ctx).(tftypes.Object)
	if !ok {
		t.Fatal("the schema is no object")
	}
	values := map[string]tftypes.Value{}
	for name, typ := range object.AttributeTypes {
		values[name] = tftypes.NewValue(typ, nil)
	}
	values["name"] = tftypes.NewValue(tftypes.String, "web")
	values["patches"] = tftypes.NewValue(object.AttributeTypes["patches"], map[string]tftypes.Value{
		"Deployment/server": tftypes.NewValue(tftypes.String, tftypes.UnknownValue),
	})
	r := &Resource[patchedModel]{product: p, settings: &Settings{Environments: [2]Environment{{Namespace: "data"}, {Namespace: "data"}}}}
	d, diags := r.draft(ctx, s, tftypes.NewValue(object, values), tftypes.NewValue(object, values))
	if diags.HasError() {
		t.Fatal(diags)
	}
	if d.things[0] == nil {
		t.Fatal("the stand-ins cannot be rendered")
	}
	view, ok := newViewer(nil).see(d.things[0], d.things[1])
	if !ok {
		t.Fatal("the set of objects is unknown")
	}
	if view["Deployment/server"] != nil {
		t.Errorf("the patched object is shown: %v", slices.Sorted(maps.Keys(view["Deployment/server"])))
	}
	if view["Secret/root"] == nil || view["Bucket/raw"] == nil {
		t.Error("another object is unknown")
	}
}

// Every kind that products render with client-go's types is patched as Kubernetes
// patches it.
func TestTypedKinds(t *testing.T) {
	for _, kind := range []string{
		"v1 ConfigMap", "v1 PersistentVolumeClaim", "v1 Secret", "v1 Service", "v1 ServiceAccount", "apps/v1 Deployment", "apps/v1 StatefulSet",
		"batch/v1 CronJob", "batch/v1 Job", "autoscaling/v2 HorizontalPodAutoscaler", "networking.k8s.io/v1 Ingress", "networking.k8s.io/v1 NetworkPolicy",
		"policy/v1 PodDisruptionBudget", "rbac.authorization.k8s.io/v1 Role", "rbac.authorization.k8s.io/v1 RoleBinding",
	} {
		apiVersion, name, _ := strings.Cut(kind, " ")
		got := typed(apiVersion, name)
		if got == nil || !strings.HasSuffix(fmt.Sprintf("%T", got), "."+name) {
			t.Errorf("%s is patched as %T", kind, got)
		}
	}
	if got := typed("example.com/v1", "Deployment"); got != nil {
		t.Errorf("a foreign Deployment is patched as %T", got)
	}
}

// No patch makes the engine panic or leave a changed leaf unmasked.
func FuzzPatch(f *testing.F) {
	for _, patch := range []string{
		"", "{}", "a: b", `{"spec":{"replicas":3}}`, `{"spec":{"template":{"spec":{"containers":[{"name":"server","$patch":"delete"}]}}}}`,
		`{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"proxy"},{"name":"server"}]}}}}`, `{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}`,
		`{"metadata":{"finalizers":["a"],"$deleteFromPrimitiveList/finalizers":["a"]}}`, `{"spec":{"template":{"spec":{"containers":[null]}}}}`, `{"spec":[]}`, `{"metadata":[]}`,
	} {
		f.Add(patch)
	}
	plain, diags := renderPatched(nil)
	if diags.HasError() {
		f.Fatal(diags)
	}
	f.Fuzz(func(t *testing.T, patch string) {
		for _, key := range []string{"Deployment/server", "PodMonitor/servers"} {
			things, diags := renderPatched(map[string]string{key: patch})
			if diags.HasError() {
				continue
			}
			for leaf, value := range things[key].raw {
				if was, there := plain[key].raw[leaf]; (!there || was != value) && things[key].masks[leaf] != patchLabel {
					t.Errorf("%s is shown in clear: %s", leaf, value)
				}
			}
		}
	})
}
