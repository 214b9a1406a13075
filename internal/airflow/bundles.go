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
	"k8s.io/utils/ptr"
)

// Bundle is a Git repository with DAG files.
type Bundle struct {
	Repository      string  `tfsdk:"repository"`
	Ref             *string `tfsdk:"ref"`
	Subdir          *string `tfsdk:"subdir"`
	Connection      *string `tfsdk:"connection"`
	RefreshInterval *int64  `tfsdk:"refresh_interval"`
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
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Git repositories with DAG files, by the name that the bundle has in Airflow. Each component clones them itself, and a task runs with the version of the files that its " +
			"run began with. The DAG folder, with `dags`, is the bundle `" + folderBundle + "`.",
		Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(bundleName, "must have lower case letters, digits, '_' and '-'"),
			stringvalidator.NoneOf(folderBundle))},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"repository": schema.StringAttribute{Required: true, MarkdownDescription: "URL of the repository, such as `https://github.com/example/dags.git` or `git@github.com:example/dags.git`, without credentials.",
				Validators: []validator.String{stringvalidator.RegexMatches(repositoryForm, "must be the URL of a Git repository")}},
			"ref":    schema.StringAttribute{Optional: true, MarkdownDescription: "Branch, tag or commit. Default: `main`.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"subdir": schema.StringAttribute{Optional: true, MarkdownDescription: "Folder in the repository that holds the DAG files. Default: all of it.", Validators: []validator.String{stringvalidator.RegexMatches(subdirForm, "must be a path within the repository")}},
			"connection": schema.StringAttribute{Optional: true, MarkdownDescription: "Id of one of `connections`, of type `git`, with the credentials: a token as `password_wo`, or for SSH `extra_wo = jsonencode({ private_key = … })`. " +
				"Default: none, for a repository that is open."},
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
		if b.Connection != nil {
			arguments["git_conn_id"] = *b.Connection
		}
		list = append(list, bundle{name, "airflow.providers.git.bundles.git.GitDagBundle", arguments})
	}
	text, _ := json.Marshal(list) // strings and numbers always can be
	return string(text)
}

// checkBundles refuses repositories that could not be cloned.
func checkBundles(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(m.DAGBundles)) {
		b := m.DAGBundles[name]
		at := path.Root("dag_bundles").AtMapKey(name)
		if _, rest, url := strings.Cut(b.Repository, "://"); url {
			host, _, _ := strings.Cut(rest, "/")
			if user, _, credentials := strings.Cut(host, "@"); credentials && strings.Contains(user, ":") {
				diags.AddAttributeError(at.AtName("repository"), "The URL holds a password", "It would stand in the plan and in the state. Put it into a connection, as password_wo, and name that in connection.")
			}
		}
		if b.Connection == nil {
			continue
		}
		if c, there := m.Connections[*b.Connection]; !there || c.Type != "git" {
			diags.AddAttributeError(at.AtName("connection"), "There is no such connection", fmt.Sprintf("connections has no %q of type \"git\". Add it, or correct the id.", *b.Connection))
		}
	}
	return diags
}
