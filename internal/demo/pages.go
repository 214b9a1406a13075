package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// page is a page of a user interface.
type page struct {
	// picture is the name of the file, without its ending.
	picture string
	// ui is the name of the user interface among the outputs, and path leads to the page.
	ui, path string
	// header has what signs each request of the browser in.
	header http.Header
	// stored is what the page finds in the browser's storage.
	stored map[string]string
}

// pagesOf are the pages that pictures are taken of: what the newest run of the pipeline has left in each system.
func pagesOf(ctx context.Context, cluster *kube.Cluster, namespace string, made *outputs) ([]page, error) {
	a, err := newAirflow(ctx, cluster, namespace, made.Airflow.Value, made.UI.Value["Airflow"].Secret)
	if err != nil {
		return nil, err
	}
	run, _, err := a.look(ctx, "")
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, fmt.Errorf("the DAG %s has never run", pipeline)
	}
	shown, err := newHistory(cluster, namespace, made.History.Value).await(ctx, run.Start)
	if err != nil {
		return nil, err
	}
	logged, err := newMLflow(ctx, cluster, namespace, made)
	if err != nil {
		return nil, err
	}
	version, err := logged.champion(ctx)
	if err != nil {
		return nil, err
	}
	experiment, err := logged.experimentOf(ctx, version.RunID)
	if err != nil {
		return nil, err
	}
	session, err := signInToConsole(ctx, cluster, namespace, made.UI.Value["MinIO"])
	if err != nil {
		return nil, err
	}
	return []page{
		{picture: "airflow", ui: "Airflow", path: "/dags/" + pipeline + "/runs/" + url.PathEscape(run.ID), header: http.Header{
			"Authorization": {a.authorization}, "Cookie": {"_token=" + a.authorization[len("Bearer "):]},
		}},
		{picture: "spark", ui: "Spark", path: "/history/" + url.PathEscape(shown.ID) + "/jobs/"},
		// Else a notice about the licence covers the page.
		{picture: "minio", ui: "MinIO", path: "/browser", header: http.Header{"Cookie": {session}}, stored: map[string]string{"agpl_minio_license_consent": "true"}},
		{
			picture: "mlflow", ui: "MLflow", path: "/#/experiments/" + url.PathEscape(experiment) + "/runs/" + url.PathEscape(version.RunID) + "?workflowType=machine_learning",
			header: http.Header{"Authorization": {logged.authorization}},
		},
	}, nil
}

// signInToConsole gives the cookie of a session of MinIO's console.
func signInToConsole(ctx context.Context, cluster *kube.Cluster, namespace string, u ui) (string, error) {
	values, err := readSecret(ctx, cluster, namespace, u.Secret, u.Keys...)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{"accessKey": values[u.Keys[0]], "secretKey": values[u.Keys[1]]})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url(namespace).String()+"/api/v1/login", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: through(cluster, namespace)}
	defer client.CloseIdleConnections()
	response, err := client.Do(request) //nolint:bodyclose // drain closes it
	if err != nil {
		return "", err
	}
	defer drain(response.Body)
	for _, cookie := range response.Cookies() {
		if cookie.Name == "token" {
			return cookie.Name + "=" + cookie.Value, nil
		}
	}
	return "", fmt.Errorf("MinIO's console answers %s, and gives no session", response.Status)
}
