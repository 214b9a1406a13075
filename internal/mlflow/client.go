package mlflow

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/httpjson"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// server is a connection to a running MLflow, through the API server.
type server struct {
	http *http.Client
	// base is the URL that every path is below. Its host is one that every server
	// answers to; where it leads is the matter of the tunnel.
	base string
	// authorization is the header of every request, if any.
	authorization string
	// permissions are those that users were seen to have.
	permissions map[string][]permission
}

// newServer connects on the first request. It has nobody's credentials.
func newServer(m *Model, reach workload.Reach) *server {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return reach.Dial(ctx, keyService, serverPort)
		},
		MaxIdleConnsPerHost: 4, ResponseHeaderTimeout: 30 * time.Second,
	}
	return &server{http: &http.Client{Transport: transport, Timeout: time.Minute}, base: "http://localhost" + m.prefix(), permissions: map[string][]permission{}}
}

func (s *server) close() { s.http.CloseIdleConnections() }

// as is the same connection with the credentials of an account's Secret.
func (s *server) as(ctx context.Context, reach workload.Reach, key string) (*server, error) {
	account, err := reach.Secret(ctx, key)
	if err != nil {
		return nil, err
	}
	out := *s
	out.authorization = basicAuthorization(string(account[userKey]), string(account[passwordKey]))
	return &out, nil
}

// basicAuthorization is the header of a user with a password.
func basicAuthorization(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// problem is an answer that is not a success.
type problem struct {
	status  int
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (p *problem) Error() string {
	if p.Message == "" {
		return fmt.Sprintf("MLflow answers %d %s", p.status, http.StatusText(p.status))
	}
	return fmt.Sprintf("MLflow answers %s: %s", p.Code, p.Message)
}

// absent reports whether MLflow does not know what was asked for.
func absent(err error) bool { return hasCode(err, "RESOURCE_DOES_NOT_EXIST") }

func hasCode(err error, code string) bool {
	p, ok := errors.AsType[*problem](err)
	return ok && p.Code == code
}

// refused reports whether MLflow does not take the credentials.
func refused(err error) bool {
	p, ok := errors.AsType[*problem](err)
	return ok && p.status == http.StatusUnauthorized
}

// get asks a path of the API with a query, and decodes the answer.
func (s *server) get(ctx context.Context, path string, query url.Values, answer any) error {
	return s.send(ctx, http.MethodGet, path+"?"+query.Encode(), nil, answer)
}

// send sends a request with a body in JSON, and decodes the answer if there is one to
// decode it to.
func (s *server) send(ctx context.Context, method, path string, body, answer any) error {
	status, data, err := httpjson.Send(ctx, s.http, method, s.base+path, s.authorization, body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		p := &problem{status: status}
		_ = json.Unmarshal(data, p) // what a proxy says need not be JSON
		return p
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}

// healthy asks whether a server answers.
func (s *server) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return s.send(ctx, http.MethodGet, "/health", nil, nil)
}
