package spark

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Session is a driver with its executors, whatever they are for.
type Session struct {
	Image        *string `tfsdk:"image"`
	SparkVersion *string `tfsdk:"spark_version"`

	Jars     []string `tfsdk:"jars"`
	PyFiles  []string `tfsdk:"py_files"`
	Files    []string `tfsdk:"files"`
	Archives []string `tfsdk:"archives"`

	Packages        []string  `tfsdk:"packages"`
	ExcludePackages []string  `tfsdk:"exclude_packages"`
	Repositories    []string  `tfsdk:"repositories"`
	IvyCache        *IvyCache `tfsdk:"ivy_cache"`

	SparkConfig  map[string]string    `tfsdk:"spark_config"`
	HadoopConfig map[string]string    `tfsdk:"hadoop_config"`
	S3           *connection.S3       `tfsdk:"s3"`
	S3Jars       *string              `tfsdk:"s3_jars"`
	MLflow       *connection.Tracking `tfsdk:"mlflow"`
	EventLog     *EventLog            `tfsdk:"event_log"`

	Driver            *Driver            `tfsdk:"driver"`
	Executor          *Executor          `tfsdk:"executor"`
	DynamicAllocation *DynamicAllocation `tfsdk:"dynamic_allocation"`
	Scratch           *Scratch           `tfsdk:"scratch"`
	BatchScheduler    *BatchScheduler    `tfsdk:"batch_scheduler"`
	Metrics           *Metrics           `tfsdk:"metrics"`

	Requests *Requests `tfsdk:"requests"`
}

// IvyCache keeps packages between runs.
type IvyCache struct {
	NewClaim *pod.Claim `tfsdk:"new_claim"`
	Claim    *string    `tfsdk:"claim"`
}

// EventLog is where Spark writes what its history server shows.
type EventLog struct {
	Directory *string `tfsdk:"directory"`
	Rolling   *bool   `tfsdk:"rolling"`
}

// Size is that of a driver or of an executor.
type Size struct {
	Cores                *int64   `tfsdk:"cores"`
	Memory               *string  `tfsdk:"memory"`
	MemoryOverhead       *string  `tfsdk:"memory_overhead"`
	MemoryOverheadFactor *float64 `tfsdk:"memory_overhead_factor"`
}

// Driver is the pod that runs the application.
type Driver struct {
	Size
	pod.Settings
	GPU *GPU `tfsdk:"gpu"`
}

// Executor is what the driver's executors are made from.
type Executor struct {
	Size
	pod.Settings
	Instances           *int64       `tfsdk:"instances"`
	DeleteOnTermination *bool        `tfsdk:"delete_on_termination"`
	GPU                 *ExecutorGPU `tfsdk:"gpu"`
}

// DynamicAllocation lets Spark choose the number of executors.
type DynamicAllocation struct {
	MinExecutors          *int64 `tfsdk:"min_executors"`
	InitialExecutors      *int64 `tfsdk:"initial_executors"`
	MaxExecutors          int64  `tfsdk:"max_executors"`
	IdleTimeoutSeconds    *int64 `tfsdk:"idle_timeout_seconds"`
	ShuffleTimeoutSeconds *int64 `tfsdk:"shuffle_timeout_seconds"`
}

// Scratch is where Spark keeps shuffle data and what does not fit into memory.
type Scratch struct {
	EmptyDir  *pod.EmptyDir `tfsdk:"empty_dir"`
	Ephemeral *pod.Claim    `tfsdk:"ephemeral"`
}

// Requests is what the pods ask of the cluster.
type Requests struct {
	Driver    *Request `tfsdk:"driver"`
	Executor  *Request `tfsdk:"executor"`
	Executors int64    `tfsdk:"executors"`
	Total     *Request `tfsdk:"total"`
}

// Request is CPU in thousandths of a core and memory in bytes.
type Request struct {
	MilliCPU    int64 `tfsdk:"milli_cpu"`
	MemoryBytes int64 `tfsdk:"memory_bytes"`
}

func sessionAttributes() map[string]schema.Attribute {
	attributes := imageAttributes()
	attributes["requests"] = requestsAttribute()
	attributes["batch_scheduler"], attributes["metrics"] = batchSchedulerAttribute(), metricsAttribute()
	maps.Copy(attributes, dependencyAttributes())
	maps.Copy(attributes, configurationAttributes())
	maps.Copy(attributes, podsAttributes())
	return attributes
}

func imageAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"image": text("Image of driver and executors. Default: `"+pod.Pinned(DefaultImage)+"`. Any image with the entrypoint of Spark's own does.", image()),
		"spark_version": text("Version of Spark in `image`, such as `4.1`. Default: what the image's tag begins with.",
			matching(sparkVersion, "a version such as 4.1 or 4.1.2", "4.0", "4.1")),
	}
}

func dependencyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"jars":             texts("Jars for the class path of driver and executors, named as `main_file` is.", file()),
		"py_files":         texts("Python files (`.py`, `.zip`, `.egg`) that driver and executors can import, named as `main_file` is.", file()),
		"files":            texts("Files for the working directory of each executor, named as `main_file` is.", file()),
		"archives":         texts("Archives that are unpacked in the working directory of each executor, named as `main_file` is; `#NAME` at the end names the folder.", file()),
		"packages":         texts("Maven coordinates `GROUP:ARTIFACT:VERSION` of jars that are downloaded, with what they depend on, when the driver starts.", matching(coordinates, "Maven coordinates, GROUP:ARTIFACT:VERSION", "a:a:1", "b:b:1")),
		"exclude_packages": texts("`GROUP:ARTIFACT` of dependencies of `packages` that are left out.", matching(excluded, "GROUP:ARTIFACT", "a:a", "b:b")),
		"repositories":     texts("URLs of further Maven repositories for `packages`. Default: Maven Central.", file()),
		"ivy_cache": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Volume that keeps what was downloaded for `packages` from one run to the next. Exactly one of its attributes is needed. " +
				"Default: every run downloads anew.",
			Attributes: map[string]schema.Attribute{
				"new_claim": claimAttribute("A PersistentVolumeClaim that this resource creates. It can grow and never shrink. It outlives the resource unless `deletion_policy` is `Delete`."),
				"claim":     text("Name of a PersistentVolumeClaim that exists already.", validate.ObjectName()),
			},
		},
	}
}

func configurationAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"spark_config": schema.MapAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Map{validate.Keys{Text: matching(configKey, "a key without spaces, '=', ':', '#' and '!'", "a", "b")}},
			MarkdownDescription: "Configuration of Spark by key, for instance `\"spark.sql.shuffle.partitions\" = \"16\"`. It is kept in a Secret, and `objects` shows a revision. Keys that follow from other attributes are refused.",
		},
		"hadoop_config": schema.MapAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Map{validate.Keys{Text: matching(configKey, "a key without spaces, '=', ':', '#' and '!'", "a", "b")}},
			MarkdownDescription: "Configuration of Hadoop by key, for instance `\"fs.s3a.connection.maximum\" = \"200\"`; the same as keys of `spark_config` after `spark.hadoop.`.",
		},
		"s3": connection.S3Input("Storage behind `s3a://` URLs: the output `s3` of a user of `analytics_minio`, or another endpoint with a Secret. " +
			"Driver and executors have the credentials as environment variables, from a Secret. A certificate must be of an authority that Java knows."),
		"s3_jars": text("Where the jars for `s3` come from: `packages` (default) downloads Hadoop's S3 connector of the right version, and of the AWS SDK what it needs, as `packages` does; "+
			"with `image` they are in the image, and a run whose image lacks them ends before it begins.",
			stringvalidator.OneOf(jarsFromPackages, jarsInImage)),
		"mlflow": connection.TrackingInput("The MLflow that the application logs to: the output `users[\"NAME\"].tracking` of an `analytics_mlflow`. Driver and executors have the variables that MLflow's clients read: " +
			"`MLFLOW_TRACKING_URI`, `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`. The credentials are copied into a Secret of this resource, from whichever namespace they are in. The client itself must be in the image."),
		"event_log": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Write the events of each run, from which Spark's history server shows it.",
			Attributes: map[string]schema.Attribute{
				"directory": text("URL of the directory. It must exist, unless it is on S3 and `s3_jars` is `image`. Default: `spark-events` in the bucket of `s3`.", file()),
				"rolling":   schema.BoolAttribute{Optional: true, MarkdownDescription: "Write several files, each of 128 MiB at most, instead of one. Default: Spark's, `true` from 4.0 on."},
			},
		},
	}
}

