package airflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/httpjson"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// client uses the REST API as the first administrator, through the API server of
// Kubernetes.
type client struct {
	http *http.Client
	// base is the URL that every path is below. Where its host leads is the matter of
	// the tunnel.
	base string
	// authorization is the header of every request, "" before the sign-in.
	authorization string
}

// signIn connects as the first administrator, whom the model must have.
func signIn(ctx context.Context, m *Model, reach workload.Reach) (*client, error) {
	account, err := reach.Secret(ctx, keyAdmin)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return reach.Dial(ctx, keyService, apiPort)
		},
		ResponseHeaderTimeout: 30 * time.Second,
	}
	c := &client{http: &http.Client{Transport: transport, Timeout: time.Minute}, base: "http://localhost" + m.prefix()}
	var answer struct {
		Token string `json:"access_token"`
	}
	body := map[string]string{"username": string(account[userKey]), "password": string(account[passwordKey])}
	if err := c.send(ctx, http.MethodPost, "/auth/token", body, &answer); err != nil {
		c.close()
		if p, ok := errors.AsType[*problem](err); ok && p.status == http.StatusUnauthorized {
			return nil, fmt.Errorf("the first administrator's password is not accepted. Was it changed outside of Terraform? Change admin.rotate to have a new one set: %w", err)
		}
		return nil, fmt.Errorf("the first administrator cannot sign in to Airflow: %w", err)
	}
	c.authorization = "Bearer " + answer.Token
	return c, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// problem is an answer that is not a success.
type problem struct {
	status int
	// Detail is text, or what else Airflow has to say.
	Detail any `json:"detail"`
}

// Error says what Airflow said.
func (p *problem) Error() string {
	if p.Detail == nil {
		return fmt.Sprintf("Airflow answers %d %s", p.status, http.StatusText(p.status))
	}
	return fmt.Sprintf("Airflow answers %d: %v", p.status, p.Detail)
}

// send sends a request with a body in JSON, and decodes the answer if there is one to
// decode it to.
func (c *client) send(ctx context.Context, method, path string, body, answer any) error {
	status, data, err := httpjson.Send(ctx, c.http, method, c.base+path, c.authorization, body)
	if err != nil {
		return err
	}
	if status >= http.StatusMultipleChoices {
		p := &problem{status: status}
		_ = json.Unmarshal(data, p) // what a proxy says need not be JSON
		return p
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}
