// Package minio is analytics_minio: distributed, erasure-coded object storage
// with its buckets, policies and users.
package minio

import (
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/credential"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// DefaultImage is a maintained build of MinIO. Upstream is archived and its own
// images are not published any more.
const DefaultImage = "docker.io/pgsty/minio:RELEASE.2026-08-04T00-00-00Z"

// Model is the configuration of analytics_minio.
type Model struct {
	workload.Common
	pod.Settings
	Image           *string           `tfsdk:"image"`
	Pools           []Pool            `tfsdk:"pools"`
	Parity          *int64            `tfsdk:"parity"`
	Region          *string           `tfsdk:"region"`
	RootCredentials *RootCredentials  `tfsdk:"root_credentials"`
	Buckets         map[string]Bucket `tfsdk:"buckets"`
	Policies        map[string]string `tfsdk:"policies"`
	Users           map[string]User   `tfsdk:"users"`
	Service         *expose.Service   `tfsdk:"service"`
	Ingress         *expose.Ingress   `tfsdk:"ingress"`
	TLS             *TLS              `tfsdk:"tls"`
	Console         *bool             `tfsdk:"console"`
	Metrics         *Metrics          `tfsdk:"metrics"`
	Endpoint        *string           `tfsdk:"endpoint"`
	Capacity        *Capacity         `tfsdk:"capacity"`
}

// Pool is a group of servers with the same drives.
type Pool struct {
	Servers      int64   `tfsdk:"servers"`
	Drives       *int64  `tfsdk:"drives"`
	Size         string  `tfsdk:"size"`
	StorageClass *string `tfsdk:"storage_class"`
}

// RootCredentials are those of MinIO's administrator.
type RootCredentials struct {
	credential.Password
	User *string `tfsdk:"user"`
}

// Bucket is a bucket and its settings.
type Bucket struct {
	Versioning   *bool           `tfsdk:"versioning"`
	ObjectLock   *bool           `tfsdk:"object_lock"`
	Quota        *string         `tfsdk:"quota"`
	Lifecycle    []LifecycleRule `tfsdk:"lifecycle"`
	ForceDestroy *bool           `tfsdk:"force_destroy"`
}

// LifecycleRule lets objects expire.
type LifecycleRule struct {
	Prefix               *string `tfsdk:"prefix"`
	ExpireDays           *int64  `tfsdk:"expire_days"`
	ExpireNoncurrentDays *int64  `tfsdk:"expire_noncurrent_days"`
}

// User is a user with credentials of its own.
type User struct {
	Policies []string       `tfsdk:"policies"`
	Bucket   *string        `tfsdk:"bucket"`
	Rotate   *string        `tfsdk:"rotate"`
	S3       *connection.S3 `tfsdk:"s3"`
}

// TLS names a certificate.
type TLS struct {
	Secret string `tfsdk:"secret"`
}

// Metrics are for Prometheus.
type Metrics struct {
	PodMonitor *bool `tfsdk:"pod_monitor"`
}

// Capacity is what the configured drives amount to.
type Capacity struct {
	SetSize           int64 `tfsdk:"set_size"`
	Sets              int64 `tfsdk:"sets"`
	Parity            int64 `tfsdk:"parity"`
	RawBytes          int64 `tfsdk:"raw_bytes"`
	UsableBytes       int64 `tfsdk:"usable_bytes"`
	DriveLossesRead   int64 `tfsdk:"drive_losses_read"`
	DriveLossesWrite  int64 `tfsdk:"drive_losses_write"`
	ServerLossesWrite int64 `tfsdk:"server_losses_write"`
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{1,61})[a-z0-9]$`)
	userName   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{1,38})[a-z0-9]$`)
	policyName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
)

// Product is analytics_minio.
func Product() workload.Product[Model] {
	return workload.Product[Model]{Name: productName, Schema: resourceSchema, Render: render, CheckUpdate: checkUpdate, Remote: remote{}}
}

