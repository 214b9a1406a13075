package kube

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// FieldManager names this provider in the managed fields of what it applies.
const FieldManager = "terraform-provider-analytics"

// ManagedByLabel and its value FieldManager stand on every object of this provider; Observe lists by them.
const ManagedByLabel = "app.kubernetes.io/managed-by"

// ClaimType is the type of the Secrets that this provider keeps for itself. Observe does not list them: they are large and read rarely.
const ClaimType = FieldManager + "/claim"

// Cluster is a connection to one Kubernetes API server. It is safe for concurrent use.
type Cluster struct {
	config  *rest.Config
	rest    rest.Interface // paths in full, for what is no plain object: logs, discovery
	dynamic dynamic.Interface
	cache   *observed
	uid     atomic.Pointer[string] // the identity, once it is known
}

// New returns the cluster behind a configuration. It sends no request.
//
// Everything goes through the dynamic client: the typed clientset would register every API group when the provider starts,
// which the CLI does three times for each plan.
func New(cfg *rest.Config) (*Cluster, error) {
	config := dynamic.ConfigFor(cfg)
	config.GroupVersion = nil
	config.APIPath = "/"
	config.QPS = -1
	if cfg.UserAgent == "" {
		config.UserAgent = FieldManager
	}
	config.WarningHandler = nil
	config.WarningHandlerWithContext = warningsToContext{}
	config.Timeout = 0 // it would end watches too; the transport below limits single requests

	refreshable := config.ExecProvider != nil || config.BearerTokenFile != ""
	if config.BearerTokenFile != "" {
		// client-go's own way keeps the token for a minute, even when it is refused.
		config.Wrap(transport.ResettableTokenSourceWrapTransport(transport.NewCachedFileTokenSource(config.BearerTokenFile)))
		config.BearerToken, config.BearerTokenFile = "", ""
	}
	overTLS, err := rest.TransportFor(config)
	if err != nil {
		return nil, fmt.Errorf("the connection to the Kubernetes API server cannot be set up: %w", err)
	}
	// Around the credentials, not below them: a repeated request then carries a refreshed token.
	client := &http.Client{Transport: newRetrier(overTLS, refreshable)}
	restClient, err := rest.UnversionedRESTClientForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("the connection to the Kubernetes API server cannot be set up: %w", err)
	}
	return &Cluster{config: config, rest: restClient, dynamic: dynamic.New(restClient), cache: newObserved()}, nil
}

// Ref names one object of a cluster.
type Ref struct {
	schema.GroupVersionKind
	Namespace, Name string
}

// RefOf returns the reference to an object.
func RefOf(obj *unstructured.Unstructured) Ref {
	return Ref{GroupVersionKind: obj.GroupVersionKind(), Namespace: obj.GetNamespace(), Name: obj.GetName()}
}

// String is the object as people write it: "StatefulSet data/minio", or "Namespace data".
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// dynamicFor is the client of one kind in one namespace. The namespace is ignored for kinds that have none.
func (c *Cluster) dynamicFor(gvk schema.GroupVersionKind, namespace string) dynamic.ResourceInterface {
	gvr, namespaced := resourceFor(gvk)
	if !namespaced {
		namespace = ""
	}
	return c.dynamic.Resource(gvr).Namespace(namespace)
}

// Identity tells clusters apart: the uid of the namespace kube-system, which lives as long as the cluster. Where that may not be
// read, it is "ca-sha256:" and the hash of the certificate authority, or "host:" and the address where there is no such authority.
// It is asked for until it is known.
func (c *Cluster) Identity(ctx context.Context) (string, error) {
	if uid := c.uid.Load(); uid != nil {
		return *uid, nil
	}
	uid, err := c.cache.once(ctx, "identity", func(ctx context.Context) (any, error) { return c.identity(ctx) })
	if err != nil {
		return "", err
	}
	known := uid.(string) //nolint:forcetypeassert // of the function above
	c.uid.Store(&known)
	return known, nil
}

func (c *Cluster) identity(ctx context.Context) (string, error) {
	system, err := c.dynamicFor(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, "").Get(ctx, "kube-system", metav1.GetOptions{})
	switch {
	case err == nil:
		return string(system.GetUID()), nil
	case !apierrors.IsForbidden(err):
		return "", err
	}
	return c.Fallback()
}

// Fallback is the identity for credentials that may not read the namespace kube-system.
func (c *Cluster) Fallback() (string, error) {
	ca := c.config.CAData
	if len(ca) == 0 && c.config.CAFile != "" {
		var err error
		if ca, err = os.ReadFile(c.config.CAFile); err != nil {
			return "", fmt.Errorf("reading the cluster's certificate authority: %w", err)
		}
	}
	if len(ca) == 0 {
		return "host:" + c.config.Host, nil
	}
	// Trailing white space differs between a kubeconfig and a PEM file of the same authority.
	sum := sha256.Sum256([]byte(strings.TrimSpace(string(ca))))
	return "ca-sha256:" + hex.EncodeToString(sum[:]), nil
}
