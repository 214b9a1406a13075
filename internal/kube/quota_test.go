package kube

import (
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestQuotaRefusal(t *testing.T) {
	c, _ := recorded(t, map[string]func(http.ResponseWriter, int){
		"GET /api/v1/namespaces/data/resourcequotas": reply(200, `{"apiVersion":"v1","kind":"ResourceQuotaList","items":[
			{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"team"},"spec":{"hard":{"cpu":"4","limits.memory":"8Gi","pods":"10","requests.storage":"100Gi"}},
			 "status":{"hard":{"cpu":"4"},"used":{"cpu":"3500m","limits.memory":"9Gi","pods":"9","requests.storage":"0"}}},
			{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"batch"},"spec":{"hard":{"pods":"0"},"scopes":["Terminating"]}}]}`),
		"GET /api/v1/namespaces/free/resourcequotas": reply(200, `{"apiVersion":"v1","kind":"ResourceQuotaList","items":[]}`),
	})
	for name, test := range map[string]struct {
		namespace string
		want      map[corev1.ResourceName]string
		contains  string // "" is no refusal
	}{
		"fits":              {"data", map[corev1.ResourceName]string{"requests.cpu": "500m", "pods": "1", "requests.storage": "100Gi"}, ""},
		"too much":          {"data", map[corev1.ResourceName]string{"requests.cpu": "600m"}, `cpu: 600m more is needed, but quota "team" leaves 500m (3500m of 4 is used)`},
		"sum of both names": {"data", map[corev1.ResourceName]string{"requests.cpu": "300m", "cpu": "300m"}, "600m more"},
		"already over":      {"data", map[corev1.ResourceName]string{"limits.memory": "1Mi"}, "leaves 0"},
		"over, but no more": {"data", map[corev1.ResourceName]string{"limits.memory": "0", "pods": "-1"}, ""},
		"not counted":       {"data", map[corev1.ResourceName]string{"services": "100"}, ""},
		"no quota":          {"free", map[corev1.ResourceName]string{"pods": "100"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := corev1.ResourceList{}
			for resourceName, quantity := range test.want {
				want[resourceName] = resource.MustParse(quantity)
			}
			quotas, err := c.Quotas(t.Context(), test.namespace)
			got := QuotaRefusal(test.namespace, quotas, want)
			if err != nil || (got == "") != (test.contains == "") || !strings.Contains(got, test.contains) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