func resourceSchema() schema.Schema {
	attributes := pod.Attributes("Default: requests of `100m` CPU and `512Mi` memory, and a limit of `1Gi` memory.")
	maps.Copy(attributes, map[string]schema.Attribute{
		"image": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Image of the server. Default: `" + pod.Pinned(DefaultImage) + "`, a maintained fork: upstream MinIO is archived and its own " +
				"images are not published any more. Any image that takes `server …` as arguments does. A change restarts all servers at once.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"pools": schema.ListNestedAttribute{
			Required: true,
			MarkdownDescription: "Server pools. A pool never changes its servers or drives once it is there; capacity is added by growing `size` or by " +
				"a further pool at the end of the list.",
			Validators:   []validator.List{listvalidator.SizeBetween(1, 32)},
			NestedObject: schema.NestedAttributeObject{Attributes: poolAttributes()},
		},
		"parity": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "Parity drives of each erasure set: how many of its drives may be lost without a loss of data. At most half of the set. " +
				"Default: MinIO's, 2 for sets of 4 and 5 drives, 3 for 6 and 7, 4 from 8 on.",
			Validators: []validator.Int64{int64validator.Between(0, 8)},
		},
		"region": schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the region that clients see. Default: `us-east-1`.", Validators: []validator.String{stringvalidator.LengthBetween(1, 63)}},
		"root_credentials": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Credentials of the administrator, kept in the Secret `NAME-root`. They are for the provider and for emergencies; give applications `users`.",
			Attributes: credential.WithPassword(8, map[string]schema.Attribute{
				"user": schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the administrator. Default: `root`.", Validators: []validator.String{stringvalidator.LengthBetween(3, 128)}},
			}),
		},
		"buckets": schema.MapNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Buckets by name.",
			Validators:          []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(bucketName, "must have 3 to 63 lower case letters, digits, '-' and '.'"))},
			NestedObject:        schema.NestedAttributeObject{Attributes: bucketAttributes()},
		},
		"policies": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Policies by name, as JSON documents in the language of S3's policies; `jsonencode` makes them.",
			Validators:          []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(policyName, "must have at most 128 letters, digits, '_', '-' and '.'")), mapvalidator.ValueStringsAre(jsonDocument())},
		},
		"users": schema.MapNestedAttribute{
			Optional: true,
			MarkdownDescription: "Users by name. Each has generated credentials in a Secret of its own, `NAME-user-USER`, with the keys `access_key` and " +
				"`secret_key`, and the same as `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.",
			Validators:   []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(userName, "must have 3 to 40 lower case letters, digits and '-'"))},
			NestedObject: schema.NestedAttributeObject{Attributes: userAttributes()},
		},
		"service": expose.ServiceAttribute("The Service that clients use. It has the resource's name."),
		"ingress": expose.IngressAttribute("Ingress to the S3 API."),
		"tls": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Serve TLS.",
			Attributes: map[string]schema.Attribute{
				"secret": schema.StringAttribute{
					Required: true, Validators: []validator.String{validate.ObjectName()},
					MarkdownDescription: "Secret with the keys `tls.crt`, `tls.key` and `ca.crt`, as cert-manager makes them. The certificate must be for the names of the Service and of the servers, `*.NAME-servers.NAMESPACE.svc.cluster.local`.",
				},
			},
		},
		"console": schema.BoolAttribute{Optional: true, MarkdownDescription: "Serve the web console on port 9001. Default: `false`."},
		"metrics": schema.SingleNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Metrics in Prometheus' format, without authentication, at `/minio/v2/metrics/cluster`.",
			Attributes: map[string]schema.Attribute{
				"pod_monitor": expose.PodMonitorAttribute(""),
			},
		},
		"endpoint": schema.StringAttribute{Computed: true, MarkdownDescription: "URL of the S3 API inside of the cluster."},
		"capacity": schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "What the drives amount to: computed from `pools` and `parity` at plan. Sets and losses are those of the first pool, bytes are of all pools.",
			Attributes: map[string]schema.Attribute{
				"set_size":            schema.Int64Attribute{Computed: true, MarkdownDescription: "Drives of an erasure set."},
				"sets":                schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of erasure sets."},
				"parity":              schema.Int64Attribute{Computed: true, MarkdownDescription: "Parity drives of a set."},
				"raw_bytes":           schema.Int64Attribute{Computed: true, MarkdownDescription: "Size of all drives, in bytes."},
				"usable_bytes":        schema.Int64Attribute{Computed: true, MarkdownDescription: "What is left for data, in bytes."},
				"drive_losses_read":   schema.Int64Attribute{Computed: true, MarkdownDescription: "Drives of a set that may be lost while objects can be read."},
				"drive_losses_write":  schema.Int64Attribute{Computed: true, MarkdownDescription: "Drives of a set that may be lost while objects can be written."},
				"server_losses_write": schema.Int64Attribute{Computed: true, MarkdownDescription: "Servers that may be away while objects can be written."},
			},
		},
	})
	return schema.Schema{
		MarkdownDescription: "Distributed, erasure-coded object storage with the S3 API (MinIO), with its buckets, policies and users.",
		Attributes:          attributes,
	}
}

func poolAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"servers": schema.Int64Attribute{Required: true, MarkdownDescription: "Number of servers, each a pod. One server with one drive stores without redundancy and can never get a further pool.", Validators: []validator.Int64{int64validator.Between(1, 64)}},
		"drives":  schema.Int64Attribute{Optional: true, MarkdownDescription: "Drives of each server, each a volume. Default: 1.", Validators: []validator.Int64{int64validator.Between(1, 32)}},
		"size":    schema.StringAttribute{Required: true, MarkdownDescription: "Size of each drive, for instance `100Gi`. It can grow while the servers run, where the StorageClass allows it, and never shrink.", Validators: []validator.String{validate.Bytes()}},
		"storage_class": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.ObjectName()},
			MarkdownDescription: "StorageClass of the drives. Default: the cluster's default.",
		},
	}
}

func bucketAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"versioning":    schema.BoolAttribute{Optional: true, MarkdownDescription: "Keep old versions of objects. Default: `false`, or `true` with `object_lock`. Once on, it can only be suspended."},
		"object_lock":   schema.BoolAttribute{Optional: true, MarkdownDescription: "Allow objects to be locked against deletion. Only a new bucket can have it. Default: `false`."},
		"quota":         schema.StringAttribute{Optional: true, MarkdownDescription: "Limit of what the bucket may hold, for instance `100Gi`. Default: none.", Validators: []validator.String{validate.Bytes()}},
		"force_destroy": schema.BoolAttribute{Optional: true, MarkdownDescription: "Delete the bucket with all its objects when it is taken out of the configuration. Default: `false`, which refuses to delete a bucket that holds objects."},
		"lifecycle": schema.ListNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Rules after which objects expire.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"prefix":                 schema.StringAttribute{Optional: true, MarkdownDescription: "Objects whose names begin with it. Default: all."},
				"expire_days":            schema.Int64Attribute{Optional: true, MarkdownDescription: "Days after which an object is deleted.", Validators: []validator.Int64{int64validator.AtLeast(1)}},
				"expire_noncurrent_days": schema.Int64Attribute{Optional: true, MarkdownDescription: "Days after which an old version is deleted.", Validators: []validator.Int64{int64validator.AtLeast(1)}},
			}},
		},
	}
}

func userAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"policies": schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "Names of `policies`, or of MinIO's own: `readonly`, `readwrite`, `writeonly`, `diagnostics`, `consoleAdmin`.", Validators: []validator.List{listvalidator.SizeAtLeast(1)}},
		"bucket":   schema.StringAttribute{Optional: true, MarkdownDescription: "Bucket that `s3` names, for consumers that work with one."},
		"rotate":   schema.StringAttribute{Optional: true, MarkdownDescription: "Change it, to any text, to have new credentials generated."},
		"s3":       connection.S3Output("All that a consumer needs to use the storage as this user. It holds no secret."),
	}
}
