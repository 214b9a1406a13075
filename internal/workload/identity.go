package workload

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

const (
	// identityTimeout is how long a plan waits for the cluster to say which one it
	// is: a plan can do without.
	identityTimeout = 5 * time.Second
	// absencePatience is how long nobody must be at the cluster's address until a
	// destroy believes that the cluster is gone. API servers restart faster.
	absencePatience = 30 * time.Second
	absenceInterval = 2 * time.Second
)

// sameCluster reports whether the cluster is the one that a state is about. Its
// identity has another form where the credentials may not read kube-system. memory
// is nil where the private state was lost.
func sameCluster(cluster *kube.Cluster, state *string, memory *private, identity string) (bool, error) {
	if state == nil || *state == identity {
		return true, nil
	}
	fallback, err := cluster.Fallback()
	if err != nil {
		return false, err
	}
	return *state == fallback || memory != nil && identity == fallback && memory.Fallback == fallback, nil
}

// moved reports whether the provider's configuration leads to another cluster than
// the one that the state is about, which is an error unless allowed. A cluster that
// does not say which one it is counts as the same; an apply asks again.
func (r *Resource[M]) moved(ctx context.Context, state *Common, memory *private, allowed bool) (bool, diag.Diagnostics) {
	var diags diag.Diagnostics
	if r.unknownSettings() {
		return false, nil
	}
	cluster, err := r.settings.Cluster()
	if err != nil {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	identity, err := cluster.Identity(ctx)
	if err != nil {
		return false, nil
	}
	same, err := sameCluster(cluster, state.Cluster, memory, identity)
	if err != nil || same {
		return false, nil
	}
	if !allowed {
		diags.Append(otherCluster(*state.ID, *state.Cluster, identity))
	}
	return true, diags
}

func otherCluster(id, was, is string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("allow_cluster_change"), "The provider's configuration leads to another cluster",
		fmt.Sprintf("%s was created in cluster %s, and this is %s. Nothing was changed. Correct the provider's configuration. If the cluster was replaced on "+
			"purpose, apply allow_cluster_change = true, which creates the objects in the new one, or remove the resource from the state.", id, was, is))
}

// identityOrGone asks the cluster which one it is. gone is set when nobody is at its
// address for so long that it cannot be a restart.
func identityOrGone(ctx context.Context, cluster *kube.Cluster) (identity string, gone bool, err error) {
	for since := time.Now(); ; {
		identity, err = cluster.Identity(ctx)
		if err == nil || !kube.IsNobodyThere(err) {
			return identity, false, err
		}
		if time.Since(since) > absencePatience {
			return "", true, err
		}
		tflog.Info(ctx, "Nobody is at the cluster's address. Waiting, in case that it comes back.", map[string]any{"error": err.Error()})
		if waitErr := pause(ctx, absenceInterval); waitErr != nil {
			return "", false, err
		}
	}
}
