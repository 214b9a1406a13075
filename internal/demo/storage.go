package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// storage is a client of the object storage, with the credentials of one of its users.
type storage struct {
	*minio.Client
	bucket string
}

// newStorage connects as the user of a connection. The way goes through the API server, since the endpoint is one inside of the
// cluster.
func newStorage(ctx context.Context, cluster *kube.Cluster, c connection) (*storage, error) {
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, err
	}
	ref := kube.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, Namespace: c.Namespace, Name: c.Secret}
	secret, err := cluster.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		return nil, fmt.Errorf("%s does not exist", ref)
	}
	const access, key = "access_key", "secret_key"
	values, err := secretValues(secret, access, key)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewStaticV4(values[access], values[key], ""), Secure: endpoint.Scheme == "https", Region: c.Region,
		Transport: through(cluster, c.Namespace),
	})
	return &storage{client, c.Bucket}, err
}

// through is an HTTP transport to the Services of a namespace.
func through(cluster *kube.Cluster, namespace string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		host, text, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		port, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		service, _, _ := strings.Cut(host, ".")
		return dialService(ctx, cluster, namespace, service, port)
	}}
}

// writeAndRead does what a client of the storage does.
func (s *storage) writeAndRead(ctx context.Context) error {
	const name, text = "hello.txt", "written and read back through four servers\n"
	if _, err := s.PutObject(ctx, s.bucket, name, strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{ContentType: "text/plain"}); err != nil {
		return fmt.Errorf("writing s3://%s/%s: %w", s.bucket, name, err)
	}
	object, err := s.GetObject(ctx, s.bucket, name, minio.GetObjectOptions{})
	if err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", s.bucket, name, err)
	}
	got, err := io.ReadAll(object)
	if err := errors.Join(err, object.Close()); err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", s.bucket, name, err)
	}
	if !bytes.Equal(got, []byte(text)) {
		return fmt.Errorf("s3://%s/%s holds %q, not what was written", s.bucket, name, got)
	}
	fmt.Printf("s3://%s/%s: %s", s.bucket, name, got)
	return nil
}
