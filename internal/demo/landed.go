package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// report is what the automation tells the API.
type report struct {
	Model   string  `json:"model"`
	Version int     `json:"version"`
	Rows    int     `json:"rows"`
	BValue  float64 `json:"b_value"`
	Strong  float64 `json:"expected_at_least_4"`
}

// landing is what a run of the pipeline has left in each of the systems.
type landing struct {
	raw, tables, artifacts, logs int
	application                  application
	version                      modelVersion
	report                       report
}

// landed looks into each system for what a run of the pipeline should have left there, and says what it finds.
func landed(ctx context.Context, cluster *kube.Cluster, namespace, token string, made *outputs, run *dagRun, say func(string)) (*landing, error) {
	var out landing
	for _, place := range []struct {
		user, prefix, by string
		objects          *int
	}{
		{"land", "earthquakes.csv", "analytics_ingestion.land wrote", &out.raw},
		{"spark", "frequencies/", "analytics_spark_job.count wrote", &out.tables},
		{"mlflow", "", "analytics_mlflow.tracking keeps", &out.artifacts},
		{"airflow", "", "analytics_airflow.flow keeps its logs in", &out.logs},
	} {
		s, err := newStorage(ctx, cluster, made.S3.Value[place.user])
		if err != nil {
			return nil, err
		}
		objects, bytes, err := s.below(ctx, place.prefix)
		if err != nil {
			return nil, err
		}
		if objects == 0 {
			return nil, fmt.Errorf("s3://%s/%s is empty", s.bucket, place.prefix)
		}
		*place.objects = objects
		say(fmt.Sprintf("%s s3://%s/%s: %d objects, %d bytes", place.by, s.bucket, place.prefix, objects, bytes))
	}
	shown, err := newHistory(cluster, namespace, made.History.Value).await(ctx, run.Start)
	if err != nil {
		return nil, err
	}
	out.application = *shown
	say(fmt.Sprintf("analytics_spark_history_server.history shows the application %s, which ran for %s", shown.Name, shown.took()))
	logged, err := newMLflow(ctx, cluster, namespace, made)
	if err != nil {
		return nil, err
	}
	version, err := logged.champion(ctx)
	if err != nil {
		return nil, err
	}
	out.version = *version
	say(fmt.Sprintf("analytics_ingestion.train registered version %s of the model %s, from the run %s", version.Version, model, version.RunID))
	last, err := lastReport(ctx, cluster, namespace, made.API.Value, token)
	if err != nil {
		return nil, err
	}
	out.report = *last
	if fmt.Sprint(last.Version) != version.Version || last.Rows == 0 {
		return nil, fmt.Errorf("the API was told of %+v, and the model's version is %s", *last, version.Version)
	}
	say(fmt.Sprintf("analytics_automation.report told the API with its bearer token: of %d earthquakes, each magnitude has %.1f times fewer than the one before", last.Rows, math.Pow(10, last.BValue)))
	return &out, nil
}

// lastReport asks the API for the last report that it has got. Nobody without the token gets one.
func lastReport(ctx context.Context, cluster *kube.Cluster, namespace, address, token string) (*report, error) {
	client := newAPI(cluster, namespace, "http://"+address)
	client.authorization = "Bearer not-the-token"
	var all []report
	var refused *statusError
	if err := client.ask(ctx, http.MethodGet, "/reports", nil, &all); !errors.As(err, &refused) || refused.status != http.StatusUnauthorized {
		return nil, fmt.Errorf("the API does not refuse a wrong token: %w", err)
	}
	client.authorization = "Bearer " + token
	if err := client.ask(ctx, http.MethodGet, "/reports", nil, &all); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("the API has got no report")
	}
	return &all[len(all)-1], nil
}

// durations are how long the tasks of a run took, for people.
func durations(tasks []task) string {
	var text strings.Builder
	for _, t := range tasks {
		fmt.Fprintf(&text, "  %-8s %s\n", t.Name, t.End.Sub(t.Start).Round(time.Second))
	}
	return text.String()
}
