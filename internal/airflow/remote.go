package airflow

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// leaves are those of one thing inside of Airflow.
type leaves = map[string]string

// remote reconciles pools.
type remote struct{}

var _ workload.Remote[Model] = remote{}

// Desired lists what should exist.
func (remote) Desired(m *Model, _ workload.Environment) (map[string]map[string]string, diag.Diagnostics) {
	out := map[string]leaves{}
	for name, p := range m.Pools {
		out[workload.Key(kindPool, name)] = p.leaves(name)
	}
	return out, nil
}

// Healthy returns nil when the first administrator can sign in, or nothing is asked of
// Airflow.
func (remote) Healthy(ctx context.Context, m *Model, reach workload.Reach) error {
	if len(m.Pools) == 0 {
		return nil
	}
	c, err := signIn(ctx, m, reach)
	if err != nil {
		return err
	}
	c.close()
	return nil
}

// Observe returns what is there of the given keys.
func (remote) Observe(ctx context.Context, m *Model, keys []string, reach workload.Reach) (map[string]map[string]string, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	c, err := signIn(ctx, m, reach)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.kinds(m).Observe(ctx, keys)
}

// Apply makes everything as desired.
func (remote) Apply(ctx context.Context, m *Model, prior, desired map[string]map[string]string, reach workload.Reach) diag.Diagnostics {
	var diags diag.Diagnostics
	if len(prior) == 0 && len(desired) == 0 {
		return nil
	}
	c, err := signIn(ctx, m, reach)
	if err != nil {
		diags.AddError("Airflow cannot be reached as its administrator", err.Error()+".")
		return diags
	}
	defer c.close()
	return c.kinds(m).Apply(ctx, prior, desired)
}

// kinds are what an Airflow has inside.
func (c *client) kinds(m *Model) workload.Kinds {
	return workload.Kinds{{
		Name:    kindPool,
		Observe: c.observePool,
		Apply:   func(ctx context.Context, name string, _ leaves) error { return c.applyPool(ctx, name, m.Pools[name]) },
		Remove:  func(ctx context.Context, name string, _ leaves) error { return c.removePool(ctx, name) },
	}}
}
