// Package requirements is about Python packages of the users' own, which pip installs
// before a program starts.
package requirements

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// Requirements are Python packages.
type Requirements struct {
	Packages      []string `tfsdk:"packages"`
	File          *string  `tfsdk:"file"`
	IndexURL      *string  `tfsdk:"index_url"`
	Credentials   *string  `tfsdk:"index_credentials"`
	RequireHashes *bool    `tfsdk:"require_hashes"`
}

// Attributes are those of Requirements.
func Attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"packages": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			Validators:          []validator.List{listvalidator.SizeAtLeast(1), validate.Each{Text: requirement()}, listvalidator.ExactlyOneOf(path.MatchRelative().AtParent().AtName("file"))},
			MarkdownDescription: "Packages, for instance `pandas==2.3.3`. Set this or `file`.",
		},
		"file": schema.StringAttribute{
			Optional: true, Validators: []validator.String{requirementsFile()},
			MarkdownDescription: "Content of a requirements file, for instance `file(\"${path.module}/requirements.txt\")`. Lines may go on after a `\\` and have hashes; options other than `--hash` are refused.",
		},
		"index_url": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.URL("https", "http")},
			MarkdownDescription: "Package index to use, for instance `https://pypi.example.com/simple`. Default: what the image says, else PyPI. One without TLS is trusted.",
		},
		"index_credentials": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.ObjectName(), stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("index_url"))},
			MarkdownDescription: "Secret in the same namespace with the keys `username` and `password` for the index.",
		},
		"require_hashes": schema.BoolAttribute{Optional: true, MarkdownDescription: "Install only what has the hashes that `file` gives, for all packages and what they depend on. Default: `false`, but `true` as soon as there is a hash."},
	}
}
