package kube

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestGrowthOf reads what csi-resizer writes into a claim of 300Mi.
func TestGrowthOf(t *testing.T) {
	storage := func(size string) corev1.ResourceList {
		if size == "" {
			return nil
		}
		return corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
	}
	const failed = "failed to expand pvc with rpc error"
	for name, c := range map[string]struct {
		wants, allocated string
		condition        corev1.PersistentVolumeClaimConditionType
		state            corev1.ClaimResourceStatus
		done, mount      bool
		failure, detour  string
	}{
		"grown":                         {wants: "300Mi", done: true},
		"under way":                     {wants: "1Gi", allocated: "1Gi", condition: corev1.PersistentVolumeClaimResizing},
		"a file system that is to grow": {wants: "1Gi", allocated: "1Gi", condition: corev1.PersistentVolumeClaimFileSystemResizePending, mount: true},
		"failing":                       {wants: "1Gi", allocated: "1Gi", condition: corev1.PersistentVolumeClaimControllerResizeError, failure: failed},
		"failing on the node":           {wants: "1Gi", allocated: "1Gi", condition: corev1.PersistentVolumeClaimNodeResizeError, failure: failed},
		"failing without words":         {wants: "1Gi", allocated: "1Gi", state: corev1.PersistentVolumeClaimControllerResizeInfeasible, failure: "cannot do it"},
		// Before Kubernetes 1.32, no status says what is being tried.
		"failing in silence":       {wants: "1Gi", condition: corev1.PersistentVolumeClaimControllerResizeError, failure: failed},
		"failing at a former size": {wants: "1Gi", allocated: "4Ei", condition: corev1.PersistentVolumeClaimControllerResizeError, detour: "still tries 4Ei"},
	} {
		pvc := corev1.PersistentVolumeClaim{
			Spec:   corev1.PersistentVolumeClaimSpec{Resources: corev1.VolumeResourceRequirements{Requests: storage(c.wants)}},
			Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, Capacity: storage("300Mi"), AllocatedResources: storage(c.allocated)},
		}
		if c.condition != "" {
			pvc.Status.Conditions = []corev1.PersistentVolumeClaimCondition{{Type: c.condition, Status: corev1.ConditionTrue, Message: failed}}
		}
		if c.state != "" {
			pvc.Status.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{corev1.ResourceStorage: c.state}
		}
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&pvc)
		if err != nil {
			t.Fatal(err)
		}
		g := growthOf(&unstructured.Unstructured{Object: object})
		said := func(got, want string) bool { return (got == "") == (want == "") && strings.Contains(got, want) }
		if g.done() != c.done || g.mount != c.mount || !said(g.failure, c.failure) || !said(g.detour(), c.detour) {
			t.Errorf("%s: done %t, mount %t, failure %q, detour %q", name, g.done(), g.mount, g.failure, g.detour())
		}
	}
	if !growthOf(nil).done() {
		t.Error("a claim that is gone is waited for")
	}
}
