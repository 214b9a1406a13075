package workspace

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// rightsOf lists what a role may do, as "GROUP/RESOURCE/VERB".
func rightsOf(role string) map[string]bool {
	rules := []rbacv1.PolicyRule{}
	for _, rule := range rulesOf(role, "team-a") {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: rule.APIGroups, Resources: rule.Resources, Verbs: rule.Verbs})
	}
	return flattened(rules)
}

func flattened(rules []rbacv1.PolicyRule) map[string]bool {
	out := map[string]bool{}
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					out[group+"/"+resource+"/"+verb] = true
				}
			}
		}
	}
	return out
}

// Each role has all rights of the one before, and none has rights over what limits
// the team.
func TestRolesGrow(t *testing.T) {
	var before map[string]bool
	for _, role := range roles {
		now := rightsOf(role)
		for right := range before {
			if !now[right] {
				t.Errorf("%s lacks %s", role, right)
			}
		}
		for right := range now {
			resource, verb := right[:strings.LastIndex(right, "/")], right[strings.LastIndex(right, "/")+1:]
			if strings.Contains(right, "*") || verb == "escalate" || verb == "bind" || verb == "impersonate" {
				t.Errorf("%s may %s", role, right)
			}
			switch resource {
			case "/resourcequotas", "/limitranges", "/namespaces":
				if verb != "get" && verb != "list" && verb != "watch" {
					t.Errorf("%s may %s %s", role, verb, resource)
				}
			}
		}
		if role == roleViewer && now["/secrets/get"] {
			t.Error("viewers may read Secrets")
		}
		if role != roleAdmin && (now["networking.k8s.io/networkpolicies/create"] || now["/serviceaccounts/token/create"]) {
			t.Errorf("%s may get out of the workspace", role)
		}
		before = now
	}
}

// An admin may make whatever the other products render, and grant the rights that
// these give to their pods. An editor may make what has no roles and no policies.
func TestRolesSufficeForProducts(t *testing.T) {
	admin, editor := rightsOf(roleAdmin), rightsOf(roleEditor)
	seen := map[string]bool{}
	for _, o := range goldenObjects(t) {
		plural, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
		for _, verb := range []string{"get", "create", "patch", "delete"} {
			right := plural.Group + "/" + plural.Resource + "/" + verb
			if !admin[right] {
				t.Errorf("an admin lacks %s, for %s %s", right, o.GetKind(), o.GetName())
			}
			switch o.GetKind() {
			case "Role", "RoleBinding", "NetworkPolicy", "CiliumNetworkPolicy":
			default:
				if !editor[right] {
					t.Errorf("an editor lacks %s, for %s %s", right, o.GetKind(), o.GetName())
				}
			}
		}
		seen[o.GetKind()] = true
		if o.GetKind() != "Role" {
			continue
		}
		raw, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var role rbacv1.Role
		if err := yaml.Unmarshal(raw, &role); err != nil {
			t.Fatal(err)
		}
		for right := range flattened(role.Rules) {
			if !admin[right] {
				t.Errorf("an admin cannot grant %s, which Role %s has", right, o.GetName())
			}
		}
	}
	for _, kind := range []string{"StatefulSet", "Deployment", "Secret", "Role"} {
		if !seen[kind] {
			t.Errorf("no product renders a %s: the test proves nothing", kind)
		}
	}
}

// goldenObjects are those of the golden files of the other products.
func goldenObjects(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "*", "testdata", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for _, file := range files {
		if product := filepath.Base(filepath.Dir(filepath.Dir(file))); product == productName || product == "localcluster" {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
		for {
			var content any
			err := documents.Decode(&content)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			fields, _ := content.(map[string]any)
			o := &unstructured.Unstructured{Object: fields}
			// The files hold more than objects, which lacks a kind or a name.
			if o.GetKind() != "" && o.GetName() != "" {
				out = append(out, o)
			}
		}
	}
	return out
}
