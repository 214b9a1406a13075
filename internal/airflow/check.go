package airflow

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// check finds what would not run, or what contradicts itself.
func check(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	diags.Append(checkConfig(m)...)
	diags.Append(checkOptions(m)...)
	diags.Append(checkVariables(m)...)
	if m.Logs != nil && ptr.Deref(m.Logs.Bucket, "") == "" {
		diags.AddAttributeError(path.Root("logs").AtName("bucket"), "The bucket is missing",
			"Logs need a bucket that exists. Set it; of an analytics_minio, set bucket of the user.")
	}
	diags.Append(ptr.Deref(m.Admin, Admin{}).Check(path.Root("admin"))...)
	if m.Admin != nil && !m.administers() {
		diags.AddAttributeError(path.Root("admin"), "The auth manager has no administrator",
			"Only "+fabAuthManager+" keeps users in the database. Remove admin, or auth_manager.")
	}
	if m.Workers != nil && !m.startsPods() {
		diags.AddAttributeError(path.Root("workers"), "No executor starts such pods",
			"workers shapes the pods of the KubernetesExecutor. Add it to executors, or remove workers; with the LocalExecutor tasks run in the pods of scheduler.")
	}
	diags.Append(checkCelery(m)...)
	diags.Append(checkPods(m)...)
	diags.Append(checkPools(m)...)
	diags.Append(checkPgBouncer(m)...)
	diags.Append(checkRequirements(m)...)
	diags.Append(checkBundles(m)...)
	if _, taken := m.Connections[logConnection]; taken {
		diags.AddAttributeError(path.Root("connections").AtMapKey(logConnection), "The id of the connection is taken",
			"The connection to the storage of logs has it, which follows from logs. Choose another id.")
	}
	diags.Append(m.Service.Check(path.Root("service"))...)
	return diags
}

// checkConfig refuses options that follow from attributes.
func checkConfig(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, section := range slices.Sorted(maps.Keys(m.Config)) {
		for _, option := range slices.Sorted(maps.Keys(m.Config[section])) {
			at := path.Root("config").AtMapKey(section).AtMapKey(option)
			if strings.ToLower(option) != option || strings.ContainsAny(option, " =") {
				diags.AddAttributeError(at, "Invalid name of an option", "The name must be as in airflow.cfg: lower case letters, digits and '_'.")
			}
			diags.Append(refuseFixed(section, option, at)...)
		}
	}
	return diags
}

func refuseFixed(section, option string, at path.Path) diag.Diagnostics {
	if by, fixed := fixedOptions[section+"."+option]; fixed {
		return diag.Diagnostics{validate.Owned(at, "option", option+" in section "+section, by)}
	}
	return nil
}

// checkVariables refuses variables that would set what attributes do.
func checkVariables(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(m.Env)) {
		section, option, ok := variableOption(name)
		if !ok {
			continue
		}
		diags.Append(refuseFixed(section, option, path.Root("env").AtMapKey(name))...)
	}
	return diags
}

// variableOption is the option that an environment variable sets.
func variableOption(name string) (section, option string, ok bool) {
	rest, ok := strings.CutPrefix(name, "AIRFLOW__")
	if !ok {
		return "", "", false
	}
	section, option, ok = strings.Cut(strings.ToLower(rest), "__")
	for _, suffix := range []string{"_cmd", "_secret"} {
		option = strings.TrimSuffix(option, suffix)
	}
	return section, option, ok
}

// checkPods refuses settings that do not suit pods of several kinds, or pods that
// end.
func checkPods(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(m.Volumes)) {
		if m.Volumes[name].NewClaim != nil {
			diags.AddAttributeError(path.Root("volumes").AtMapKey(name).AtName("new_claim"), "A volume cannot be made for all pods at once",
				"Each component would get one of its own. Name a claim that exists and that several nodes can mount, or put the volume into the component that needs it.")
		}
	}
	if m.Workers == nil {
		return diags
	}
	for _, name := range slices.Sorted(maps.Keys(m.Workers.ExtraContainers)) {
		if sidecar := m.Workers.ExtraContainers[name].Sidecar; sidecar == nil || !*sidecar {
			diags.AddAttributeError(path.Root("workers").AtName("extra_containers").AtMapKey(name), "The pod of a task would never end",
				"It ends with its last container. Set sidecar = true, and the container ends when the task does.")
		}
	}
	return diags
}
