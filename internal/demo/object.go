package main

import (
	"bytes"
	"context"
	"encoding/base64"
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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// writeAndRead does what a client of the storage does, with the user's own credentials. Its connection goes through the API server,
// since the endpoint is one inside of the cluster.
func writeAndRead(ctx context.Context, cluster *kube.Cluster, c *connection) error {
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(endpoint.Port())
	if err != nil {
		return fmt.Errorf("the endpoint %q has no port: %w", c.Endpoint, err)
	}
	accessKey, secretKey, err := readCredentials(ctx, cluster, c)
	if err != nil {
		return err
	}
	service, _, _ := strings.Cut(endpoint.Hostname(), ".")
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Secure: endpoint.Scheme == "https", Region: c.Region,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialService(ctx, cluster, c.Namespace, service, port)
		}},
	})
	if err != nil {
		return err
	}
	const name, text = "hello.txt", "written and read back through four servers\n"
	if _, err := client.PutObject(ctx, c.Bucket, name, strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{ContentType: "text/plain"}); err != nil {
		return fmt.Errorf("writing s3://%s/%s: %w", c.Bucket, name, err)
	}
	object, err := client.GetObject(ctx, c.Bucket, name, minio.GetObjectOptions{})
	if err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", c.Bucket, name, err)
	}
	got, err := io.ReadAll(object)
	if err := errors.Join(err, object.Close()); err != nil {
		return fmt.Errorf("reading s3://%s/%s: %w", c.Bucket, name, err)
	}
	if !bytes.Equal(got, []byte(text)) {
		return fmt.Errorf("s3://%s/%s holds %q, not what was written", c.Bucket, name, got)
	}
	fmt.Printf("s3://%s/%s: %s", c.Bucket, name, got)
	return nil
}

// readCredentials reads the user's keys from its Secret.
func readCredentials(ctx context.Context, cluster *kube.Cluster, c *connection) (accessKey, secretKey string, err error) {
	ref := kube.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, Namespace: c.Namespace, Name: c.Secret}
	secret, err := cluster.Get(ctx, ref)
	if err != nil {
		return "", "", err
	}
	if secret == nil {
		return "", "", fmt.Errorf("%s does not exist", ref)
	}
	var keys [2]string
	for i, key := range []string{"access_key", "secret_key"} {
		encoded, _, _ := unstructured.NestedString(secret.Object, "data", key)
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(raw) == 0 {
			return "", "", fmt.Errorf("%s has no usable key %s", ref, key)
		}
		keys[i] = string(raw)
	}
	return keys[0], keys[1], nil
}

// dialService connects to a running pod behind a Service.
func dialService(ctx context.Context, cluster *kube.Cluster, namespace, name string, port int) (net.Conn, error) {
	ref := kube.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Service"}, Namespace: namespace, Name: name}
	service, err := cluster.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if service == nil {
		return nil, fmt.Errorf("%s does not exist", ref)
	}
	selector, _, err := unstructured.NestedStringMap(service.Object, "spec", "selector")
	if err != nil {
		return nil, err
	}
	pods, err := cluster.List(ctx, schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, namespace, labels.SelectorFromSet(selector).String())
	if err != nil {
		return nil, err
	}
	for _, pod := range pods {
		if phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase"); phase == "Running" {
			return cluster.Dial(ctx, namespace, pod.GetName(), port)
		}
	}
	return nil, fmt.Errorf("no pod of %s runs", ref)
}
