package workload

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func amountsOf(pairs ...string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		out[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return out
}

func quotaOf(name string, hard, used corev1.ResourceList) corev1.ResourceQuota {
	return corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ResourceQuotaSpec{Hard: hard}, Status: corev1.ResourceQuotaStatus{Used: used}}
}

func TestPlannedQuotas(t *testing.T) {
	planned := map[string]corev1.ResourceQuota{"workspace": quotaOf("workspace", amountsOf("cpu", "4", "pods", "10"), nil)}
	others := map[string]corev1.ResourceList{"a/x": amountsOf("requests.cpu", "1", "pods", "2"), "a/self": amountsOf("requests.cpu", "3")}

	// The quota changes: what is used stays, and so do those of others.
	live := []corev1.ResourceQuota{quotaOf("theirs", amountsOf("pods", "5"), amountsOf("pods", "1")), quotaOf("workspace", amountsOf("cpu", "2"), amountsOf("cpu", "1500m"))}
	got := (&plannedNamespace{quotas: planned, demands: others}).over(live, "a/self")
	if len(got) != 2 || got[0].Spec.Hard.Pods().Value() != 5 || got[1].Spec.Hard.Cpu().Value() != 4 || got[1].Status.Used.Cpu().String() != "1500m" {
		t.Errorf("over live quotas: %v", got)
	}
	if live[1].Spec.Hard.Cpu().Value() != 2 {
		t.Error("the live quota was changed")
	}

	// The namespace is new: what the others of the plan bring is used.
	got = (&plannedNamespace{fresh: true, quotas: planned, demands: others}).over(nil, "a/self")
	if len(got) != 1 || got[0].Status.Used.Cpu().String() != "1" || got[0].Status.Used.Pods().Value() != 2 {
		t.Errorf("in a new namespace: %v", got)
	}
}

func TestGiveDefaults(t *testing.T) {
	pod := func(requests, limits corev1.ResourceList) *corev1.Pod {
		return &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: requests, Limits: limits}}}}}
	}
	item := corev1.LimitRangeItem{Default: amountsOf("memory", "1Gi"), DefaultRequest: amountsOf("memory", "256Mi", "cpu", "100m")}
	for name, test := range map[string]struct {
		pod                    *corev1.Pod
		request, limit, reqCPU string
	}{
		"nothing":         {pod(nil, nil), "256Mi", "1Gi", "100m"},
		"a limit alone":   {pod(nil, amountsOf("memory", "64Mi")), "64Mi", "64Mi", "100m"},
		"a request alone": {pod(amountsOf("memory", "2Gi", "cpu", "1"), nil), "2Gi", "1Gi", "1"},
	} {
		giveDefaults(test.pod, item)
		r := test.pod.Spec.Containers[0].Resources
		if r.Requests.Memory().String() != test.request || r.Limits.Memory().String() != test.limit || r.Requests.Cpu().String() != test.reqCPU {
			t.Errorf("%s: %v", name, r)
		}
	}
}
