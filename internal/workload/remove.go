package workload

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// remove deletes one object, unless it belongs to somebody else by now. It returns
// the uid of the object that goes, "" where none does.
func remove(ctx context.Context, cluster *kube.Cluster, key string, r *record, owner string) (goes types.UID, diags diag.Diagnostics) {
	live, err := cluster.Get(ctx, r.ref())
	if err != nil {
		diags.Append(problem(key, r.ref(), err))
		return "", diags
	}
	if live == nil {
		return "", nil
	}
	return removeLive(ctx, cluster, key, live, owner)
}

// removeLive is remove for an object that has been read already.
func removeLive(ctx context.Context, cluster *kube.Cluster, key string, live *unstructured.Unstructured, owner string) (goes types.UID, diags diag.Diagnostics) {
	ref := kube.RefOf(live)
	if live.GetLabels()[ownerLabel] != owner {
		diags.AddWarning(key+" was left alone", fmt.Sprintf("%s belongs to %s by now.", ref, ownerOf(live)))
		return "", diags
	}
	if err := cluster.Delete(ctx, ref, kube.DeleteOptions{UID: live.GetUID()}); err != nil {
		diags.Append(problem(key, ref, err))
		return "", diags
	}
	return live.GetUID(), nil
}
