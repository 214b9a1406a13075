package spark

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// maxScript is what a ConfigMap may hold, in bytes.
const maxScript = 1 << 20

// refusal adds an error to the diagnostics.
type refusal func(at path.Path, summary, detail string)

// check finds what contradicts itself.
func check(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	refuse := func(at path.Path, summary, detail string) { diags.AddAttributeError(at, summary, detail) }
	switch {
	case (m.Script == nil) == (m.MainFile == nil):
		refuse(path.Root("script"), "Exactly one application is needed", "Set script, or main_file, and not both.")
	case m.Script != nil && m.MainClass != nil:
		refuse(path.Root("main_class"), "A script has no class", "Remove main_class, or name a jar by main_file instead of script.")
	}
	if m.Script != nil && len(*m.Script) > maxScript {
		refuse(path.Root("script"), "The script is too long", "A ConfigMap holds at most 1 MiB. Put the application into the image or on S3, and name it by main_file.")
	}
	if most := longestName(m.Schedule != nil); len(m.Name) > most {
		refuse(path.Root("name"), "The name is too long", fmt.Sprintf("It has %d characters, and may have %d here: Spark makes the names of the executors of it. Choose a shorter one.", len(m.Name), most))
	}
	if m.Once != nil && m.Schedule != nil {
		refuse(path.Root("once"), "The application runs once or on a schedule", "Remove once, or schedule.")
	}
	checkGang(m, refuse)
	checkSession(&m.Session, refuse)
	return diags
}

// checkGang refuses what a PodGroup of Volcano is not made for.
func checkGang(m *Model, refuse refusal) {
	if b := m.BatchScheduler; !b.is(volcano) || !valueOr(b.Gang, false) {
		return
	}
	if m.Schedule != nil {
		refuse(path.Root("batch_scheduler").AtName("gang"), "Volcano makes no gangs of scheduled runs",
			"All runs share one PodGroup, for which Volcano looks for room once. Remove gang, or schedule; or take yunikorn.")
	}
}

// checkSession finds what contradicts itself in what all drivers with executors have.
func checkSession(m *Session, refuse refusal) {
	checkJars(m, refuse)
	if s := m.Scratch; s != nil && s.EmptyDir != nil && s.Ephemeral != nil {
		refuse(path.Root("scratch"), "At most one volume is possible", "Set empty_dir or ephemeral, and not both.")
	}
	if e := m.EventLog; e != nil && e.Directory == nil && (m.S3 == nil || m.S3.Bucket == nil) {
		refuse(path.Root("event_log").AtName("directory"), "The event log has no place", "Set directory, or s3 with a bucket.")
	}
	checkAllocation(m, refuse)
	checkBatchScheduler(m.BatchScheduler, refuse)
	checkEnv(m, path.Root(roleDriver), driverEnv(m), ownVariables, refuse)
	checkEnv(m, path.Root(roleExecutor), executorEnv(m), nil, refuse)
}

// checkJars finds what contradicts itself about where jars come from.
func checkJars(m *Session, refuse refusal) {
	if c := m.IvyCache; c != nil && (c.Claim == nil) == (c.NewClaim == nil) {
		refuse(path.Root("ivy_cache"), "Exactly one volume is needed", "Set new_claim or claim, and not both.")
	}
	if m.S3 == nil && m.S3Jars != nil {
		refuse(path.Root("s3_jars"), "There is no S3 for the jars", "Set s3, or remove s3_jars.")
	}
}

func driverEnv(m *Session) map[string]string {
	if m.Driver == nil {
		return nil
	}
	return m.Driver.Env
}

func executorEnv(m *Session) map[string]string {
	if m.Executor == nil {
		return nil
	}
	return m.Executor.Env
}

func checkAllocation(m *Session, refuse refusal) {
	d := m.DynamicAllocation
	if d == nil {
		return
	}
	if m.Executor != nil && m.Executor.Instances != nil {
		refuse(path.Root("executor").AtName("instances"), "The number of executors is given twice", "dynamic_allocation chooses it. Remove one of them.")
	}
	at := path.Root("dynamic_allocation")
	least := valueOr(d.MinExecutors, 0)
	if least > d.MaxExecutors {
		refuse(at.AtName("min_executors"), "The least number of executors is above the largest", fmt.Sprintf("min_executors is %d and max_executors %d. Lower the one or raise the other.", least, d.MaxExecutors))
	}
	if i := d.InitialExecutors; i != nil && (*i < least || *i > d.MaxExecutors) {
		refuse(at.AtName("initial_executors"), "The initial number of executors is out of range", fmt.Sprintf("It must be between min_executors, %d, and max_executors, %d.", least, d.MaxExecutors))
	}
}

// checkEnv refuses variables that the resource sets itself. reserved are those that no
// attribute decides.
func checkEnv(m *Session, at path.Path, env map[string]string, reserved []string, refuse refusal) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if slices.Contains(reserved, name) {
			refuse(at.AtName("env").AtMapKey(name), "The resource sets this variable itself", name+" has to be what connects driver and executors. Remove it.")
		}
	}
	for attribute, variables := range connectionVariables(m) {
		for _, name := range variables {
			if _, taken := env[name]; taken {
				refuse(at.AtName("env").AtMapKey(name), "The variable is set by an attribute of its own",
					fmt.Sprintf("%s follows from %s. Remove it from env, or remove %s.", name, attribute, attribute))
			}
		}
	}
}
