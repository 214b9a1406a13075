package minio

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/minio/madmin-go/v3"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Leaves of a user.
const (
	leafPolicies    = "policies"
	leafStatus      = "status"
	leafCredentials = "credentials"
)

func desiredUser(m *Model, name string, u User) leaves {
	policies := slices.Clone(u.Policies)
	slices.Sort(policies)
	return userLeaves(slices.Compact(policies), string(madmin.AccountEnabled), credentialsOf(m, name))
}

func userLeaves(policies []string, status, credentials string) leaves {
	return leaves{leafPolicies: strings.Join(policies, ", "), leafStatus: status, leafCredentials: credentials}
}

func credentialsOf(m *Model, user string) string {
	return "those of Secret " + names{resource: m.Name}.userSecret(user)
}

func (r *root) observePolicy(ctx context.Context, name string) (leaves, error) {
	info, err := r.admin.InfoCannedPolicyV2(ctx, name)
	if hasCode(err, "XMinioAdminNoSuchPolicy") {
		return nil, nil //nolint:nilnil // absent
	}
	if err != nil {
		return nil, err
	}
	text, err := canonical(string(info.Policy))
	if err != nil {
		// Not of a form that we send: shown as it is.
		text = string(info.Policy)
	}
	return leaves{"document": text}, nil
}

func (r *root) observeUser(ctx context.Context, m *Model, name string, reach workload.Reach) (leaves, error) {
	info, err := r.admin.GetUserInfo(ctx, name)
	if hasCode(err, "XMinioAdminNoSuchUser") {
		return nil, nil //nolint:nilnil // absent
	}
	if err != nil {
		return nil, err
	}
	credentials := credentialsOf(m, name)
	if info.Status == madmin.AccountEnabled {
		if ok, err := r.accepts(ctx, name, reach); err != nil {
			return nil, err
		} else if !ok {
			credentials = "others"
		}
	}
	return userLeaves(attached(info), string(info.Status), credentials), nil
}

func attached(info madmin.UserInfo) []string {
	if info.PolicyName == "" {
		return nil
	}
	policies := strings.Split(info.PolicyName, ",")
	slices.Sort(policies)
	return policies
}

// accepts reports whether MinIO takes the credentials of the user's Secret. Being
// forbidden to list buckets is a yes.
func (r *root) accepts(ctx context.Context, name string, reach workload.Reach) (bool, error) {
	secret, err := reach.Secret(ctx, keyUserSecret(name))
	if err != nil {
		return false, err
	}
	client, err := r.as(string(secret[accessKeyKey]), string(secret[secretKeyKey]))
	if err != nil {
		return false, err
	}
	_, err = client.ListBuckets(ctx)
	switch {
	case err == nil, hasCode(err, "AccessDenied"):
		return true, nil
	case hasCode(err, "InvalidAccessKeyId", "SignatureDoesNotMatch"):
		return false, nil
	}
	return false, err
}

// alreadyApplied is the answer to a change that is in effect: the client asks again
// where the first answer is late.
const alreadyApplied = "XMinioAdminPolicyChangeAlreadyApplied"

// applyUser creates the user or sets its secret key anew, and its policies.
func (r *root) applyUser(ctx context.Context, m *Model, name string, reach workload.Reach) error {
	secret, err := reach.Secret(ctx, keyUserSecret(name))
	if err != nil {
		return err
	}
	if err := r.admin.SetUser(ctx, name, string(secret[secretKeyKey]), madmin.AccountEnabled); err != nil {
		return err
	}
	info, err := r.admin.GetUserInfo(ctx, name)
	if err != nil {
		return err
	}
	have, want := attached(info), m.Users[name].Policies
	missing := slices.DeleteFunc(slices.Clone(want), func(p string) bool { return slices.Contains(have, p) })
	extra := slices.DeleteFunc(slices.Clone(have), func(p string) bool { return slices.Contains(want, p) })
	if len(missing) > 0 {
		_, err := r.admin.AttachPolicy(ctx, madmin.PolicyAssociationReq{Policies: missing, User: name})
		if err = ignoring(err, alreadyApplied); err != nil {
			return fmt.Errorf("the policies %s cannot be attached: %w", strings.Join(missing, ", "), err)
		}
	}
	if len(extra) > 0 {
		_, err := r.admin.DetachPolicy(ctx, madmin.PolicyAssociationReq{Policies: extra, User: name})
		if err = ignoring(err, alreadyApplied); err != nil {
			return fmt.Errorf("the policies %s cannot be detached: %w", strings.Join(extra, ", "), err)
		}
	}
	return nil
}
