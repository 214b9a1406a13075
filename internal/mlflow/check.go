package mlflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// check finds what would not run, or what contradicts itself.
func check(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.Artifacts == nil || ptr.Deref(m.Artifacts.Bucket, "") == "" {
		diags.AddAttributeError(path.Root("artifacts").AtName("bucket"), "The bucket is missing",
			"Artifacts need a bucket that exists. Set it; of an analytics_minio, set bucket of the user.")
	}
	diags.Append(ptr.Deref(m.Admin, Admin{}).Check(path.Root("admin"))...)
	if _, taken := m.Users[ptr.Deref(m.Admin, Admin{}).user()]; taken {
		diags.AddAttributeError(path.Root("users").AtMapKey(ptr.Deref(m.Admin, Admin{}).user()), "The name is the administrator's",
			"The first administrator has it already, with a password of its own. Choose another name, or give admin.user another.")
	}
	for attribute, contents := range map[string]map[string]Content{"experiments": m.Experiments, "models": m.Models} {
		for _, name := range slices.Sorted(maps.Keys(contents)) {
			diags.Append(checkPermissions(m, path.Root(attribute).AtMapKey(name), contents[name].Permissions)...)
		}
	}
	diags.Append(checkGateway(m)...)
	if m.runsJobs() && m.replicas() > 1 {
		diags.AddAttributeError(path.Root("replicas"), "Jobs run in one replica only",
			fmt.Sprintf("With job_execution = true the queue of jobs is in the server's own pod, and each of %d replicas would run the periodic ones. Set replicas = 1, or remove job_execution.", m.replicas()))
	}
	diags.Append(checkMetrics(m)...)
	diags.Append(m.Service.Check(path.Root("service"))...)
	diags.Append(validate.OwnedKeys(path.Root("env"), "variable", m.Env, fixedVariables)...)
	diags.Append(validate.OwnedKeys(path.Root("env_from_keys"), "variable", m.EnvFromKeys, fixedVariables)...)
	for _, name := range slices.Sorted(maps.Keys(m.Volumes)) {
		if m.Volumes[name].NewClaim != nil {
			diags.AddAttributeError(path.Root("volumes").AtMapKey(name).AtName("new_claim"), "A volume cannot be made for servers and jobs at once",
				"Each would get one of its own. Name a claim that exists and that several nodes can mount.")
		}
	}
	return diags
}

// checkPermissions refuses permissions, for what stands at a path, of users that are not declared.
func checkPermissions(m *Model, at path.Path, permissions map[string]string) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, user := range slices.Sorted(maps.Keys(permissions)) {
		if _, declared := m.Users[user]; !declared {
			diags.AddAttributeError(at.AtName("permissions").AtMapKey(user), "The user does not exist", undeclared(m, user))
		}
	}
	return diags
}

// undeclared says which users there are, and that a name is none of them.
func undeclared(m *Model, user string) string {
	return fmt.Sprintf("%q is not one of users. There are: %s.", user, listed(m.users()))
}

// listed are the names of what there is.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// checkUpdate refuses what would lose data.
func checkUpdate(prior, planned *Model) diag.Diagnostics {
	diags := postgres.CheckVersion("MLflow", prior.version(), planned.version(), prior.Database, planned.Database)
	diags.Append(postgres.CheckUpdate(prior.Database, planned.Database)...)
	return diags
}
