package provider_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/airflow"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/minio"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/mlflow"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/spark"
)

// The digests are those of the images that run by default, and of no others.
func TestDigestsAreThoseOfTheDefaultImages(t *testing.T) {
	text, err := os.ReadFile("../pod/digests.json")
	if err != nil {
		t.Fatal(err)
	}
	var digests map[string]string
	if err := json.Unmarshal(text, &digests); err != nil {
		t.Fatal(err)
	}
	want := []string{airflow.DefaultImage, airflow.DefaultPgBouncerImage, airflow.DefaultStatsDImage, minio.DefaultImage, mlflow.DefaultImage, spark.DefaultImage}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(digests)); !slices.Equal(got, want) {
		t.Errorf("digests.json has %q, and the defaults are %q", got, want)
	}
}