func podsAttributes() map[string]schema.Attribute {
	driver := pod.Attributes("A limit of memory is the size of the container, from which `memory` follows. Default: requests of `cores` CPU, and memory of heap and overhead.")
	maps.Copy(driver, sizeAttributes("driver"))
	driver["gpu"] = driverGPUAttribute()
	executor := pod.Attributes("A limit of memory is the size of the container, from which `memory` follows. Default: requests of `cores` CPU, and memory of heap and overhead.")
	maps.Copy(executor, sizeAttributes("executor"))
	executor["gpu"] = executorGPUAttribute()
	executor["instances"] = number("Number of executors. Not with `dynamic_allocation`. Default: 2.", 1, 10000)
	executor["delete_on_termination"] = schema.BoolAttribute{
		Optional:            true,
		MarkdownDescription: "Delete an executor's pod as soon as it ends. Otherwise it stays, with its state and its log, until the driver's pod goes. Default: `false`, with `dynamic_allocation` `true`.",
	}
	return map[string]schema.Attribute{
		"driver": schema.SingleNestedAttribute{
			Optional: true, Attributes: driver,
			MarkdownDescription: "The pod that runs the application and makes the executors.",
		},
		"executor": schema.SingleNestedAttribute{
			Optional: true, Attributes: executor,
			MarkdownDescription: "What the executors' pods are made from. They belong to the driver's pod and go with it.",
		},
		"dynamic_allocation": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Let Spark add executors while tasks wait, and take idle ones away. Executors that hold shuffle data stay until it is not needed any more, " +
				"and those that go hand their data over to others.",
			Attributes: map[string]schema.Attribute{
				"min_executors":           number("Least number of executors. Default: 0.", 0, 10000),
				"initial_executors":       number("Number of executors at the start. Default: `min_executors`.", 0, 10000),
				"max_executors":           schema.Int64Attribute{Required: true, MarkdownDescription: "Largest number of executors.", Validators: []validator.Int64{int64validator.Between(1, 10000)}},
				"idle_timeout_seconds":    number("How long an executor may be idle, in seconds. Default: 60.", 1, 86400),
				"shuffle_timeout_seconds": number("How long an idle executor that holds shuffle data stays at most, in seconds. Default: for ever.", 1, 30*86400),
			},
		},
		"scratch": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Volume of each pod for shuffle data and for what does not fit into memory. At most one of its attributes may be set. Default: an empty directory on the node.",
			Attributes: map[string]schema.Attribute{
				"empty_dir": schema.SingleNestedAttribute{
					Optional:            true,
					MarkdownDescription: "An empty directory on the node.",
					Attributes: map[string]schema.Attribute{
						"size_limit": text("Largest size in bytes, for instance `20Gi`. A pod that exceeds it is evicted. Default: none.", validate.Bytes()),
						"medium":     text("`Memory` for a directory in memory, which counts against the memory limit. Default: the node's disk.", stringvalidator.OneOf("Memory")),
					},
				},
				"ephemeral": claimAttribute("A PersistentVolumeClaim of its own for each pod, which is lost with the pod."),
			},
		},
	}
}

func sizeAttributes(pod string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"cores":           number("Number of tasks, or threads, that the "+pod+" runs at once. Default: 1.", 1, 256),
		"memory":          text("Heap of the "+pod+"'s JVM in bytes, for instance `2Gi`; at least `512Mi`. Default: `1Gi`.", validate.Bytes()),
		"memory_overhead": text("Memory beside the heap, for Python and for the JVM itself, in bytes. Default: by Spark's formula, `memory_overhead_factor` of the heap and at least `384Mi`.", validate.Bytes()),
		"memory_overhead_factor": schema.Float64Attribute{
			Optional: true, Validators: []validator.Float64{float64validator.Between(0, 10)},
			MarkdownDescription: "Memory beside the heap as a part of the heap. Default: 0.4 for Python and R, 0.1 for jars.",
		},
	}
}

func requestsAttribute() schema.Attribute {
	request := func(description string) schema.Attribute {
		return schema.SingleNestedAttribute{Computed: true, MarkdownDescription: description, Attributes: map[string]schema.Attribute{
			"milli_cpu":    schema.Int64Attribute{Computed: true, MarkdownDescription: "CPU, in thousandths of a core."},
			"memory_bytes": schema.Int64Attribute{Computed: true, MarkdownDescription: "Memory, in bytes."},
		}}
	}
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: "What the pods ask of the cluster, computed at plan as Spark does.",
		Attributes: map[string]schema.Attribute{
			"driver":    request("The driver's pod, without extra containers."),
			"executor":  request("Each executor's pod, without extra containers."),
			"executors": schema.Int64Attribute{Computed: true, MarkdownDescription: "Largest number of executors."},
			"total":     request("The driver with all executors."),
		},
	}
}

func claimAttribute(description string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"size":          schema.StringAttribute{Required: true, MarkdownDescription: "Size in bytes, for instance `10Gi`.", Validators: []validator.String{validate.Bytes()}},
			"storage_class": text("StorageClass of the volume. Default: the cluster's default.", validate.ObjectName()),
			"access_modes": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "`ReadWriteOnce` (default: by the pods of one node), `ReadWriteMany` (by the pods of all nodes) or `ReadWriteOncePod`.",
				Validators: []validator.List{
					listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(),
					listvalidator.ValueStringsAre(stringvalidator.OneOf("ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod")),
				},
			},
		},
	}
}
