// Package credential is what the passwords of all products have in common.
package credential

import (
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Password is one that the user gives, or that is generated.
type Password struct {
	PasswordWO        *string `tfsdk:"password_wo"`
	PasswordWOVersion *string `tfsdk:"password_wo_version"`
	Rotate            *string `tfsdk:"rotate"`
}

// WithPassword adds the attributes of Password to others. least is how many characters
// the product wants at least.
func WithPassword(least int, others map[string]schema.Attribute) map[string]schema.Attribute {
	maps.Copy(others, map[string]schema.Attribute{
		"password_wo": schema.StringAttribute{
			Optional: true, WriteOnly: true, Sensitive: true,
			MarkdownDescription: fmt.Sprintf("Password, %d characters at least, which stands in no plan and no state. Default: a generated one.", least),
			Validators:          []validator.String{stringvalidator.LengthAtLeast(least), stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("password_wo_version"))},
		},
		"password_wo_version": schema.StringAttribute{Optional: true, MarkdownDescription: "Change it to have another `password_wo` sent."},
		"rotate":              schema.StringAttribute{Optional: true, MarkdownDescription: "Change it, to any text, to have a new password generated."},
	})
	return others
}

// Check refuses two sources of one password. at is where the password stands in the
// configuration.
func (p Password) Check(at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	if p.PasswordWOVersion != nil && p.Rotate != nil {
		diags.AddAttributeError(at.AtName("rotate"), "Two sources of one password",
			"rotate has a new password generated, password_wo_version sends one of yours. Keep one of them.")
	}
	return diags
}

// Value is what the Secret of the password holds. length is that of a generated password.
func (p Password) Value(length int) workload.SecretValue {
	if p.PasswordWOVersion != nil {
		return workload.WriteOnly(p.PasswordWO, *p.PasswordWOVersion)
	}
	return workload.Generated(length, ptr.Deref(p.Rotate, ""))
}

// Identity says which password is meant, without the password.
func (p Password) Identity() string {
	return ptr.Deref(p.PasswordWOVersion, "") + "/" + ptr.Deref(p.Rotate, "")
}
