package mlflow

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// thing is what a permission is for, as MLflow names it.
type thing struct {
	// Type is typeExperiment, typeModel or typeEndpoint, ID a model's name or what MLflow calls the others by.
	Type, ID string
}

// Types of what a permission can be for.
const (
	typeExperiment = "experiment"
	typeModel      = "registered_model"
)

// grants are permissions by the user who has them.
type grants = map[string]string

// permission is one that a user has.
type permission struct {
	Permission string `json:"permission"`
	ID         string `json:"resource_pattern"`
	Type       string `json:"resource_type"`
}

// permissionsOf lists those of a user, none of one that is not there. They are asked
// for once, since MLflow takes its time to check a password, and there may be many
// things that they are for.
func (s *server) permissionsOf(ctx context.Context, user string) ([]permission, error) {
	if known, ok := s.permissions[user]; ok {
		return known, nil
	}
	var answer struct {
		Permissions []permission `json:"permissions"`
	}
	if err := s.get(ctx, permissionsPath+"list", url.Values{"username": {user}}, &answer); err != nil && !absent(err) {
		return nil, err
	}
	s.permissions[user] = answer.Permissions
	return answer.Permissions, nil
}

// granted returns what each of the users may do with a thing by a permission of its
// own. Those of other users are their own matter.
func (s *server) granted(ctx context.Context, t thing, users []string) (grants, error) {
	out := grants{}
	for _, user := range users {
		all, err := s.permissionsOf(ctx, user)
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			if p.Type == t.Type && p.ID == t.ID {
				out[user] = p.Permission
			}
		}
	}
	return out, nil
}

// grant makes the permissions of the users for a thing as they should be.
func (s *server) grant(ctx context.Context, t thing, users []string, want grants) error {
	have, err := s.granted(ctx, t, users)
	if err != nil {
		return err
	}
	for _, user := range users {
		if have[user] == want[user] {
			continue
		}
		delete(s.permissions, user)
		body := map[string]any{"username": user, "resource_type": t.Type, "resource_id": t.ID}
		if have[user] != "" {
			// MLflow has no way to change one.
			if err := s.send(ctx, http.MethodPost, permissionsPath+"revoke", body, nil); err != nil {
				return err
			}
		}
		if want[user] != "" {
			body["permission"] = want[user]
			if err := s.send(ctx, http.MethodPost, permissionsPath+"grant", body, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// users are the names of those that the resource declares.
func (m *Model) users() []string { return slices.Sorted(maps.Keys(m.Users)) }
