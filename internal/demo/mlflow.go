package main

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// model is what the example registers in MLflow.
const model = "gutenberg-richter"

// mlflow is a user of MLflow's REST API.
type mlflow struct{ *api }

// newMLflow signs in as the first administrator.
func newMLflow(ctx context.Context, cluster *kube.Cluster, namespace string, made *outputs) (*mlflow, error) {
	u := made.UI.Value["MLflow"]
	values, err := readSecret(ctx, cluster, namespace, u.Secret, u.Keys...)
	if err != nil {
		return nil, err
	}
	m := &mlflow{newAPI(cluster, namespace, made.MLflow.Value)}
	m.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(values[u.Keys[0]]+":"+values[u.Keys[1]]))
	return m, nil
}

// modelVersion is a version of a registered model.
type modelVersion struct {
	Version string `json:"version"`
	RunID   string `json:"run_id"`
	Source  string `json:"source"`
}

// champion is the version of the model that the pipeline has chosen.
func (m *mlflow) champion(ctx context.Context) (*modelVersion, error) {
	var answer struct {
		Version modelVersion `json:"model_version"`
	}
	query := url.Values{"name": {model}, "alias": {"champion"}}.Encode()
	err := m.ask(ctx, http.MethodGet, "/api/2.0/mlflow/registered-models/alias?"+query, nil, &answer)
	return &answer.Version, err
}

// experimentOf is the id of the experiment that a run belongs to.
func (m *mlflow) experimentOf(ctx context.Context, run string) (string, error) {
	var answer struct {
		Run struct {
			Info struct {
				Experiment string `json:"experiment_id"`
			} `json:"info"`
		} `json:"run"`
	}
	err := m.ask(ctx, http.MethodGet, "/api/2.0/mlflow/runs/get?"+url.Values{"run_id": {run}}.Encode(), nil, &answer)
	return answer.Run.Info.Experiment, err
}
