package postgres

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// DefaultImage is that of an embedded database. Another major version cannot read
// its files.
const DefaultImage = "docker.io/library/postgres:17"

// DefaultSize is that of the volume of an embedded database.
const DefaultSize = "8Gi"

// Database is the embedded one, with defaults where nothing is set, or an external
// one.
type Database struct {
	Embedded    *Embedded `tfsdk:"embedded"`
	External    *External `tfsdk:"external"`
	Backups     *Backups  `tfsdk:"backups"`
	RestoreFrom *string   `tfsdk:"restore_from"`
}

// Embedded is a Postgres of the resource's own: one pod with a volume.
type Embedded struct {
	pod.Settings
	Image        *string `tfsdk:"image"`
	Size         *string `tfsdk:"size"`
	StorageClass *string `tfsdk:"storage_class"`
}

// External is a database that somebody else keeps.
type External struct {
	Host              string                `tfsdk:"host"`
	Port              *int64                `tfsdk:"port"`
	Name              *string               `tfsdk:"name"`
	User              *string               `tfsdk:"user"`
	PasswordWO        *string               `tfsdk:"password_wo"`
	PasswordWOVersion *string               `tfsdk:"password_wo_version"`
	PasswordSecret    *connection.SecretKey `tfsdk:"password_secret"`
	SSLMode           *string               `tfsdk:"ssl_mode"`
	CASecret          *connection.SecretKey `tfsdk:"ca_secret"`
}

// Attribute is that of a Database. product names what keeps its state there, in a
// sentence.
func Attribute(product string) schema.Attribute {
	embedded := pod.Attributes("Default: requests of `100m` CPU and `256Mi` memory, and a limit of `1Gi` memory.")
	maps.Copy(embedded, map[string]schema.Attribute{
		"image": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.Image()},
			MarkdownDescription: "Image with the contract of the official one. Default: `" + DefaultImage + "`. Another major version cannot read the files of this one: it is refused at plan.",
		},
		"size": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.Bytes()},
			MarkdownDescription: "Size of the volume. It can grow where the StorageClass allows it, and never shrink. Default: `" + DefaultSize + "`.",
		},
		"storage_class": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.ObjectName()},
			MarkdownDescription: "StorageClass of the volume. Default: the cluster's default.",
		},
	})
	backups, restoreFrom := backupAttributes()
	only := objectvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("external"))
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "The Postgres database in which " + product + " keeps its state. Default: an embedded one.",
		Attributes: map[string]schema.Attribute{
			"embedded": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "A Postgres of the resource's own. It is a single pod: while its node is away, so is the database. Its volume and its password " +
					"outlive a destroy.",
				Validators: []validator.Object{only},
				Attributes: embedded,
			},
			"external": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "A Postgres that is there already.",
				Attributes:          externalAttributes(),
			},
			"backups":      backups,
			"restore_from": restoreFrom,
		},
	}
}

func externalAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"host": schema.StringAttribute{Required: true, MarkdownDescription: "Host name or IP address.", Validators: []validator.String{validate.HostName()}},
		"port": schema.Int64Attribute{Optional: true, MarkdownDescription: "Port. Default: 5432.", Validators: []validator.Int64{validate.Port()}},
		"name": schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the database, which must exist. Default: the product's name.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
		"user": schema.StringAttribute{Optional: true, MarkdownDescription: "User, who must own the database. Default: the product's name.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
		"password_wo": schema.StringAttribute{
			Optional: true, WriteOnly: true, Sensitive: true,
			MarkdownDescription: "Password, which stands in no plan and no state. Set this or `password_secret`.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("password_wo_version"))},
		},
		"password_wo_version": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Change it to have another `password_wo` sent.",
			Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("password_secret"))},
		},
		"password_secret": connection.SecretKeyInput("Secret with the password. It is copied, so it may be in another namespace. Set this or `password_wo`.", "password"),
		"ssl_mode": schema.StringAttribute{
			Optional: true, MarkdownDescription: "How much TLS is asked for, in libpq's terms: `disable`, `allow`, `prefer` (default), `require`, `verify-ca` or `verify-full`.",
			Validators: []validator.String{stringvalidator.OneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full")},
		},
		"ca_secret": connection.SecretKeyInput("Secret with the certificate of the authority that signed the server's. `verify-ca` and `verify-full` need it.", "ca.crt"),
	}
}
