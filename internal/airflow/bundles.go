package airflow

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
)

// Bundle is a Git repository with DAG files.
type Bundle struct {
	Repository       string                `tfsdk:"repository"`
	Ref              *string               `tfsdk:"ref"`
	Subdir           *string               `tfsdk:"subdir"`
	Submodules       *bool                 `tfsdk:"submodules"`
	Connection       *string               `tfsdk:"connection"`
	Username         *string               `tfsdk:"username"`
	PasswordSecret   *connection.SecretKey `tfsdk:"password_secret"`
	PrivateKeySecret *connection.SecretKey `tfsdk:"private_key_secret"`
	KnownHosts       *string               `tfsdk:"known_hosts"`
	RefreshInterval  *int64                `tfsdk:"refresh_interval"`
}

const (
	// folderBundle is Airflow's own name of the bundle that is the DAG folder.
	folderBundle = "dags-folder"
	// refreshSeconds is how often a repository is asked for what is new.
	refreshSeconds = 60
)

var (
	bundleName     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)
	repositoryForm = regexp.MustCompile(`^((https?|ssh|git)://[^\s]+|[\w.-]+@[\w.-]+:\S+)$`)
	subdirForm     = regexp.MustCompile(`^[^/\s][^\s]*$`)
)

func bundlesAttribute() schema.Attribute {
	own := func(attribute string) path.Expression { return path.MatchRelative().AtParent().AtName(attribute) }
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Git repositories with DAG files, by the name that the bundle has in Airflow. Each component clones them itself, and a task runs with the version of the files that its " +
			"run began with. The DAG folder, with `dags`, is the bundle `" + folderBundle + "`.",
		Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(bundleName, "must have lower case letters, digits, '_' and '-'"),
			stringvalidator.NoneOf(folderBundle))},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"repository": schema.StringAttribute{
				Required: true, MarkdownDescription: "URL of the repository, such as `https://github.com/example/dags.git` or `git@github.com:example/dags.git`, without credentials.",
				Validators: []validator.String{stringvalidator.RegexMatches(repositoryForm, "must be the URL of a Git repository")},
			},
			"ref":    schema.StringAttribute{Optional: true, MarkdownDescription: "Branch, tag or commit. Default: `main`.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"subdir": schema.StringAttribute{Optional: true, MarkdownDescription: "Folder in the repository that holds the DAG files. Default: all of it.", Validators: []validator.String{stringvalidator.RegexMatches(subdirForm, "must be a path within the repository")}},
			"connection": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Id of one of `connections`, of type `git`, with the credentials: a token as `password_wo`, or for SSH `extra_wo = jsonencode({ private_key = … })`. " +
					"Default: none, for a repository that is open.",
				Validators: []validator.String{stringvalidator.ConflictsWith(own("username"), own("password_secret"), own("private_key_secret"), own("known_hosts"))},
			},
			"username": schema.StringAttribute{
				Optional: true, MarkdownDescription: "User of a repository at `https://`, as `password_secret` needs one: GitHub takes any, GitLab wants `oauth2` with a token. Default: `user`.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.AlsoRequires(own("password_secret"))},
			},
			"password_secret":    connection.SecretKeyInput("Secret with the password or token for a repository at `https://`. It is copied, so it may be in another namespace. Default: none.", "password"),
			"private_key_secret": connection.SecretKeyInput("Secret with the private key for a repository by SSH, without a passphrase. It is copied, so it may be in another namespace. Default: none.", corev1.SSHAuthPrivateKey),
			"known_hosts": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Public keys of the host of a repository by SSH, a line each, as `ssh-keyscan HOST` prints them; another key is refused then. Default: none, and whoever answers first " +
					"in the life of a pod is trusted.",
				Validators: []validator.String{knownHosts, stringvalidator.AlsoRequires(own("private_key_secret"))},
			},
			"submodules":       schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether the submodules of the repository are cloned, too. Default: `false`."},
			"refresh_interval": schema.Int64Attribute{Optional: true, MarkdownDescription: fmt.Sprintf("How often the repository is asked for what is new, in seconds. Default: %d.", refreshSeconds), Validators: []validator.Int64{int64validator.AtLeast(5)}},
		}},
	}
}

// bundleList is the option of Airflow that names all bundles.
func (m *Model) bundleList() string {
	type bundle struct {
		Name      string         `json:"name"`
		ClassPath string         `json:"classpath"`
		Arguments map[string]any `json:"kwargs"`
	}
	list := []bundle{{folderBundle, "airflow.dag_processing.bundles.local.LocalDagBundle", map[string]any{}}}
	for _, name := range slices.Sorted(maps.Keys(m.DAGBundles)) {
		b := m.DAGBundles[name]
		arguments := map[string]any{"repo_url": b.Repository, "tracking_ref": ptr.Deref(b.Ref, "main"), "refresh_interval": ptr.Deref(b.RefreshInterval, refreshSeconds)}
		if b.Subdir != nil {
			arguments["subdir"] = *b.Subdir
		}
		if id := b.connection(name); id != "" {
			arguments["git_conn_id"] = id
		}
		if ptr.Deref(b.Submodules, false) {
			arguments["submodules"] = true
		}
		list = append(list, bundle{name, "airflow.providers.git.bundles.git.GitDagBundle", arguments})
	}
	text, _ := json.Marshal(list) // strings and numbers always can be
	return string(text)
}

// checkBundles refuses repositories that could not be cloned.
func checkBundles(m *Model) diag.Diagnostics {
	diags := m.checkBundleNames()
	for _, name := range slices.Sorted(maps.Keys(m.DAGBundles)) {
		b := m.DAGBundles[name]
		at := path.Root("dag_bundles").AtMapKey(name)
		if _, rest, url := strings.Cut(b.Repository, "://"); url {
			host, _, _ := strings.Cut(rest, "/")
			if user, _, credentials := strings.Cut(host, "@"); credentials && strings.Contains(user, ":") {
				diags.AddAttributeError(at.AtName("repository"), "The URL holds a password", "It would stand in the plan and in the state. Put it into a connection, as password_wo, and name that in connection.")
			}
		}
		diags.Append(b.checkAccess(at)...)
		if b.Connection == nil {
			continue
		}
		if c, there := m.Connections[*b.Connection]; !there || c.Type != "git" {
			diags.AddAttributeError(at.AtName("connection"), "There is no such connection", fmt.Sprintf("connections has no %q of type \"git\". Add it, or correct the id.", *b.Connection))
		}
	}
	return diags
}
