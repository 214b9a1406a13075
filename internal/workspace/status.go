package workspace

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// status is how much of the quota is used.
func status() *workload.Status[Model] {
	return &workload.Status[Model]{Attributes: []string{"quota_usage"}, Observe: observeUsage}
}

// firstCount is how long the end of a creation waits for the quota's controller to have counted.
const firstCount = 10 * time.Second

// observeUsage reads what the quota's controller has counted. What it has not
// counted yet is left out.
func observeUsage(ctx context.Context, m, prior *Model, reach workload.Reach) error {
	m.QuotaUsage = map[string]Usage{}
	var quota *corev1.ResourceQuota
	look := func(ctx context.Context) (counted bool, err error) {
		quota, err = liveQuota(ctx, reach)
		return quota == nil || len(quota.Status.Used) >= len(quota.Spec.Hard), err
	}
	var err error
	if prior == nil {
		// Else the next plan would show how the usage of nothing becomes known.
		err = wait.PollUntilContextTimeout(ctx, time.Second/2, firstCount, true, look)
	} else {
		_, err = look(ctx)
	}
	if err != nil && !wait.Interrupted(err) || quota == nil {
		return err
	}
	for name, hard := range quota.Spec.Hard {
		if used, counted := quota.Status.Used[name]; counted {
			m.QuotaUsage[string(name)] = Usage{Hard: hard.String(), Used: used.String()}
		}
	}
	return nil
}

// liveQuota is nil where there is none.
func liveQuota(ctx context.Context, reach workload.Reach) (*corev1.ResourceQuota, error) {
	live, err := reach.Object(ctx, keyQuota)
	if err != nil || live == nil {
		return nil, err
	}
	quota := &corev1.ResourceQuota{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, quota); err != nil {
		return nil, fmt.Errorf("reading ResourceQuota %s/%s: %w", live.GetNamespace(), live.GetName(), err)
	}
	return quota, nil
}
