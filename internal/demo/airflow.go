package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

const (
	// pipeline is the DAG of the example.
	pipeline = "earthquakes"
	// patience is how long a run of it may take: packages are installed, and executors started.
	patience = 20 * time.Minute
)

// airflow is a user of Airflow's REST API.
type airflow struct{ *api }

// newAirflow signs in as the first administrator.
func newAirflow(ctx context.Context, cluster *kube.Cluster, namespace, url, secret string) (*airflow, error) {
	const user, password = "username", "password"
	values, err := readSecret(ctx, cluster, namespace, secret, user, password)
	if err != nil {
		return nil, err
	}
	a := &airflow{newAPI(cluster, namespace, url)}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := a.ask(ctx, http.MethodPost, "/auth/token", map[string]string{user: values[user], password: values[password]}, &answer); err != nil {
		return nil, err
	}
	a.authorization = "Bearer " + answer.AccessToken
	return a, nil
}

// dagRun is a run of the pipeline.
type dagRun struct {
	ID    string    `json:"dag_run_id"`
	State string    `json:"state"`
	Start time.Time `json:"start_date"`
	End   time.Time `json:"end_date"`
}

// task is a task of a run.
type task struct {
	Name  string    `json:"task_id"`
	State string    `json:"state"`
	Try   int       `json:"try_number"`
	Start time.Time `json:"start_date"`
	End   time.Time `json:"end_date"`
}

const runsPath = "/api/v2/dags/" + pipeline + "/dagRuns"

// runs are those of the pipeline, the newest first.
func (a *airflow) runs(ctx context.Context) ([]dagRun, error) {
	var answer struct {
		Runs []dagRun `json:"dag_runs"`
	}
	err := a.ask(ctx, http.MethodGet, runsPath+"?order_by=-run_after&limit=50", nil, &answer)
	var status *statusError
	if errors.As(err, &status) && status.status == http.StatusNotFound {
		return nil, nil // the DAG processor has not read the file yet
	}
	return answer.Runs, err
}

// trigger begins a run besides the scheduled ones, and returns its id.
func (a *airflow) trigger(ctx context.Context) (string, error) {
	var run dagRun
	err := a.ask(ctx, http.MethodPost, runsPath, map[string]any{"logical_date": nil}, &run)
	return run.ID, err
}

// tasks are those of a run, in the order in which they began.
func (a *airflow) tasks(ctx context.Context, run string) ([]task, error) {
	var answer struct {
		Tasks []task `json:"task_instances"`
	}
	err := a.ask(ctx, http.MethodGet, runsPath+"/"+url.PathEscape(run)+"/taskInstances", nil, &answer)
	slices.SortFunc(answer.Tasks, func(x, y task) int { return x.Start.Compare(y.Start) })
	return answer.Tasks, err
}

// log is that of a task's last try.
func (a *airflow) log(ctx context.Context, run string, t task) (string, error) {
	var answer struct {
		Content []struct {
			Event string `json:"event"`
		} `json:"content"`
	}
	err := a.ask(ctx, http.MethodGet, fmt.Sprintf("%s/%s/taskInstances/%s/logs/%d", runsPath, url.PathEscape(run), t.Name, max(t.Try, 1)), nil, &answer)
	lines := make([]string, len(answer.Content))
	for i, line := range answer.Content {
		lines[i] = line.Event
	}
	return strings.Join(lines, "\n"), err
}

// await waits until a run has succeeded; "" is the newest one, as soon as there is one. say gets what happens.
func (a *airflow) await(ctx context.Context, id string, say func(string)) (*dagRun, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	said := map[string]string{}
	var last error
	for ; ctx.Err() == nil; pause(ctx, 2*time.Second) {
		run, tasks, err := a.look(ctx, id)
		if last = err; err != nil || run == nil {
			continue // a server that starts anew, or a DAG that is not there yet
		}
		for _, t := range tasks {
			if t.State != "" && said[t.Name] != t.State {
				said[t.Name] = t.State
				say(t.Name + " is " + t.State)
			}
		}
		switch run.State {
		case "success":
			return run, nil
		case "failed":
			return nil, a.explain(ctx, *run, tasks)
		}
	}
	return nil, errors.Join(fmt.Errorf("no run of the DAG %s succeeded in %s; its tasks are %v", pipeline, patience, said), last)
}

// look finds a run, "" for the newest one, and its tasks; nil when there is none.
func (a *airflow) look(ctx context.Context, id string) (*dagRun, []task, error) {
	runs, err := a.runs(ctx)
	if err != nil {
		return nil, nil, err
	}
	at := slices.IndexFunc(runs, func(r dagRun) bool { return id == "" || r.ID == id })
	if at < 0 {
		return nil, nil, nil
	}
	tasks, err := a.tasks(ctx, runs[at].ID)
	return &runs[at], tasks, err
}

// explain says why a run failed, with the log of the first task that did.
func (a *airflow) explain(ctx context.Context, run dagRun, tasks []task) error {
	for _, t := range tasks {
		if t.State == "failed" {
			log, err := a.log(ctx, run.ID, t)
			if err != nil {
				log = err.Error()
			}
			return fmt.Errorf("the task %s of the run %s failed:\n%s", t.Name, run.ID, log)
		}
	}
	return fmt.Errorf("the run %s failed", run.ID)
}

// pause waits for a time, or for the end of the context.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
