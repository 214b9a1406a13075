package spark

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// History is the configuration of analytics_spark_history_server.
type History struct {
	workload.Common
	pod.Settings
	Image        *string `tfsdk:"image"`
	SparkVersion *string `tfsdk:"spark_version"`

	Directory    *string        `tfsdk:"directory"`
	S3           *connection.S3 `tfsdk:"s3"`
	S3Jars       *string        `tfsdk:"s3_jars"`
	Repositories []string       `tfsdk:"repositories"`
	IvyCache     *IvyCache      `tfsdk:"ivy_cache"`
	Retention    *Retention     `tfsdk:"retention"`

	SparkConfig  map[string]string `tfsdk:"spark_config"`
	HadoopConfig map[string]string `tfsdk:"hadoop_config"`

	Replicas       *int64  `tfsdk:"replicas"`
	Memory         *string `tfsdk:"memory"`
	MemoryOverhead *string `tfsdk:"memory_overhead"`

	Service *expose.Service `tfsdk:"service"`
	Ingress *expose.Ingress `tfsdk:"ingress"`
	URL     *string         `tfsdk:"url"`
}

// Retention says which event logs are deleted.
type Retention struct {
	MaxAge   *string `tfsdk:"max_age"`
	MaxRuns  *int64  `tfsdk:"max_runs"`
	Interval *string `tfsdk:"interval"`
}

// HistoryProduct is analytics_spark_history_server.
func HistoryProduct() workload.Product[History] {
	return workload.Product[History]{Name: historyProduct, Schema: historySchema, Render: renderHistory}
}

// model is what a history server has of an application.
func (h *History) model() *Model {
	return &Model{Common: h.Common, Session: Session{
		Image: h.Image, SparkVersion: h.SparkVersion, S3: h.S3, S3Jars: h.S3Jars, Repositories: h.Repositories, IvyCache: h.IvyCache,
		SparkConfig: h.SparkConfig, HadoopConfig: h.HadoopConfig, EventLog: &EventLog{Directory: h.Directory},
		Driver: &Driver{Size: Size{Memory: h.Memory, MemoryOverhead: h.MemoryOverhead}, Settings: h.Settings},
	}}
}

func historySchema() schema.Schema {
	attributes := pod.Attributes("A limit of memory is the size of the container, from which `memory` follows. Default: requests of `1` CPU, and memory of heap and overhead.")
	configuration, dependencies := configurationAttributes(), dependencyAttributes()
	maps.Copy(attributes, imageAttributes())
	for _, name := range []string{"spark_config", "hadoop_config", "s3_jars"} {
		attributes[name] = configuration[name]
	}
	for _, name := range []string{"repositories", "ivy_cache"} {
		attributes[name] = dependencies[name]
	}
	maps.Copy(attributes, map[string]schema.Attribute{
		"image":        text("Image of the servers. Default: `"+pod.Pinned(DefaultImage)+"`. It shows the runs of the same and of older versions of Spark.", image()),
		"directory":    text("URL of the directory with the event logs: what `event_log.directory` of the applications is. It must exist, unless it is on S3 and `s3_jars` is `image`. Default: `spark-events` in the bucket of `s3`.", file()),
		"s3":           connection.S3Input("Storage behind `s3a://` URLs: the output `s3` of a user of `analytics_minio`, or another endpoint with a Secret. The servers have the credentials as environment variables, from a Secret. A certificate must be of an authority that Java knows."),
		"repositories": texts("URLs of further Maven repositories for the jars of `s3`. Default: Maven Central.", file()),
		"retention": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Delete the event logs of old runs. Default: none is deleted.",
			Attributes: map[string]schema.Attribute{
				"max_age":  text("How long the event log of a run stays, for instance `720h`. Default: Spark's, `168h`.", validate.Duration()),
				"max_runs": number("Largest number of event logs, of which the oldest go first. Default: no limit.", 1, 1<<31-1),
				"interval": text("How often is looked for what is old. Default: Spark's, `24h`.", validate.Duration()),
			},
		},
		"replicas":        number("Number of servers. Each reads all event logs itself. Default: 1.", 1, 20),
		"memory":          text("Heap of a server's JVM in bytes, for instance `2Gi`; at least `512Mi`. Default: `1Gi`.", validate.Bytes()),
		"memory_overhead": text("Memory beside the heap, for the JVM itself, in bytes. Default: a tenth of the heap and at least `384Mi`.", validate.Bytes()),
		"service":         expose.ServiceAttribute("The Service that browsers use. It has the resource's name and the port 18080."),
		"ingress":         expose.IngressAttribute("Ingress to the servers, which ask nobody who they are."),
		"url":             schema.StringAttribute{Computed: true, MarkdownDescription: "URL of the UI and the API inside of the cluster."},
	})
	return schema.Schema{
		MarkdownDescription: "Spark's history server, which shows the runs of applications from their event logs.",
		Attributes:          attributes,
	}
}
