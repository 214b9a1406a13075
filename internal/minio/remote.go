package minio

import (
	"context"
	"fmt"

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
		out[workload.Key(kindBucket, name)] = desiredBucket(b)
	}
	for name, document := range m.Policies {
		text, err := canonical(document)
		if err != nil {
			diags.AddError("Invalid policy", fmt.Sprintf("policies[%q]: %v.", name, err))
			continue
		}
		out[workload.Key(kindPolicy, name)] = leaves{"document": text}
	}
	for name, u := range m.Users {
		out[workload.Key(kindUser, name)] = desiredUser(m, name, u)
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
	return r.kinds(m, buckets, reach).Observe(ctx, keys)
}

// Apply makes everything as desired.
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
		diags.AddError("The buckets cannot be listed", explained(err).Error()+".")
		return diags
	}
	return r.kinds(m, buckets, reach).Apply(ctx, prior, desired)
}

// kinds are what a server has inside, given the buckets that it has.
func (r *root) kinds(m *Model, buckets map[string]bool, reach workload.Reach) workload.Kinds {
	return workload.Kinds{
		{
			Name: kindBucket,
			Observe: func(ctx context.Context, name string) (leaves, error) {
				if !buckets[name] {
					return nil, nil
				}
				return r.observeBucket(ctx, name, m.Buckets[name])
			},
			Apply: func(ctx context.Context, name string, _ leaves) error {
				return explained(r.applyBucket(ctx, name, buckets[name], m.Buckets[name]))
			},
			Remove: func(ctx context.Context, name string, prior leaves) error {
				return explained(r.removeBucket(ctx, name, prior[leafForceDestroy] == "true"))
			},
		},
		{
			Name:    kindPolicy,
			Observe: r.observePolicy,
			Apply: func(ctx context.Context, name string, desired leaves) error {
				return explained(r.admin.AddCannedPolicy(ctx, name, []byte(desired["document"])))
			},
			Remove: func(ctx context.Context, name string, _ leaves) error {
				return explained(ignoring(r.admin.RemoveCannedPolicy(ctx, name), "XMinioAdminNoSuchPolicy"))
			},
		},
		{
			Name:    kindUser,
			Observe: func(ctx context.Context, name string) (leaves, error) { return r.observeUser(ctx, m, name, reach) },
			Apply: func(ctx context.Context, name string, _ leaves) error {
				return explained(r.applyUser(ctx, m, name, reach))
			},
			Remove: func(ctx context.Context, name string, _ leaves) error {
				return explained(ignoring(r.admin.RemoveUser(ctx, name), "XMinioAdminNoSuchUser"))
			},
		},
	}
}

func ignoring(err error, codes ...string) error {
	if err != nil && hasCode(err, codes...) {
		return nil
	}
	return err
}

// explained adds a way out where MinIO's own words have none.
func explained(err error) error {
	if err != nil && hasCode(err, "InvalidAccessKeyId", "SignatureDoesNotMatch") {
		return fmt.Errorf("MinIO does not accept the root credentials: %w. Its servers still run with others than the Secret holds. "+
			"Were they changed outside of Terraform? Restart the pods, or restore the Secret", err)
	}
	return err
}
