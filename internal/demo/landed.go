package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/minio/minio-go/v7"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

const (
	// table is the object that the ingestion writes.
	table = "earthquakes.parquet"
	// patience is how long the schedules may take: a minute until they are due, and the installation of the packages.
	patience = 6 * time.Minute
)

// report is what the automation tells the API.
type report struct {
	Object        string  `json:"object"`
	Rows          int     `json:"rows"`
	MeanMagnitude float64 `json:"mean_magnitude"`
	Strongest     struct {
		Time  string  `json:"time"`
		Mag   float64 `json:"mag"`
		Place string  `json:"place"`
	} `json:"strongest"`
}

// landed waits until the ingestion has written its table and the automation has told the API of it, and prints what is where.
func landed(ctx context.Context, cluster *kube.Cluster, s *storage, api, token string) error {
	fmt.Println("Waiting for the schedules, which are due at each full minute.")
	object, err := await(ctx, cluster, "quakes", func() (*minio.ObjectInfo, error) {
		info, err := s.StatObject(ctx, s.bucket, table, minio.StatObjectOptions{})
		if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
			return nil, nil
		}
		return &info, err
	})
	if err != nil {
		return err
	}
	fmt.Printf("analytics_ingestion.quakes wrote s3://%s/%s, %d bytes, at %s.\n", s.bucket, table, object.Size, object.LastModified.Format(time.RFC3339))
	last, err := await(ctx, cluster, "report", func() (*report, error) { return lastReport(ctx, cluster, api, token) })
	if err != nil {
		return err
	}
	if last.Rows == 0 {
		return fmt.Errorf("the automation found no rows in %s", last.Object)
	}
	fmt.Printf("analytics_automation.report read %d rows back, and told the API with its bearer token:\n", last.Rows)
	fmt.Printf("  mean magnitude %.2f, the strongest %.2f, %s, %s\n", last.MeanMagnitude, last.Strongest.Mag, last.Strongest.Place, last.Strongest.Time)
	if status, err := get(ctx, cluster, api, "not-the-token", nil); err != nil || status != http.StatusUnauthorized {
		return fmt.Errorf("the API answers %d to a wrong token: %w", status, err)
	}
	fmt.Println("The API refuses other tokens.")
	return nil
}

// lastReport asks the API for the last report that it has got; nil when there is none.
func lastReport(ctx context.Context, cluster *kube.Cluster, api, token string) (*report, error) {
	var all []report
	status, err := get(ctx, cluster, api, token, &all)
	switch {
	case err != nil:
		return nil, err
	case status != http.StatusOK:
		return nil, fmt.Errorf("the API answers %d", status)
	case len(all) == 0:
		return nil, nil
	}
	return &all[len(all)-1], nil
}

// get asks the API for its reports.
func get(ctx context.Context, cluster *kube.Cluster, api, token string, into any) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+api+"/reports", nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	transport := through(cluster, namespace)
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if into == nil || response.StatusCode != http.StatusOK {
		return response.StatusCode, nil
	}
	return response.StatusCode, json.NewDecoder(response.Body).Decode(into)
}

// await asks until there is an answer. When there is none in time, the error says how the last runs of a schedule went.
func await[T any](ctx context.Context, cluster *kube.Cluster, schedule string, ask func() (*T, error)) (*T, error) {
	for end := time.Now().Add(patience); ; {
		answer, err := ask()
		if answer != nil || err != nil {
			return answer, err
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("nothing came of the schedule %s in %s: %s", schedule, patience, explainRun(ctx, cluster, schedule))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

// explainRun says how the last run of a schedule goes.
func explainRun(ctx context.Context, cluster *kube.Cluster, schedule string) string {
	kind := schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}
	jobs, err := cluster.List(ctx, kind, namespace, labels.Set{"app.kubernetes.io/instance": schedule}.String())
	if err != nil {
		return err.Error()
	}
	if len(jobs) == 0 {
		return "no run has begun"
	}
	last := slices.MaxFunc(jobs, func(a, b unstructured.Unstructured) int {
		return a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time)
	})
	diagnosis := cluster.Explain(ctx, kube.Ref{GroupVersionKind: kind, Namespace: namespace, Name: last.GetName()})
	return diagnosis.Summary + "\n" + diagnosis.Detail
}
