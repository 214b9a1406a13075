package spark

import (
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func history() *History {
	return &History{Common: workload.Common{Name: "history"}, S3: lake()}
}

func TestRenderHistoryGolden(t *testing.T) {
	all := history()
	all.Image, all.S3Jars, all.Directory = new("registry.example.com/spark:4.3.0"), new("image"), new("s3a://raw/events")
	all.Retention = &Retention{MaxAge: new("720h"), MaxRuns: new(int64(1000)), Interval: new("12h")}
	all.SparkConfig, all.HadoopConfig = map[string]string{"spark.history.ui.maxApplications": "100"}, map[string]string{"fs.s3a.connection.maximum": "50"}
	all.Replicas, all.Memory = new(int64(2)), new("2Gi")
	all.Settings = pod.Settings{Env: map[string]string{"LEVEL": "debug"}, PriorityClass: new("high")}
	all.Ingress = &expose.Ingress{Host: "spark.example.com"}
	for name, h := range map[string]*History{"history-minimal": history(), "history-full": all} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := renderHistory(h, environment())
			assertGolden(t, name+".yaml", rendering, diags, "url", h.URL)
		})
	}
}

func TestHistoryRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*History)
		at, says string
	}{
		"no place":            {func(h *History) { h.S3 = nil }, "directory", "The event logs have no place"},
		"jars of no s3":       {func(h *History) { h.S3, h.Directory, h.S3Jars = nil, new("hdfs://events"), new("image") }, "s3_jars", "Set s3"},
		"key of an attribute": {func(h *History) { h.SparkConfig = map[string]string{"spark.history.fs.logDirectory": "x"} }, `spark_config["spark.history.fs.logDirectory"]`, "set directory instead"},
		"key of s3":           {func(h *History) { h.HadoopConfig = map[string]string{"fs.s3a.endpoint": "x"} }, `hadoop_config["fs.s3a.endpoint"]`, "follows from s3"},
		"credentials twice":   {func(h *History) { h.Env = map[string]string{"AWS_ACCESS_KEY_ID": "x"} }, `env["AWS_ACCESS_KEY_ID"]`, "follows from s3"},
		"small":               {func(h *History) { h.Memory = new("256Mi") }, "memory", "The heap is too small"},
		"two volumes":         {func(h *History) { h.IvyCache = &IvyCache{} }, "ivy_cache", "Exactly one volume"},
	} {
		h := history()
		c.change(h)
		if _, diags := renderHistory(h, environment()); !refused(diags, c.at, c.says) {
			t.Errorf("%s: got %v", name, diags)
		}
	}
}
