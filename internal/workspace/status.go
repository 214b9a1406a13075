package workspace

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// status is how much of the quota is used.
func status() *workload.Status[Model] {
	return &workload.Status[Model]{Attributes: []string{"quota_usage"}, Observe: observeUsage}
}

// observeUsage reads what the quota's controller has counted. What it has not
// counted yet is left out.
func observeUsage(ctx context.Context, m, _ *Model, reach workload.Reach) error {
	m.QuotaUsage = map[string]Usage{}
	live, err := reach.Object(ctx, keyQuota)
	if err != nil || live == nil {
		return err
	}
	var quota corev1.ResourceQuota
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, &quota); err != nil {
		return fmt.Errorf("reading ResourceQuota %s/%s: %w", live.GetNamespace(), live.GetName(), err)
	}
	for name, hard := range quota.Spec.Hard {
		if used, counted := quota.Status.Used[name]; counted {
			m.QuotaUsage[string(name)] = Usage{Hard: hard.String(), Used: used.String()}
		}
	}
	return nil
}
