package spark_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

//go:embed testdata/summed.R
var summedR string

// TestAccSparkRApplication runs an application in R that Spark fetches from MinIO. A line of it that fails is what the diagnostic shows.
func TestAccSparkRApplication(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	storage, client := s.fewRows()
	s.put(client, "summed.R", summedR)
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
`, storage, s.namespace, source, strings.Replace(sizes, "instances = 2", "instances = 1", 1))
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
