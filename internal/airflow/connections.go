package airflow

import (
	"encoding/json"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Connection is one of Airflow's connections, by which tasks find other systems.
type Connection struct {
	Type              string  `tfsdk:"type"`
	Host              *string `tfsdk:"host"`
	Port              *int64  `tfsdk:"port"`
	Login             *string `tfsdk:"login"`
	PasswordWO        *string `tfsdk:"password_wo"`
	PasswordWOVersion *string `tfsdk:"password_wo_version"`
	Schema            *string `tfsdk:"schema"`
	Extra             *string `tfsdk:"extra"`
	ExtraWO           *string `tfsdk:"extra_wo"`
	ExtraWOVersion    *string `tfsdk:"extra_wo_version"`
}

const (
	keyConnections = "Secret/connections"
	keyVariables   = "Secret/variables"
)

// Names become parts of environment variables, in upper case.
var (
	connectionName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	connectionType = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

func connectionsAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Connections of Airflow by id. They become environment variables by way of a Secret, so that `objects` shows revisions only; they do not appear in the " +
			"list of the UI, and cannot be changed there.",
		Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(connectionName, "must have lower case letters, digits and '_'"))},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"type":  schema.StringAttribute{Required: true, MarkdownDescription: "Type of the connection, such as `postgres`, `aws` or `http`.", Validators: []validator.String{stringvalidator.RegexMatches(connectionType, "must be a type of connection in lower case")}},
			"host":  schema.StringAttribute{Optional: true, MarkdownDescription: "Host name or address."},
			"port":  schema.Int64Attribute{Optional: true, MarkdownDescription: "Port.", Validators: []validator.Int64{validate.Port()}},
			"login": schema.StringAttribute{Optional: true, MarkdownDescription: "User."},
			"password_wo": schema.StringAttribute{
				Optional: true, WriteOnly: true, Sensitive: true,
				MarkdownDescription: "Password, which stands in no plan and no state.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1), stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("password_wo_version"))},
			},
			"password_wo_version": schema.StringAttribute{Optional: true, MarkdownDescription: "Change it to have another `password_wo` sent."},
			"schema":              schema.StringAttribute{Optional: true, MarkdownDescription: "Schema: of a database, its name."},
			"extra":               schema.StringAttribute{Optional: true, MarkdownDescription: "Further settings as a JSON object; `jsonencode` makes it.", Validators: []validator.String{jsonObject}},
			"extra_wo": schema.StringAttribute{
				Optional: true, WriteOnly: true, Sensitive: true,
				MarkdownDescription: "The same as `extra`, for what is secret: it stands in no plan and no state. Set one of the two.",
				Validators:          []validator.String{jsonObject, stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("extra_wo_version"))},
			},
			"extra_wo_version": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Change it to have another `extra_wo` sent.",
				Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("extra"))},
			},
		}},
	}
}

func variablesAttribute() schema.Attribute {
	return schema.MapAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "Variables of Airflow by name. They become environment variables by way of a Secret, so that `objects` shows revisions only; they do not appear in the list of the " +
			"UI, and cannot be changed there. The name counts without regard to case.",
		Validators: []validator.Map{mapvalidator.KeysAre(stringvalidator.RegexMatches(connectionName, "must have lower case letters, digits and '_'"))},
	}
}

var jsonObject = validate.Text{
	Allowed: "an object in JSON",
	Forms:   [2]string{`{}`, `{"standin":"b"}`},
	Check: func(s string) error {
		var object map[string]any
		return json.Unmarshal([]byte(s), &object)
	},
}

func connectionVariable(id string) string { return "AIRFLOW_CONN_" + strings.ToUpper(id) }

func variableVariable(name string) string { return "AIRFLOW_VAR_" + strings.ToUpper(name) }

// connectionsSecret holds the connections as URIs, which Airflow reads from
// variables, and their passwords.
func connectionsSecret(m *Model, n names) workload.Object {
	o := secret(n, "connections", map[string]workload.SecretValue{})
	o.Mask = map[string]string{}
	for id, c := range m.Connections {
		variable := connectionVariable(id)
		o.Mask["data["+variable+"]"] = "connections." + id
		var keys []string
		if c.PasswordWOVersion != nil {
			keys = append(keys, "password."+id)
			o.Data["password."+id] = workload.WriteOnly(c.PasswordWO, *c.PasswordWOVersion)
		}
		if c.ExtraWOVersion != nil {
			keys = append(keys, "extra."+id)
			o.Data["extra."+id] = workload.WriteOnly(c.ExtraWO, *c.ExtraWOVersion)
		}
		o.Data[variable] = workload.URLTemplate(c.uri(), keys...)
	}
	return o
}

// uri is the connection as a URI and a format for it: with a verb for the password
// and one for the extra, in this order, where these are write-only.
func (c Connection) uri() string {
	literal := func(text string) string { return strings.ReplaceAll(text, "%", "%%") }
	text := strings.ReplaceAll(c.Type, "_", "-") + "://"
	if c.Login != nil || c.PasswordWOVersion != nil {
		text += literal(escape(ptr.Deref(c.Login, "")))
		if c.PasswordWOVersion != nil {
			text += ":%s"
		}
		text += "@"
	}
	host := ptr.Deref(c.Host, "")
	if c.Port != nil {
		host = net.JoinHostPort(host, strconv.FormatInt(*c.Port, 10))
	}
	text += literal(host) + "/" + literal(escape(ptr.Deref(c.Schema, "")))
	switch {
	case c.ExtraWOVersion != nil:
		text += "?__extra__=%s"
	case c.Extra != nil:
		text += "?__extra__=" + literal(escape(*c.Extra))
	}
	return text
}

func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func variablesSecret(m *Model, n names) workload.Object {
	o := secret(n, "variables", map[string]workload.SecretValue{})
	o.Mask = map[string]string{}
	for name, value := range m.Variables {
		variable := variableVariable(name)
		o.Data[variable] = workload.Plain(value)
		o.Mask["data["+variable+"]"] = "variables." + name
	}
	return o
}

// taskVariables are those of every container that runs tasks or serves what they
// ask for: connections, among them that to the logs, and variables.
func (m *Model) taskVariables(n names) []*corev1ac.EnvVarApplyConfiguration {
	out := append(m.logVariables(n), m.bundleVariables(n)...)
	for _, id := range slices.Sorted(maps.Keys(m.Connections)) {
		out = append(out, pod.FromSecret(connectionVariable(id), n.of("connections"), connectionVariable(id)))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Variables)) {
		out = append(out, pod.FromSecret(variableVariable(name), n.of("variables"), variableVariable(name)))
	}
	return out
}
