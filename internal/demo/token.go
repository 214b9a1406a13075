package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// Where the API of the example finds the token that it asks for.
const (
	tokenSecret = "api-credentials"
	tokenKey    = "API_TOKEN"
)

// apiToken gives the token of the API: that which it has, else a new one.
func apiToken(ctx context.Context, cluster *kube.Cluster, namespace string) (string, error) {
	secret, err := cluster.Get(ctx, secretRef(namespace, tokenSecret))
	if err != nil || secret == nil {
		return rand.Text(), err
	}
	values, err := secretValues(secret, tokenKey)
	return values[tokenKey], err
}

func secretRef(namespace, name string) kube.Ref {
	return kube.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, Namespace: namespace, Name: name}
}

// readSecret gives values of a Secret by their keys.
func readSecret(ctx context.Context, cluster *kube.Cluster, namespace, name string, keys ...string) (map[string]string, error) {
	secret, err := cluster.Get(ctx, secretRef(namespace, name))
	if err != nil {
		return nil, err
	}
	if secret == nil {
		return nil, fmt.Errorf("%s does not exist", secretRef(namespace, name))
	}
	return secretValues(secret, keys...)
}

func secretValues(secret *unstructured.Unstructured, keys ...string) (map[string]string, error) {
	out := map[string]string{}
	for _, key := range keys {
		encoded, _, _ := unstructured.NestedString(secret.Object, "data", key)
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(raw) == 0 {
			return nil, errors.New("Secret " + secret.GetName() + " has no usable key " + key)
		}
		out[key] = string(raw)
	}
	return out, nil
}
