package airflow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/httpjson"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// client is a user of Airflow's REST API, through a port-forward.
type client struct {
	s             *stand
	http          *http.Client
	authorization string
}

// login signs in as the first administrator.
func (s *stand) login() *client {
	s.t.Helper()
	cluster, err := kube.New(s.c.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		pods := s.pods("api-server")
		if len(pods) == 0 {
			return nil, fmt.Errorf("there is no API server")
		}
		return cluster.Dial(ctx, s.namespace, pods[0].Name, 8080)
	}}
	s.t.Cleanup(transport.CloseIdleConnections)
	c := &client{s: s, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
	secret := s.secret("flow-admin")
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	acctest.Eventually(s.t, time.Minute, func() string {
		body := map[string]string{"username": string(secret["username"]), "password": string(secret["password"])}
		if err := c.try(http.MethodPost, "/auth/token", body, &answer); err != nil {
			return err.Error()
		}
		return ""
	})
	if answer.AccessToken == "" {
		s.t.Fatal("the administrator got no token")
	}
	c.authorization = "Bearer " + answer.AccessToken
	return c
}

// try sends a request and decodes the answer.
func (c *client) try(method, path string, body, answer any) error {
	status, data, err := httpjson.Send(c.s.t.Context(), c.http, method, "http://flow:8080"+path, c.authorization, body)
	if err != nil {
		return err
	}
	if status >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s answers %d: %s", method, path, status, data)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}

// asks sends the same request again and again, and returns a function that ends it and returns
// what failed.
func (c *client) asks(path string) func() string {
	stop, ended := make(chan struct{}), make(chan struct{})
	var failures []string
	asked := 0
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
			asked++
			if err := c.try(http.MethodGet, path, nil, nil); err != nil {
				failures = append(failures, err.Error())
			}
		}
	}()
	return func() string {
		close(stop)
		<-ended
		c.s.t.Logf("%s was asked for %d times, %d of which failed", path, asked, len(failures))
		if asked < 5 {
			return fmt.Sprintf("%d requests prove nothing", asked)
		}
		return strings.Join(failures, "\n")
	}
}

type dagRun struct {
	ID    string `json:"dag_run_id"`
	State string `json:"state"`
}

// trigger starts a DAG as soon as Airflow knows it, and returns the id of the run.
func (c *client) trigger(dag string) string {
	c.s.t.Helper()
	var run dagRun
	acctest.Eventually(c.s.t, 2*time.Minute, func() string {
		if err := c.try(http.MethodPost, "/api/v2/dags/"+dag+"/dagRuns", map[string]any{"logical_date": nil}, &run); err != nil {
			time.Sleep(time.Second)
			return err.Error()
		}
		return ""
	})
	return run.ID
}

// runs lists the states of the runs of a DAG by id.
func (c *client) runs(dag string) map[string]string {
	c.s.t.Helper()
	var out map[string]string
	acctest.Eventually(c.s.t, time.Minute, func() string {
		var err error
		if out, err = c.tryRuns(dag); err != nil {
			return err.Error()
		}
		return ""
	})
	return out
}

func (c *client) tryRuns(dag string) (map[string]string, error) {
	var answer struct {
		Runs []dagRun `json:"dag_runs"`
	}
	err := c.try(http.MethodGet, "/api/v2/dags/"+dag+"/dagRuns", nil, &answer)
	out := map[string]string{}
	for _, run := range answer.Runs {
		out[run.ID] = run.State
	}
	return out, err
}

// succeeds waits until a run has succeeded.
func (c *client) succeeds(dag, run string) {
	c.s.t.Helper()
	acctest.Eventually(c.s.t, 5*time.Minute, func() string {
		time.Sleep(time.Second)
		runs, err := c.tryRuns(dag)
		switch {
		case err != nil:
			return err.Error()
		case runs[run] == "success":
			return ""
		case runs[run] == "failed":
			var tasks, log json.RawMessage
			_ = c.try(http.MethodGet, "/api/v2/dags/"+dag+"/dagRuns/"+run+"/taskInstances", nil, &tasks)
			_ = c.try(http.MethodGet, "/api/v2/dags/"+dag+"/dagRuns/"+run+"/taskInstances/say/logs/1", nil, &log)
			c.s.t.Fatalf("the run %s of %s failed: %s\n%s", run, dag, tasks, log)
		}
		return "the run is " + runs[run]
	})
}

// logged waits until the log of a task, as the API gives it, has the texts.
func (c *client) logged(dag, run, task string, texts ...string) {
	c.s.t.Helper()
	acctest.Eventually(c.s.t, time.Minute, func() string {
		time.Sleep(time.Second)
		var answer json.RawMessage
		if err := c.try(http.MethodGet, "/api/v2/dags/"+dag+"/dagRuns/"+run+"/taskInstances/"+task+"/logs/1", nil, &answer); err != nil {
			return err.Error()
		}
		for _, text := range texts {
			if !strings.Contains(string(answer), text) {
				return "the log is " + string(answer)
			}
		}
		return ""
	})
}
