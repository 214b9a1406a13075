package mlflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// leaves are those of one thing inside the server.
type leaves = map[string]string

// remote reconciles users, experiments and registered models.
type remote struct{}

var _ workload.Remote[Model] = remote{}

// Kinds of things inside the server, as they begin a key.
const (
	kindUser       = "User"
	kindExperiment = "Experiment"
	kindModel      = "RegisteredModel"
)

// Desired lists what should exist.
func (remote) Desired(m *Model, _ workload.Environment) (map[string]map[string]string, diag.Diagnostics) {
	out := map[string]leaves{}
	for name, u := range m.Users {
		out[kindUser+"/"+name] = desiredUser(m, name, u)
	}
	for name, c := range m.Experiments {
		out[kindExperiment+"/"+name] = contentLeaves(c, c.Permissions)
	}
	for name, c := range m.Models {
		out[kindModel+"/"+name] = contentLeaves(c, c.Permissions)
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
	out := map[string]leaves{}
	for _, key := range keys {
		kind, name, _ := strings.Cut(key, "/")
		var found leaves
		var err error
		switch kind {
		case kindUser:
			found, err = s.observeUser(ctx, m, name, reach)
		case kindExperiment:
			found, err = s.observeExperiment(ctx, m, name)
		case kindModel:
			found, err = s.observeModel(ctx, m, name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", key, explained(err))
		}
		if found != nil {
			out[key] = found
		}
	}
	return out, nil
}

// Apply makes everything as desired: users first, whom permissions name, and removes
// them last.
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
	for _, kind := range []string{kindUser, kindExperiment, kindModel} {
		for _, key := range ofKind(desired, kind) {
			name := strings.TrimPrefix(key, kind+"/")
			switch kind {
			case kindUser:
				err = s.applyUser(ctx, name, m.Users[name], reach)
			case kindExperiment:
				err = s.applyExperiment(ctx, m, name)
			case kindModel:
				err = s.applyModel(ctx, m, name)
			}
			if err != nil {
				diags.AddError(key+" cannot be applied", explained(err).Error()+".")
			}
		}
	}
	for _, kind := range []string{kindModel, kindExperiment, kindUser} {
		for _, key := range ofKind(prior, kind) {
			if _, wanted := desired[key]; wanted {
				continue
			}
			name, force := strings.TrimPrefix(key, kind+"/"), prior[key][leafForceDestroy] == "true"
			switch kind {
			case kindModel:
				err = s.removeModel(ctx, name, force)
			case kindExperiment:
				err = s.removeExperiment(ctx, name, force)
			case kindUser:
				err = s.removeUser(ctx, name)
			}
			if err != nil {
				diags.AddError(key+" cannot be removed", explained(err).Error()+".")
			}
		}
	}
	return diags
}

func ofKind(things map[string]leaves, kind string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(things)) {
		if strings.HasPrefix(key, kind+"/") {
			out = append(out, key)
		}
	}
	return out
}

// explained adds a way out where MLflow's own words have none.
func explained(err error) error {
	if refused(err) {
		return fmt.Errorf("MLflow does not accept the administrator's password. Was it changed outside of Terraform? Change admin.rotate to have a new one set: %w", err)
	}
	return err
}
