package spark_test

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	s3 "github.com/minio/minio-go/v7"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

//go:embed testdata/summed.R
var summedR string

// TestAccSparkRApplication runs an application in R that Spark fetches from MinIO. A line of it that fails is what the diagnostic shows.
func TestAccSparkRApplication(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	minio := fmt.Sprintf(lake, s.namespace)
	provider := fmt.Sprintf("provider \"analytics\" {\n  config_path = %q\n}\n", s.c.Kubeconfig)
	s.Configure("%s", provider+minio)
	s.Apply().Succeeds()
	client := s.storage()
	put := func(key, text string) {
		if _, err := client.PutObject(t.Context(), "lake", key, strings.NewReader(text), int64(len(text)), s3.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	put("in/rows.csv", "k,v\na,2\na,4\nb,8\n")
	put("summed.R", summedR)
	run := func(source string) {
		s.Configure(`%s
resource "analytics_spark_job" "it" {
  name      = "it"
  namespace = %q
  image     = "localhost/spark-s3a-r:4.1.2"
  main_file = "s3a://lake/summed.R"
  arguments = [%q, "s3a://lake/out"]
  s3        = analytics_minio.lake.users["spark"].s3
  s3_jars   = "image"
%s}
`, provider+minio, s.namespace, source, strings.Replace(sizes, "instances = 2", "instances = 1", 1))
	}
	run("s3a://lake/absent")
	s.Apply().Fails().Says("Path does not exist: s3a://lake/absent", "PATH_NOT_FOUND")
	run("s3a://lake/in")
	s.Apply().Succeeds()
	s.PlansNothing()
	if got := s.text(client, "out/"); got != "a,3\nb,4\n" && got != "b,4\na,3\n" {
		t.Errorf("it wrote %q", got)
	}
	s.Destroy().Succeeds()
}
