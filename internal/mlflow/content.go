package mlflow

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"k8s.io/utils/ptr"
)

// Content is an experiment or a registered model, with what the declared users may do
// with it.
type Content struct {
	Permissions  map[string]string `tfsdk:"permissions"`
	ForceDestroy *bool             `tfsdk:"force_destroy"`
}

// Paths of the API about experiments and models.
const (
	experimentsPath = "/api/2.0/mlflow/experiments/"
	modelsPath      = "/api/2.0/mlflow/registered-models/"
	runsPath        = "/api/2.0/mlflow/runs/"
	versionsPath    = "/api/2.0/mlflow/model-versions/"
)

// leafForceDestroy is the leaf of the attribute, which MLflow knows nothing of.
const leafForceDestroy = "force_destroy"

func contentLeaves(c Content, permissions grants) leaves {
	out := leaves{leafForceDestroy: strconv.FormatBool(ptr.Deref(c.ForceDestroy, false))}
	for user, permission := range permissions {
		out["permissions["+user+"]"] = permission
	}
	return out
}

// experiment is one as MLflow has it.
type experiment struct {
	ID             string `json:"experiment_id"`
	LifecycleStage string `json:"lifecycle_stage"`
}

// experiment returns an experiment, also one that is in the trash, nil where there is
// none of that name.
func (s *server) experiment(ctx context.Context, name string) (*experiment, error) {
	var answer struct {
		Experiment experiment `json:"experiment"`
	}
	err := s.get(ctx, experimentsPath+"get-by-name", url.Values{"experiment_name": {name}}, &answer)
	if absent(err) {
		return nil, nil //nolint:nilnil // absent
	}
	return &answer.Experiment, err
}

func (e *experiment) deleted() bool { return e.LifecycleStage == "deleted" }

func (s *server) observeExperiment(ctx context.Context, m *Model, name string) (leaves, error) {
	live, err := s.experiment(ctx, name)
	if err != nil || live == nil || live.deleted() {
		return nil, err
	}
	permissions, err := s.granted(ctx, thing{typeExperiment, live.ID}, m.users())
	return contentLeaves(m.Experiments[name], permissions), err
}

// applyExperiment makes the experiment, or takes it out of the trash, where MLflow
// keeps its name.
func (s *server) applyExperiment(ctx context.Context, m *Model, name string) error {
	live, err := s.experiment(ctx, name)
	switch {
	case err != nil:
		return err
	case live == nil:
		live = &experiment{}
		if err := s.send(ctx, http.MethodPost, experimentsPath+"create", map[string]any{"name": name}, live); err != nil {
			return err
		}
	case live.deleted():
		if err := s.send(ctx, http.MethodPost, experimentsPath+"restore", map[string]any{"experiment_id": live.ID}, nil); err != nil {
			return err
		}
	}
	return s.grant(ctx, thing{typeExperiment, live.ID}, m.users(), m.Experiments[name].Permissions)
}

// removeExperiment puts an experiment into the trash, with runs only if force is set.
func (s *server) removeExperiment(ctx context.Context, name string, force bool) error {
	live, err := s.experiment(ctx, name)
	if err != nil || live == nil || live.deleted() {
		return err
	}
	if !force {
		var answer struct {
			Runs []struct{} `json:"runs"`
		}
		body := map[string]any{"experiment_ids": []string{live.ID}, "max_results": 1, "run_view_type": "ALL"}
		if err := s.send(ctx, http.MethodPost, runsPath+"search", body, &answer); err != nil {
			return err
		}
		if len(answer.Runs) > 0 {
			return fmt.Errorf("the experiment has runs and was left as it is. %s", wayOut)
		}
	}
	return s.send(ctx, http.MethodPost, experimentsPath+"delete", map[string]any{"experiment_id": live.ID}, nil)
}

const wayOut = "Put it back into the configuration with force_destroy = true and apply, then take it out again; or delete what it holds first"

// hasModel reports whether there is a registered model of that name.
func (s *server) hasModel(ctx context.Context, name string) (bool, error) {
	err := s.get(ctx, modelsPath+"get", url.Values{"name": {name}}, nil)
	if absent(err) {
		return false, nil
	}
	return err == nil, err
}

func (s *server) observeModel(ctx context.Context, m *Model, name string) (leaves, error) {
	there, err := s.hasModel(ctx, name)
	if err != nil || !there {
		return nil, err
	}
	permissions, err := s.granted(ctx, thing{typeModel, name}, m.users())
	return contentLeaves(m.Models[name], permissions), err
}

func (s *server) applyModel(ctx context.Context, m *Model, name string) error {
	there, err := s.hasModel(ctx, name)
	if err != nil {
		return err
	}
	if !there {
		if err := s.send(ctx, http.MethodPost, modelsPath+"create", map[string]any{"name": name}, nil); err != nil {
			return err
		}
	}
	return s.grant(ctx, thing{typeModel, name}, m.users(), m.Models[name].Permissions)
}

// removeModel deletes a registered model, with versions only if force is set.
func (s *server) removeModel(ctx context.Context, name string, force bool) error {
	there, err := s.hasModel(ctx, name)
	if err != nil || !there {
		return err
	}
	if !force {
		var answer struct {
			Versions []struct{} `json:"model_versions"`
		}
		filter := "name='" + strings.ReplaceAll(name, "'", "''") + "'"
		if err := s.get(ctx, versionsPath+"search", url.Values{"filter": {filter}, "max_results": {"1"}}, &answer); err != nil {
			return err
		}
		if len(answer.Versions) > 0 {
			return fmt.Errorf("the model has versions and was left as it is. %s", wayOut)
		}
	}
	return s.send(ctx, http.MethodDelete, modelsPath+"delete", map[string]any{"name": name}, nil)
}
