package mlflow

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	gatewayPath  = "/api/3.0/mlflow/gateway/"
	typeEndpoint = "gateway_endpoint"
)

// Leaves of API keys and endpoints.
const (
	leafProvider      = "provider"
	leafValues        = "values"
	leafAPIKey        = "api_key"
	leafModel         = "model"
	leafUsageTracking = "usage_tracking"
)

func apiKeyLeaves(provider, values string, authConfig map[string]string) leaves {
	out := leaves{leafProvider: provider, leafValues: values}
	for name, value := range authConfig {
		out["auth_config["+name+"]"] = value
	}
	return out
}

func (k APIKey) leaves() leaves { return apiKeyLeaves(k.Provider, k.origin(), k.AuthConfig) }

// liveAPIKey is an API key as MLflow has it, which never shows its values.
type liveAPIKey struct {
	ID            string            `json:"secret_id"`
	Name          string            `json:"secret_name"`
	Provider      string            `json:"provider"`
	AuthConfig    map[string]string `json:"auth_config"`
	LastUpdatedBy string            `json:"last_updated_by"`
}

// apiKey returns an API key, nil where there is none of that name.
func (s *server) apiKey(ctx context.Context, name string) (*liveAPIKey, error) {
	var answer struct {
		Secrets []liveAPIKey `json:"secrets"`
	}
	if err := s.get(ctx, gatewayPath+"secrets/list", nil, &answer); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(answer.Secrets, func(live liveAPIKey) bool { return live.Name == name }); i >= 0 {
		return &answer.Secrets[i], nil
	}
	return nil, nil //nolint:nilnil // absent
}

func (s *server) observeAPIKey(ctx context.Context, name string) (leaves, error) {
	live, err := s.apiKey(ctx, name)
	if err != nil || live == nil {
		return nil, err
	}
	return apiKeyLeaves(live.Provider, live.LastUpdatedBy, live.AuthConfig), nil
}

// applyAPIKey makes the API key, or sends its values again. One of another provider is made anew, since MLflow has no way to change that.
func (s *server) applyAPIKey(ctx context.Context, name string, k APIKey, reach workload.Reach) error {
	data, err := reach.Secret(ctx, keyGateway(name))
	if err != nil {
		return err
	}
	values := map[string]string{}
	for value := range k.values() {
		values[value] = string(data[value])
	}
	live, err := s.apiKey(ctx, name)
	if err != nil {
		return err
	}
	if live != nil && live.Provider != k.Provider {
		if err := s.removeAPIKey(ctx, name); err != nil {
			return err
		}
		live = nil
	}
	body := map[string]any{"secret_value": values}
	if live == nil {
		body["secret_name"], body["provider"], body["created_by"] = name, k.Provider, k.origin()
		if len(k.AuthConfig) > 0 {
			body["auth_config"] = k.AuthConfig
		}
		return s.send(ctx, http.MethodPost, gatewayPath+"secrets/create", body, nil)
	}
	body["secret_id"], body["updated_by"] = live.ID, k.origin()
	switch {
	case len(k.AuthConfig) > 0:
		body["auth_config"] = k.AuthConfig
	case len(live.AuthConfig) > 0:
		body["auth_config"] = map[string]string{"api_base": ""} // the way to have none
	}
	return s.send(ctx, http.MethodPost, gatewayPath+"secrets/update", body, nil)
}

func (s *server) removeAPIKey(ctx context.Context, name string) error {
	live, err := s.apiKey(ctx, name)
	if err != nil || live == nil {
		return err
	}
	return s.discard(ctx, gatewayPath+"secrets/delete", map[string]any{"secret_id": live.ID})
}

// discard deletes what may have gone meanwhile.
func (s *server) discard(ctx context.Context, path string, body any) error {
	if err := s.send(ctx, http.MethodDelete, path, body, nil); !absent(err) {
		return err
	}
	return nil
}

func endpointLeaves(apiKey, model string, usageTracking bool, permissions grants) leaves {
	out := leaves{leafAPIKey: apiKey, leafModel: model, leafUsageTracking: strconv.FormatBool(usageTracking)}
	for user, permission := range permissions {
		out["permissions["+user+"]"] = permission
	}
	return out
}

func (e Endpoint) leaves() leaves {
	return endpointLeaves(e.APIKey, e.Model, e.tracksUsage(), e.Permissions)
}

func (e Endpoint) tracksUsage() bool { return ptr.Deref(e.UsageTracking, true) }

// definition is a model of a provider, as MLflow has it.
type definition struct {
	ID     string `json:"model_definition_id"`
	Name   string `json:"name"`
	APIKey string `json:"secret_name"`
	Model  string `json:"model_name"`
}

