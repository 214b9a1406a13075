package mlflow

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// leaves are those of one thing inside the server.
type leaves = map[string]string

// remote reconciles users, experiments, registered models, and the API keys and endpoints of the gateway.
type remote struct{}

var _ workload.Remote[Model] = remote{}

// Kinds of things inside the server, as they begin a key.
const (
	kindUser       = "User"
	kindExperiment = "Experiment"
	kindModel      = "RegisteredModel"
	kindAPIKey     = "APIKey"
	kindEndpoint   = "Endpoint"
)

// Desired lists what should exist.
func (remote) Desired(m *Model, _ workload.Environment) (map[string]map[string]string, diag.Diagnostics) {
	out := map[string]leaves{}
	for name, u := range m.Users {
		out[workload.Key(kindUser, name)] = desiredUser(m, name, u)
	}
	for name, c := range m.Experiments {
		out[workload.Key(kindExperiment, name)] = contentLeaves(c, c.Permissions)
	}
	for name, c := range m.Models {
		out[workload.Key(kindModel, name)] = contentLeaves(c, c.Permissions)
	}
	for name, k := range m.gateway().APIKeys {
		out[workload.Key(kindAPIKey, name)] = k.leaves()
	}
	for name, e := range m.gateway().Endpoints {
		out[workload.Key(kindEndpoint, name)] = e.leaves()
	}
	return out, nil
}

// Healthy returns nil when a server answers.
func (remote) Healthy(ctx context.Context, m *Model, reach workload.Reach) error {
	s := newServer(m, reach)
	defer s.close()
	return s.healthy(ctx)
}

// Observe returns what is there of the given keys.
func (remote) Observe(ctx context.Context, m *Model, keys []string, reach workload.Reach) (map[string]map[string]string, error) {
	anybody := newServer(m, reach)
	defer anybody.close()
	s, err := anybody.as(ctx, reach, keyAdmin)
	if err != nil {
		return nil, err
	}
	return s.kinds(m, reach).Observe(ctx, keys)
}

// Apply makes everything as desired.
func (remote) Apply(ctx context.Context, m *Model, prior, desired map[string]map[string]string, reach workload.Reach) diag.Diagnostics {
	var diags diag.Diagnostics
	if len(prior) == 0 && len(desired) == 0 {
		return nil
	}
	anybody := newServer(m, reach)
	defer anybody.close()
	s, err := anybody.as(ctx, reach, keyAdmin)
	if err != nil {
		diags.AddError("MLflow cannot be reached as its administrator", err.Error())
		return diags
	}
	return s.kinds(m, reach).Apply(ctx, prior, desired)
}

// kinds are what a server has inside: users first, whom permissions name.
func (s *server) kinds(m *Model, reach workload.Reach) workload.Kinds {
	return workload.Kinds{
		{
			Name: kindUser,
			Observe: func(ctx context.Context, name string) (leaves, error) {
				found, err := s.observeUser(ctx, m, name, reach)
				return found, explained(err)
			},
			Apply: func(ctx context.Context, name string, _ leaves) error {
				return explained(s.applyUser(ctx, name, m.Users[name], reach))
			},
			Remove: func(ctx context.Context, name string, _ leaves) error { return explained(s.removeUser(ctx, name)) },
		},
		{
			Name: kindExperiment,
			Observe: func(ctx context.Context, name string) (leaves, error) {
				found, err := s.observeExperiment(ctx, m, name)
				return found, explained(err)
			},
			Apply: func(ctx context.Context, name string, _ leaves) error {
				return explained(s.applyExperiment(ctx, m, name))
			},
			Remove: func(ctx context.Context, name string, prior leaves) error {
				return explained(s.removeExperiment(ctx, name, prior[leafForceDestroy] == "true"))
			},
		},
		{
			Name: kindModel,
			Observe: func(ctx context.Context, name string) (leaves, error) {
				found, err := s.observeModel(ctx, m, name)
				return found, explained(err)
			},
			Apply: func(ctx context.Context, name string, _ leaves) error { return explained(s.applyModel(ctx, m, name)) },
			Remove: func(ctx context.Context, name string, prior leaves) error {
				return explained(s.removeModel(ctx, name, prior[leafForceDestroy] == "true"))
			},
		},
		{
			Name: kindAPIKey,
			Observe: func(ctx context.Context, name string) (leaves, error) {
				found, err := s.observeAPIKey(ctx, name)
				return found, explained(err)
			},
			Apply: func(ctx context.Context, name string, _ leaves) error {
				return explained(s.applyAPIKey(ctx, name, m.gateway().APIKeys[name], reach))
			},
			Remove: func(ctx context.Context, name string, _ leaves) error { return explained(s.removeAPIKey(ctx, name)) },
		},
		{
			Name: kindEndpoint,
			Observe: func(ctx context.Context, name string) (leaves, error) {
				found, err := s.observeEndpoint(ctx, m, name)
				return found, explained(err)
			},
			Apply: func(ctx context.Context, name string, _ leaves) error {
				return explained(s.applyEndpoint(ctx, m, name, m.gateway().Endpoints[name]))
			},
			Remove: func(ctx context.Context, name string, _ leaves) error { return explained(s.removeEndpoint(ctx, name)) },
		},
	}
}

// explained adds a way out where MLflow's own words have none.
func explained(err error) error {
	if refused(err) {
		return fmt.Errorf("MLflow does not accept the administrator's password. Was it changed outside of Terraform? Change admin.rotate to have a new one set: %w", err)
	}
	return err
}
