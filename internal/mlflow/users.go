package mlflow

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// User is a user with a password of its own.
type User struct {
	Admin    *bool                `tfsdk:"admin"`
	Rotate   *string              `tfsdk:"rotate"`
	Tracking *connection.Tracking `tfsdk:"tracking"`
}

// Paths of the API about users.
const (
	usersPath       = "/api/2.0/mlflow/users/"
	permissionsPath = "/api/3.0/mlflow/users/permissions/"
)

// Leaves of a user.
const (
	leafAdmin       = "admin"
	leafCredentials = "credentials"
)

func keyUser(user string) string { return "Secret/user-" + user }

func userSecret(n names, name string, u User) workload.Object {
	return account(n, "user-"+name, name, workload.Generated(passwordLength, ptr.Deref(u.Rotate, "")), "the user's name")
}

// setConnections computes what clients need to act as each user.
func setConnections(m *Model, n names) {
	for name, user := range m.Users {
		user.Tracking = &connection.Tracking{URI: m.trackingURI(n), Namespace: n.env.Namespace, Secret: n.of("user-" + name), Version: ptr.Deref(user.Rotate, "1")}
		m.Users[name] = user
	}
}

func desiredUser(m *Model, name string, u User) leaves {
	return userLeaves(ptr.Deref(u.Admin, false), credentialsOf(m, name))
}

func userLeaves(admin bool, credentials string) leaves {
	return leaves{leafAdmin: strconv.FormatBool(admin), leafCredentials: credentials}
}

func credentialsOf(m *Model, user string) string {
	return "those of Secret " + names{resource: m.Name}.of("user-"+user)
}

// liveUser is a user as MLflow has it.
type liveUser struct {
	IsAdmin bool `json:"is_admin"`
}

// user returns a user, nil where there is none of that name.
func (s *server) user(ctx context.Context, name string) (*liveUser, error) {
	var answer struct {
		User liveUser `json:"user"`
	}
	err := s.get(ctx, usersPath+"get", url.Values{"username": {name}}, &answer)
	if absent(err) {
		return nil, nil //nolint:nilnil // absent
	}
	return &answer.User, err
}

// accepts reports whether MLflow takes the password of the user's Secret.
func (s *server) accepts(ctx context.Context, name string, reach workload.Reach) (bool, error) {
	self, err := s.as(ctx, reach, keyUser(name))
	if err != nil {
		return false, err
	}
	err = self.get(ctx, usersPath+"current", nil, nil)
	if refused(err) {
		return false, nil
	}
	return err == nil, err
}

func (s *server) observeUser(ctx context.Context, m *Model, name string, reach workload.Reach) (leaves, error) {
	live, err := s.user(ctx, name)
	if err != nil || live == nil {
		return nil, err
	}
	credentials := credentialsOf(m, name)
	ok, err := s.accepts(ctx, name, reach)
	if err != nil {
		return nil, err
	}
	if !ok {
		credentials = "others"
	}
	return userLeaves(live.IsAdmin, credentials), nil
}

// applyUser makes the user, or gives one that is there the password of the Secret.
func (s *server) applyUser(ctx context.Context, name string, u User, reach workload.Reach) error {
	secret, err := reach.Secret(ctx, keyUser(name))
	if err != nil {
		return err
	}
	live, err := s.user(ctx, name)
	if err != nil {
		return err
	}
	password := map[string]any{"username": name, "password": string(secret[passwordKey])}
	if live == nil {
		if err := s.send(ctx, http.MethodPost, usersPath+"create", password, nil); err != nil {
			return err
		}
		live = &liveUser{}
	} else if ok, err := s.accepts(ctx, name, reach); err != nil {
		return err
	} else if !ok {
		if err := s.send(ctx, http.MethodPatch, usersPath+"update-password", password, nil); err != nil {
			return err
		}
	}
	if want := ptr.Deref(u.Admin, false); want != live.IsAdmin {
		return s.send(ctx, http.MethodPatch, usersPath+"update-admin", map[string]any{"username": name, "is_admin": want}, nil)
	}
	return nil
}

func (s *server) removeUser(ctx context.Context, name string) error {
	err := s.send(ctx, http.MethodDelete, usersPath+"delete", map[string]any{"username": name}, nil)
	if absent(err) {
		return nil
	}
	return err
}
