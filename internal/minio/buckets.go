package minio

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/minio/madmin-go/v3"
	s3 "github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/lifecycle"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Leaves of a bucket.
const (
	leafVersioning   = "versioning"
	leafObjectLock   = "object_lock"
	leafQuota        = "quota"
	leafLifecycle    = "lifecycle"
	leafForceDestroy = "force_destroy"
)

func (b Bucket) versioned() bool { return isTrue(b.Versioning) || isTrue(b.ObjectLock) }

// quota is in bytes, 0 for none.
func (b Bucket) quota() int64 {
	if b.Quota == nil {
		return 0
	}
	q, err := resource.ParseQuantity(*b.Quota)
	if err != nil {
		return 0
	}
	return q.Value()
}

func desiredBucket(b Bucket) leaves {
	rules := make([]string, len(b.Lifecycle))
	for i, r := range b.Lifecycle {
		rules[i] = ruleText(value(r.Prefix), number(r.ExpireDays), number(r.ExpireNoncurrentDays))
	}
	return bucketLeaves(b, b.versioned(), isTrue(b.ObjectLock), b.quota(), rules)
}

// bucketLeaves shows a bucket. Whether it may be deleted with its objects is known
// to the configuration alone.
func bucketLeaves(b Bucket, versioned, locked bool, quota int64, rules []string) leaves {
	out := leaves{leafVersioning: strconv.FormatBool(versioned), leafForceDestroy: strconv.FormatBool(isTrue(b.ForceDestroy))}
	if locked {
		out[leafObjectLock] = "true"
	}
	if quota > 0 {
		out[leafQuota] = resource.NewQuantity(quota, resource.BinarySI).String()
	}
	for i, text := range rules {
		out[fmt.Sprintf("%s[%d]", leafLifecycle, i)] = text
	}
	return out
}

func ruleText(prefix string, days, noncurrentDays int64) string {
	var parts []string
	if prefix != "" {
		parts = append(parts, fmt.Sprintf("prefix %q", prefix))
	}
	if days > 0 {
		parts = append(parts, fmt.Sprintf("expire after %d days", days))
	}
	if noncurrentDays > 0 {
		parts = append(parts, fmt.Sprintf("expire old versions after %d days", noncurrentDays))
	}
	return strings.Join(parts, ", ")
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func number(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func (r *root) bucketNames(ctx context.Context) (map[string]bool, error) {
	buckets, err := r.s3.ListBuckets(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(buckets))
	for _, b := range buckets {
		out[b.Name] = true
	}
	return out, nil
}

func (r *root) observeBucket(ctx context.Context, name string, b Bucket) (leaves, error) {
	versioning, err := r.s3.GetBucketVersioning(ctx, name)
	if err != nil {
		return nil, err
	}
	locked := false
	switch lock, _, _, _, err := r.s3.GetObjectLockConfig(ctx, name); {
	case err == nil:
		locked = lock == "Enabled"
	case !hasCode(err, "ObjectLockConfigurationNotFoundError"):
		return nil, err
	}
	quota, err := r.admin.GetBucketQuota(ctx, name)
	if err != nil {
		return nil, err
	}
	rules, err := r.lifecycleOf(ctx, name)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(rules))
	for i, rule := range rules {
		texts[i] = ruleText(rulePrefix(rule), int64(rule.Expiration.Days), int64(rule.NoncurrentVersionExpiration.NoncurrentDays))
	}
	return bucketLeaves(b, versioning.Enabled(), locked, int64(max(quota.Size, quota.Quota)), texts), nil
}

func (r *root) lifecycleOf(ctx context.Context, name string) ([]lifecycle.Rule, error) {
	config, err := r.s3.GetBucketLifecycle(ctx, name)
	if hasCode(err, "NoSuchLifecycleConfiguration") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return config.Rules, nil
}

func rulePrefix(rule lifecycle.Rule) string {
	switch {
	case rule.RuleFilter.Prefix != "":
		return rule.RuleFilter.Prefix
	case rule.RuleFilter.And.Prefix != "":
		return rule.RuleFilter.And.Prefix
	default:
		return rule.Prefix
	}
}

func (r *root) applyBucket(ctx context.Context, name string, exists bool, b Bucket) error {
	if !exists {
		err := r.s3.MakeBucket(ctx, name, s3.MakeBucketOptions{Region: r.region, ObjectLocking: isTrue(b.ObjectLock)})
		if err := ignoring(err, "BucketAlreadyOwnedByYou"); err != nil {
			return err
		}
	}
	if err := r.setVersioning(ctx, name, b); err != nil {
		return fmt.Errorf("versioning: %w", err)
	}
	if err := r.setQuota(ctx, name, b); err != nil {
		return fmt.Errorf("quota: %w", err)
	}
	if err := r.setLifecycle(ctx, name, b); err != nil {
		return fmt.Errorf("lifecycle: %w", err)
	}
	return nil
}

func (r *root) setVersioning(ctx context.Context, name string, b Bucket) error {
	live, err := r.s3.GetBucketVersioning(ctx, name)
	if err != nil {
		return err
	}
	switch {
	case b.versioned() && !live.Enabled():
		return r.s3.EnableVersioning(ctx, name)
	case !b.versioned() && live.Enabled():
		return r.s3.SuspendVersioning(ctx, name)
	}
	return nil
}

func (r *root) setQuota(ctx context.Context, name string, b Bucket) error {
	live, err := r.admin.GetBucketQuota(ctx, name)
	if err != nil {
		return err
	}
	want := uint64(b.quota())
	if max(live.Size, live.Quota) == want {
		return nil
	}
	quota := &madmin.BucketQuota{Size: want, Quota: want}
	if want > 0 {
		quota.Type = madmin.HardQuota
	}
	return r.admin.SetBucketQuota(ctx, name, quota)
}

func (r *root) setLifecycle(ctx context.Context, name string, b Bucket) error {
	config := lifecycle.NewConfiguration()
	for i, rule := range b.Lifecycle {
		config.Rules = append(config.Rules, lifecycle.Rule{
			ID: fmt.Sprintf("rule-%d", i), Status: "Enabled",
			RuleFilter:                  lifecycle.Filter{Prefix: value(rule.Prefix)},
			Expiration:                  lifecycle.Expiration{Days: lifecycle.ExpirationDays(number(rule.ExpireDays))},
			NoncurrentVersionExpiration: lifecycle.NoncurrentVersionExpiration{NoncurrentDays: lifecycle.ExpirationDays(number(rule.ExpireNoncurrentDays))},
		})
	}
	if len(config.Rules) == 0 {
		live, err := r.lifecycleOf(ctx, name)
		if err != nil || len(live) == 0 {
			return err
		}
	}
	// An empty configuration is deleted.
	return r.s3.SetBucketLifecycle(ctx, name, config)
}

// removeBucket deletes a bucket, with its objects only if force is set.
func (r *root) removeBucket(ctx context.Context, name string, force bool) error {
	err := r.s3.RemoveBucketWithOptions(ctx, name, s3.RemoveBucketOptions{ForceDelete: force})
	if hasCode(err, "BucketNotEmpty") {
		return fmt.Errorf("the bucket holds objects and was left as it is. Put it back into the configuration with force_destroy = true and apply, "+
			"then take it out again; or empty it first (%w)", err)
	}
	return ignoring(err, "NoSuchBucket")
}
