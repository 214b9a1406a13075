package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// tokenRef is the Secret in which the API finds the token that it asks for.
var tokenRef = kube.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, Namespace: namespace, Name: "api-token"}

// tokenKey is the key in it.
const tokenKey = "token"

// ensureToken gives the token of the API, which is made once.
func ensureToken(ctx context.Context, cluster *kube.Cluster) (string, error) {
	token, err := readToken(ctx, cluster)
	if err != nil || token != "" {
		return token, err
	}
	token = rand.Text()
	object := &unstructured.Unstructured{Object: map[string]any{"data": map[string]any{tokenKey: base64.StdEncoding.EncodeToString([]byte(token))}}}
	object.SetGroupVersionKind(tokenRef.GroupVersionKind)
	object.SetNamespace(tokenRef.Namespace)
	object.SetName(tokenRef.Name)
	_, _, err = cluster.Apply(ctx, object, kube.ApplyOptions{Manager: madeByDemo})
	return token, err
}

// readToken gives the token of the API, "" where there is none.
func readToken(ctx context.Context, cluster *kube.Cluster) (string, error) {
	secret, err := cluster.Get(ctx, tokenRef)
	if err != nil || secret == nil {
		return "", err
	}
	values, err := secretValues(secret, tokenKey)
	return values[tokenKey], err
}

// secretValues gives values of a Secret by their keys.
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
