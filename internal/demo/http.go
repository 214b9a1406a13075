package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

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
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if a.authorization != "" {
		request.Header.Set("Authorization", a.authorization)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return &statusError{method + " " + path, response.StatusCode, string(data)}
	}
	return json.Unmarshal(data, answer)
}
