package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

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
	const access, key = "access_key", "secret_key"
	values, err := readSecret(ctx, cluster, c.Namespace, c.Secret, access, key)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewStaticV4(values[access], values[key], ""), Secure: endpoint.Scheme == "https", Region: c.Region,
		Transport: through(cluster, c.Namespace),
	})
	return &storage{client, c.Bucket}, err
}

// below counts the objects of the user's bucket below a prefix, and their bytes.
func (s *storage) below(ctx context.Context, prefix string) (objects int, bytes int64, err error) {
	for info := range s.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if info.Err != nil {
			return 0, 0, fmt.Errorf("listing s3://%s/%s: %w", s.bucket, prefix, info.Err)
		}
		objects++
		bytes += info.Size
	}
	return objects, bytes, nil
}
