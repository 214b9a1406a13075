package minio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/minio/madmin-go/v3"
	s3 "github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// server is a connection to a running MinIO, through the API server.
type server struct {
	host      string
	tls       bool
	region    string
	transport *http.Transport
}

// newServer connects on the first request.
func newServer(m *Model, reach workload.Reach) *server {
	return &server{
		host: fmt.Sprintf("%s.%s.svc:%d", m.Name, reach.Namespace(), apiPort), tls: m.TLS != nil, region: region(m),
		transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return reach.Dial(ctx, keyClient, apiPort) },
			// The tunnel is authenticated by the API server and ends at the pod, requests are
			// signed, and secrets in them are encrypted; the certificate may be of an
			// authority that only the cluster knows.
			TLSClientConfig:       &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, //nolint:gosec // see above
			MaxIdleConnsPerHost:   4,
			ResponseHeaderTimeout: 30 * time.Second,
			DisableCompression:    true,
		},
	}
}

func (s *server) close() { s.transport.CloseIdleConnections() }

// healthy asks whether the storage, and not only the process, serves.
func (s *server) healthy(ctx context.Context) error {
	scheme := "http"
	if s.tls {
		scheme = "https"
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+s.host+"/minio/health/cluster", nil)
	if err != nil {
		return err
	}
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only the status matters
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the erasure sets have no write quorum yet: /minio/health/cluster answers %s", resp.Status)
	}
	return nil
}

// root holds the clients that act with the root credentials.
type root struct {
	*server
	admin *madmin.AdminClient
	s3    *s3.Client
}

func (s *server) asRoot(ctx context.Context, reach workload.Reach) (*root, error) {
	secret, err := reach.Secret(ctx, keyRootSecret)
	if err != nil {
		return nil, err
	}
	user, password := string(secret[rootUserKey]), string(secret[rootPasswordKey])
	admin, err := madmin.NewWithOptions(s.host, &madmin.Options{
		Creds: credentials.NewStaticV4(user, password, ""), Secure: s.tls, Transport: s.transport,
	})
	if err != nil {
		return nil, err
	}
	client, err := s.as(user, password)
	if err != nil {
		return nil, err
	}
	return &root{server: s, admin: admin, s3: client}, nil
}

// as is an S3 client with the given credentials.
func (s *server) as(accessKey, secretKey string) (*s3.Client, error) {
	return s3.New(s.host, &s3.Options{
		Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Secure: s.tls, Transport: s.transport,
		Region: s.region, BucketLookup: s3.BucketLookupPath, MaxRetries: 3,
	})
}

// hasCode reports whether MinIO answered with one of the error codes.
func hasCode(err error, codes ...string) bool {
	code := s3.ToErrorResponse(err).Code
	if admin, ok := errors.AsType[madmin.ErrorResponse](err); ok {
		code = admin.Code
	}
	return slices.Contains(codes, code)
}
