package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/httpjson"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

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

// api is a JSON API inside of the cluster.
type api struct {
	client *http.Client
	// url is that of the API, and authorization the header that each request has.
	url, authorization string
}

func newAPI(cluster *kube.Cluster, namespace, url string) *api {
	transport := through(cluster, namespace)
	// A connection is one to a pod, which may have gone until the next request.
	transport.DisableKeepAlives = true
	return &api{client: &http.Client{Transport: transport, Timeout: time.Minute}, url: url}
}

// statusError is an answer that is no success.
type statusError struct {
	request string
	status  int
	body    string
}

// Error says what was asked, and what was answered.
func (e *statusError) Error() string {
	return fmt.Sprintf("%s answers %d: %s", e.request, e.status, e.body)
}

// ask sends a request with a body, unless that is nil, and decodes the answer.
func (a *api) ask(ctx context.Context, method, path string, body, answer any) error {
	status, data, err := httpjson.Send(ctx, a.client, method, a.url+path, a.authorization, body)
	if err != nil {
		return err
	}
	if status >= http.StatusMultipleChoices {
		return &statusError{method + " " + path, status, string(data)}
	}
	return json.Unmarshal(data, answer)
}
