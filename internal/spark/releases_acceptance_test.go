package spark_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	s3 "github.com/minio/minio-go/v7"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// releases are the oldest and the newest one that images are made of here.
var releases = []struct{ version, scala string }{{"3.5.9", "2.12"}, {"4.1.2", "2.13"}}

const summed = `
import sys
from pyspark.sql import SparkSession, functions as F

spark = SparkSession.builder.getOrCreate()
source, target = sys.argv[1:]
half = F.udf(lambda v: v // 2, "int")
rows = spark.read.csv(source, header=True, schema="k string, v int").repartition(4)
rows.select("k", half("v").alias("v")).groupBy("k").agg(F.sum("v").alias("sum")).coalesce(1).write.csv(target)
spark.stop()
`

// TestAccSparkReleases runs two applications with each release: one in Python, and one in Java, which is Spark's own shell for SQL. Both read from
// and write to MinIO with the jars that the release's Hadoop needs.
func TestAccSparkReleases(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	storage, client := s.fewRows()
	s.WriteFile("summed.py", summed)
	for _, release := range releases {
		common := fmt.Sprintf(`
  namespace = %q
  image     = "localhost/spark-s3a:%s"
  s3        = analytics_minio.lake.users["spark"].s3
  s3_jars   = "image"
%s`, s.namespace, release.version, strings.Replace(sizes, "instances = 2", "instances = 1", 1))
		s.Configure(`%s
resource "analytics_spark_job" "python" {
  name      = "python"
  script    = file("${path.module}/summed.py")
  arguments = ["s3a://lake/in", "s3a://lake/%[3]s/python"]
  %[2]s
}

resource "analytics_spark_job" "java" {
  name       = "java"
  main_class = "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver"
  main_file  = "local:///opt/spark/jars/spark-hive-thriftserver_%[4]s-%[3]s.jar"
  arguments = [
    "-e",
    "CREATE TEMPORARY VIEW rows (k STRING, v INT) USING csv OPTIONS (path 's3a://lake/in', header true); INSERT OVERWRITE DIRECTORY 's3a://lake/%[3]s/java' USING csv SELECT k, CAST(sum(v) / 2 AS INT) FROM rows GROUP BY k",
  ]
  %[2]s
}
`, storage, common, release.version, release.scala)
		s.Apply().Succeeds()
		s.PlansNothing()
		for _, application := range []string{"python", "java"} {
			if got := s.text(client, release.version+"/"+application+"/"); got != "a,3\nb,4\n" && got != "b,4\na,3\n" {
				t.Errorf("Spark %s, %s: it wrote %q", release.version, application, got)
			}
		}
	}
	s.Destroy().Succeeds()
}

// fewRows brings up a MinIO with a few rows in lake/in. It returns the configuration of that, and of the provider.
func (s *stand) fewRows() (configuration string, client *s3.Client) {
	s.t.Helper()
	configuration = fmt.Sprintf("provider \"analytics\" {\n  config_path = %q\n}\n", s.c.Kubeconfig) + fmt.Sprintf(lake, s.namespace)
	s.Configure("%s", configuration)
	s.Apply().Succeeds()
	client = s.storage()
	s.put(client, "in/rows.csv", "k,v\na,2\na,4\nb,8\n")
	return configuration, client
}

// put writes an object into the bucket.
func (s *stand) put(client *s3.Client, key, text string) {
	s.t.Helper()
	if _, err := client.PutObject(s.t.Context(), "lake", key, strings.NewReader(text), int64(len(text)), s3.PutObjectOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// text is what the files of a folder hold together.
func (s *stand) text(client *s3.Client, prefix string) string {
	s.t.Helper()
	var out strings.Builder
	for _, key := range s.keys(client, prefix) {
		object, err := client.GetObject(s.t.Context(), "lake", key, s3.GetObjectOptions{})
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := io.Copy(&out, object); err != nil {
			s.t.Fatal(err)
		}
	}
	return out.String()
}
