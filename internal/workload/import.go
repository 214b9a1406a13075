package workload

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// ImportState restores the state from the claim, by id ("namespace/name") or by
// identity.
func (r *Resource[M]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	namespace, name, ok := strings.Cut(req.ID, "/")
	if req.ID == "" && req.Identity != nil {
		var given *string
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(r.product.namespaceAttribute()), &given)...)
		if given != nil {
			namespace = *given
		}
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("name"), &name)...)
		if resp.Diagnostics.HasError() {
			return
		}
		ok = true
	}
	form, example := "NAMESPACE/NAME", "default/lake"
	if r.product.clusterScoped() {
		form, example = "NAME, or CLAIM_NAMESPACE/NAME", "team-a"
		if !ok {
			namespace, name, ok = defaultClaimNamespace, req.ID, true
		} else if namespace == "" && req.ID == "" {
			namespace = defaultClaimNamespace
		}
	}
	if !ok || namespace == "" || name == "" {
		resp.Diagnostics.AddError("The import id is not complete",
			fmt.Sprintf("%q does not name a resource. The id has the form %s, for instance %q.", req.ID, form, example))
		return
	}
	if r.unknownSettings() {
		resp.Diagnostics.AddError("The provider's configuration is not known yet",
			fmt.Sprintf("An import needs the cluster. Unknown so far: %s.", strings.Join(r.settings.Unknown, ", ")))
		return
	}
	cluster, diags := r.connect()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	claim := r.claimOf(cluster, namespace, name)
	if err := claim.read(ctx); err != nil {
		resp.Diagnostics.Append(problem("Claim", claim.ref, err))
		return
	}
	if claim.phase() != phaseApplied {
		detail := "There is no such Secret"
		if claim.live != nil {
			detail = "Its phase is " + claim.phase() + ": the resource was destroyed, or its creation did not end"
		}
		resp.Diagnostics.AddError("There is nothing to import",
			fmt.Sprintf("The provider keeps what an import needs in %s. %s. Apply the configuration instead: it takes over what is left.", claim.ref, detail))
		return
	}
	content, memory, err := claim.contents()
	if err != nil {
		resp.Diagnostics.AddError("The resource cannot be imported", err.Error())
		return
	}
	value, err := stateValue(content, r.product.fullSchema(ctx).Type().TerraformType(ctx))
	if err != nil {
		resp.Diagnostics.AddError("The resource cannot be imported", fmt.Sprintf("%s holds a state that this provider cannot read: %v", claim.ref, err))
		return
	}
	identity, err := cluster.Identity(ctx)
	if err == nil {
		memory.Fallback, err = cluster.Fallback()
	}
	if err != nil {
		resp.Diagnostics.Append(clusterProblem(err))
		return
	}
	resp.State.Raw = value
	// The claim may have come here with a backup of another cluster.
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("cluster"), identity)...)
	resp.Diagnostics.Append(r.product.identify(ctx, resp.Identity, namespace, name)...)
	resp.Diagnostics.Append(memory.write(ctx, resp.Private)...)
}
