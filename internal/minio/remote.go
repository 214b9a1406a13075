package minio

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

// remote reconciles buckets, policies and users.
type remote struct{}

var _ workload.Remote[Model] = remote{}

// Kinds of things inside the server, as they begin a key.
const (
	kindBucket = "Bucket"
	kindPolicy = "Policy"
	kindUser   = "User"
)

// Desired lists what should exist.
func (remote) Desired(m *Model, _ workload.Environment) (map[string]map[string]string, diag.Diagnostics) {
	var diags diag.Diagnostics
	out := map[string]leaves{}
	for name, b := range m.Buckets {
		out[kindBucket+"/"+name] = desiredBucket(b)
	}
	for name, document := range m.Policies {
		text, err := canonical(document)
		if err != nil {
			diags.AddError("Invalid policy", fmt.Sprintf("policies[%q]: %v.", name, err))
			continue
		}
		out[kindPolicy+"/"+name] = leaves{"document": text}
	}
	for name, u := range m.Users {
		out[kindUser+"/"+name] = desiredUser(m, name, u)
	}
	return out, diags
}

// Healthy returns nil when objects can be written.
func (remote) Healthy(ctx context.Context, m *Model, reach workload.Reach) error {
	s := newServer(m, reach)
	defer s.close()
	return s.healthy(ctx)
}

// Observe returns what is there of the given keys.
func (remote) Observe(ctx context.Context, m *Model, keys []string, reach workload.Reach) (map[string]map[string]string, error) {
	s := newServer(m, reach)
	defer s.close()
	r, err := s.asRoot(ctx, reach)
	if err != nil {
		return nil, err
	}
	buckets, err := r.bucketNames(ctx)
	if err != nil {
		return nil, fmt.Errorf("the buckets cannot be listed: %w", err)
	}
	out := map[string]leaves{}
	for _, key := range keys {
		kind, name, _ := strings.Cut(key, "/")
		var found leaves
		var err error
		switch kind {
		case kindBucket:
			if buckets[name] {
				found, err = r.observeBucket(ctx, name, m.Buckets[name])
			}
		case kindPolicy:
			found, err = r.observePolicy(ctx, name)
		case kindUser:
			found, err = r.observeUser(ctx, m, name, reach)
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", key, err)
		}
		if found != nil {
			out[key] = found
		}
	}
	return out, nil
}

// Apply makes everything as desired: what others refer to first, and removes what
// refers to others first.
func (remote) Apply(ctx context.Context, m *Model, prior, desired map[string]map[string]string, reach workload.Reach) diag.Diagnostics {
	var diags diag.Diagnostics
	s := newServer(m, reach)
	defer s.close()
	r, err := s.asRoot(ctx, reach)
	if err != nil {
		diags.AddError("MinIO cannot be reached as root", err.Error())
		return diags
	}
	buckets, err := r.bucketNames(ctx)
	if err != nil {
		diags.AddError("The buckets cannot be listed", explain(err))
		return diags
	}
	for _, kind := range []string{kindBucket, kindPolicy, kindUser} {
		for _, key := range ofKind(desired, kind) {
			name := strings.TrimPrefix(key, kind+"/")
			switch kind {
			case kindBucket:
				err = r.applyBucket(ctx, name, buckets[name], m.Buckets[name])
			case kindPolicy:
				err = r.admin.AddCannedPolicy(ctx, name, []byte(desired[key]["document"]))
			case kindUser:
				err = r.applyUser(ctx, m, name, reach)
			}
			if err != nil {
				diags.AddError(key+" cannot be applied", explain(err))
			}
		}
	}
	for _, kind := range []string{kindUser, kindPolicy, kindBucket} {
		for _, key := range ofKind(prior, kind) {
			if _, wanted := desired[key]; wanted {
				continue
			}
			name := strings.TrimPrefix(key, kind+"/")
			switch kind {
			case kindUser:
				err = ignoring(r.admin.RemoveUser(ctx, name), "XMinioAdminNoSuchUser")
			case kindPolicy:
				err = ignoring(r.admin.RemoveCannedPolicy(ctx, name), "XMinioAdminNoSuchPolicy")
			case kindBucket:
				err = r.removeBucket(ctx, name, prior[key][leafForceDestroy] == "true")
			}
			if err != nil {
				diags.AddError(key+" cannot be removed", explain(err))
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

func ignoring(err error, codes ...string) error {
	if err != nil && hasCode(err, codes...) {
		return nil
	}
	return err
}

// explain adds a way out where MinIO's own words have none.
func explain(err error) string {
	switch {
	case hasCode(err, "InvalidAccessKeyId", "SignatureDoesNotMatch"):
		return "MinIO does not accept the root credentials: " + err.Error() + ". Its servers still run with others than the Secret holds. " +
			"Were they changed outside of Terraform? Restart the pods, or restore the Secret."
	default:
		return err.Error() + "."
	}
}
