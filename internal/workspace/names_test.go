package workspace

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// texts are the validators, each with values of which the first set is allowed and
// the second is not.
var texts = map[string]struct {
	validator validate.Text
	allowed   []string
	refused   []string
}{
	"Name": {
		Name(),
		[]string{"team-a", "a", "kubernetes", "defaults", strings.Repeat("a", 63)},
		[]string{"", "default", "kube-system", "kube-x", "openshift", "openshift-x", "Team", "a.b", "-a", strings.Repeat("a", 64)},
	},
	"Subject": {
		Subject(),
		[]string{"ann@example.com", "oidc:team a", "system:masters"},
		[]string{"", " a", "system:anonymous", "system:unauthenticated", "system:serviceaccount:a:b"},
	},
	"ServiceAccountName": {ServiceAccountName(), []string{"ci", "tools/ci", "tools/a.b"}, []string{"", "/", "/ci", "tools/", "a/b/c", "A", "tools/A", "a.b/c"}},
	"QuotaResource": {
		QuotaResource(),
		[]string{"count/jobs.batch", "count/secrets", "secrets", "requests.nvidia.com/gpu", "requests.example.com/a_b", "count/a.b.c-d"},
		[]string{"", "cpu", "requests.cpu", "limits.memory", "pods", "count/pods", "nvidia.com/gpu", "limits.nvidia.com/gpu", "count/", "count/Jobs", "count/jobs/x", "gold" + classSuffix + "requests.storage", "requests.gpu", "things"},
	},
	"QuotaAmount": {QuotaAmount(), []string{"0", "1", "1k", "100"}, []string{"", "-1", "0.5", "100m", "x", "1e-10000000", "1e1000", "10E"}},
}

func TestTexts(t *testing.T) {
	for name, c := range texts {
		for _, text := range append(c.allowed, c.validator.Forms[:]...) {
			if err := c.validator.Check(text); err != nil {
				t.Errorf("%s refuses %q: %v", name, text, err)
			}
		}
		for _, text := range c.refused {
			if c.validator.Check(text) == nil {
				t.Errorf("%s allows %q", name, text)
			}
		}
	}
}

// What is allowed names something that Kubernetes takes, and what is not is refused
// with a reason.
func FuzzTexts(f *testing.F) {
	for _, c := range texts {
		for _, text := range append(c.allowed, c.refused...) {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, c := range texts {
			if err := c.validator.Check(text); err != nil && err.Error() == "" {
				t.Errorf("%s refuses %q without a reason", name, text)
			}
		}
		if Name().Check(text) == nil && len(validation.IsDNS1123Label(text)) > 0 {
			t.Errorf("%q is allowed and no namespace", text)
		}
		if a, err := parseServiceAccount(text); err == nil {
			if len(validation.IsDNS1123Subdomain(a.name)) > 0 || a.namespace != "" && len(validation.IsDNS1123Label(a.namespace)) > 0 {
				t.Errorf("%q is allowed and means %v", text, a)
			}
			if strings.Contains(text, "/") && a.namespace+"/"+a.name != text {
				t.Errorf("%q means %v", text, a)
			}
		}
		if QuotaResource().Check(text) == nil {
			if len(validation.IsQualifiedName(text)) > 0 {
				t.Errorf("%q is allowed and no name of a resource", text)
			}
			list := corev1.ResourceList{corev1.ResourceName(text): {}}
			for own := range ownAttributes {
				if _, taken := list[corev1.ResourceName(own)]; taken {
					t.Errorf("%q is allowed and has an attribute of its own", text)
				}
			}
		}
		if QuotaAmount().Check(text) == nil {
			q, err := validate.ParseQuantity(text)
			if err != nil || q.Value() < 0 || q.CmpInt64(q.Value()) != 0 {
				t.Errorf("%q is allowed and no count: %v", text, err)
			}
		}
	})
}
