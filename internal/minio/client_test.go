package minio_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/minio/madmin-go/v3"
	s3 "github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/lifecycle"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// client is a client of the storage outside of the cluster, through port-forward.
type client struct {
	*s3.Client
	transport *http.Transport
}

func (l *lake) transportTo(port int) *http.Transport {
	l.t.Helper()
	cluster, err := kube.New(l.c.Config)
	if err != nil {
		l.t.Fatal(err)
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return cluster.Dial(ctx, l.namespace, "lake-pool-0-0", port)
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
}

func (l *lake) client(user string) *client { return l.clientWith(l.secret("lake-user-" + user)) }

func (l *lake) clientWith(secret map[string][]byte) *client {
	l.t.Helper()
	transport := l.transportTo(9000)
	c, err := s3.New("lake:9000", &s3.Options{
		Creds:     credentials.NewStaticV4(string(secret["AWS_ACCESS_KEY_ID"]), string(secret["AWS_SECRET_ACCESS_KEY"]), ""),
		Transport: transport, Region: "us-east-1", BucketLookup: s3.BucketLookupPath, Secure: l.secure,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return &client{c, transport}
}

func (c *client) put(ctx context.Context, key, content string) error {
	_, err := c.PutObject(ctx, "raw", key, strings.NewReader(content), int64(len(content)), s3.PutObjectOptions{})
	return err
}

func (c *client) get(ctx context.Context, key string) (string, error) {
	object, err := c.GetObject(ctx, "raw", key, s3.GetObjectOptions{})
	if err != nil {
		return "", err
	}
	defer object.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(object)
	return string(content), err
}

// root is an S3 client with the root credentials.
func (l *lake) root() (*client, *madmin.AdminClient) {
	l.t.Helper()
	secret := l.secret("lake-root")
	c := l.clientWith(map[string][]byte{"AWS_ACCESS_KEY_ID": secret["MINIO_ROOT_USER"], "AWS_SECRET_ACCESS_KEY": secret["MINIO_ROOT_PASSWORD"]})
	admin, err := madmin.NewWithOptions("lake:9000", &madmin.Options{
		Creds:     credentials.NewStaticV4(string(secret["MINIO_ROOT_USER"]), string(secret["MINIO_ROOT_PASSWORD"]), ""),
		Transport: c.transport, Secure: l.secure,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return c, admin
}

func (l *lake) bucketNames() []string {
	l.t.Helper()
	c, _ := l.root()
	buckets, err := c.ListBuckets(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	var out []string
	for _, b := range buckets {
		out = append(out, b.Name)
	}
	return out
}

// tamper changes things behind Terraform's back.
func (l *lake) tamper() {
	l.t.Helper()
	c, admin := l.root()
	ctx := l.t.Context()
	_, detach := admin.DetachPolicy(ctx, madmin.PolicyAssociationReq{User: "ingest", Policies: []string{"raw"}})
	for what, err := range map[string]error{
		"suspending versioning": c.SuspendVersioning(ctx, "raw"),
		"changing a quota":      admin.SetBucketQuota(ctx, "raw", &madmin.BucketQuota{Size: 1 << 30, Quota: 1 << 30, Type: madmin.HardQuota}),
		"removing a lifecycle":  c.SetBucketLifecycle(ctx, "raw", lifecycle.NewConfiguration()),
		"removing a bucket":     c.RemoveBucket(ctx, "scratch"),
		"detaching a policy":    detach,
		"changing a policy": admin.AddCannedPolicy(ctx, "raw", []byte(
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}]}`)),
		"disabling a user": admin.SetUserStatus(ctx, "ingest", madmin.AccountDisabled),
		// Theirs: another bucket, policy and user.
		"making a bucket": c.MakeBucket(ctx, "theirs", s3.MakeBucketOptions{}),
		"making a user":   admin.AddUser(ctx, "theirs", "their-secret-key"),
	} {
		if err != nil {
			l.t.Fatal(fmt.Errorf("%s: %w", what, err))
		}
	}
}

// bucketSettings are the quota in bytes and the number of lifecycle rules of a
// bucket, and whether it is versioned.
func (l *lake) bucketSettings(bucket string) (quota uint64, rules int, versioned bool) {
	l.t.Helper()
	c, admin := l.root()
	ctx := l.t.Context()
	q, err := admin.GetBucketQuota(ctx, bucket)
	if err != nil {
		l.t.Fatal(err)
	}
	if config, err := c.GetBucketLifecycle(ctx, bucket); err == nil {
		rules = len(config.Rules)
	}
	v, err := c.GetBucketVersioning(ctx, bucket)
	if err != nil {
		l.t.Fatal(err)
	}
	return q.Size, rules, v.Enabled()
}

func (l *lake) rootClient() *client {
	l.t.Helper()
	c, _ := l.root()
	return c
}

// deletePodMonitor deletes it behind Terraform's back.
func (l *lake) deletePodMonitor() {
	l.t.Helper()
	c, err := dynamic.NewForConfig(l.c.Config)
	if err != nil {
		l.t.Fatal(err)
	}
	monitors := c.Resource(schema.GroupVersionResource{Group: "monitoring.coreos.com", Version: "v1", Resource: "podmonitors"}).Namespace(l.namespace)
	if err := monitors.Delete(l.t.Context(), "lake", metav1.DeleteOptions{}); err != nil {
		l.t.Fatal(err)
	}
}

// scale sets the number of pods of a StatefulSet as kubectl scale does, and waits
// until they are no more than that.
func (l *lake) scale(set string, replicas int32) {
	l.t.Helper()
	sets := l.c.AppsV1().StatefulSets(l.namespace)
	scale, err := sets.GetScale(l.t.Context(), set, metav1.GetOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	scale.Spec.Replicas = replicas
	if _, err := sets.UpdateScale(l.t.Context(), set, scale, metav1.UpdateOptions{FieldManager: "kubectl-scale"}); err != nil {
		l.t.Fatal(err)
	}
	acctest.Eventually(l.t, time.Minute, func() string {
		if n := len(l.pods()); n > int(replicas) {
			return fmt.Sprintf("there are %d pods", n)
		}
		return ""
	})
}