// liveEndpoint is an endpoint as MLflow has it.
type liveEndpoint struct {
	ID            string `json:"endpoint_id"`
	UsageTracking bool   `json:"usage_tracking"`
	Mappings      []struct {
		Definition definition `json:"model_definition"`
	} `json:"model_mappings"`
}

// endpoint returns an endpoint, nil where there is none of that name.
func (s *server) endpoint(ctx context.Context, name string) (*liveEndpoint, error) {
	var answer struct {
		Endpoint liveEndpoint `json:"endpoint"`
	}
	err := s.get(ctx, gatewayPath+"endpoints/get", url.Values{"name": {name}}, &answer)
	if absent(err) {
		return nil, nil //nolint:nilnil // absent
	}
	return &answer.Endpoint, err
}

// definition returns the model of an endpoint, nil where there is none. It has the name of the endpoint.
func (s *server) definition(ctx context.Context, name string) (*definition, error) {
	var answer struct {
		Definitions []definition `json:"model_definitions"`
	}
	if err := s.get(ctx, gatewayPath+"model-definitions/list", nil, &answer); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(answer.Definitions, func(live definition) bool { return live.Name == name }); i >= 0 {
		return &answer.Definitions[i], nil
	}
	return nil, nil //nolint:nilnil // absent
}

func (s *server) observeEndpoint(ctx context.Context, m *Model, name string) (leaves, error) {
	live, err := s.endpoint(ctx, name)
	if err != nil || live == nil {
		return nil, err
	}
	var of definition
	for _, mapping := range live.Mappings {
		if of = mapping.Definition; of.Name == name {
			break
		}
	}
	permissions, err := s.granted(ctx, thing{typeEndpoint, live.ID}, m.users())
	return endpointLeaves(of.APIKey, of.Model, live.UsageTracking, permissions), err
}

// applyEndpoint makes the endpoint and its model, or changes what is there.
func (s *server) applyEndpoint(ctx context.Context, m *Model, name string, e Endpoint) error {
	key, err := s.apiKey(ctx, e.APIKey)
	if err != nil {
		return err
	}
	model := map[string]any{"provider": m.gateway().APIKeys[e.APIKey].Provider, "model_name": e.Model}
	if key != nil {
		model["secret_id"] = key.ID
	}
	of, err := s.definition(ctx, name)
	switch {
	case err != nil:
		return err
	case of == nil:
		var answer struct {
			Definition definition `json:"model_definition"`
		}
		model["name"] = name
		if err := s.send(ctx, http.MethodPost, gatewayPath+"model-definitions/create", model, &answer); err != nil {
			return err
		}
		of = &answer.Definition
	default:
		model["model_definition_id"] = of.ID
		if err := s.send(ctx, http.MethodPost, gatewayPath+"model-definitions/update", model, nil); err != nil {
			return err
		}
	}
	live, err := s.endpoint(ctx, name)
	if err != nil {
		return err
	}
	models := []map[string]any{{"model_definition_id": of.ID, "linkage_type": "PRIMARY", "weight": 1}}
	if live == nil {
		var answer struct {
			Endpoint liveEndpoint `json:"endpoint"`
		}
		body := map[string]any{"name": name, "model_configs": models, "usage_tracking": e.tracksUsage()}
		if err := s.send(ctx, http.MethodPost, gatewayPath+"endpoints/create", body, &answer); err != nil {
			return err
		}
		live = &answer.Endpoint
	} else {
		body := map[string]any{"endpoint_id": live.ID, "usage_tracking": e.tracksUsage()}
		if len(live.Mappings) != 1 || live.Mappings[0].Definition.ID != of.ID {
			body["model_configs"] = models
		}
		if err := s.send(ctx, http.MethodPost, gatewayPath+"endpoints/update", body, nil); err != nil {
			return err
		}
	}
	return s.grant(ctx, thing{typeEndpoint, live.ID}, m.users(), e.Permissions)
}

// removeEndpoint deletes an endpoint and its model. The traces of its requests stay in their experiment.
func (s *server) removeEndpoint(ctx context.Context, name string) error {
	live, err := s.endpoint(ctx, name)
	if err != nil {
		return err
	}
	if live != nil {
		if err := s.discard(ctx, gatewayPath+"endpoints/delete", map[string]any{"endpoint_id": live.ID}); err != nil {
			return err
		}
	}
	of, err := s.definition(ctx, name)
	if err != nil || of == nil {
		return err
	}
	return s.discard(ctx, gatewayPath+"model-definitions/delete", map[string]any{"model_definition_id": of.ID})
}
