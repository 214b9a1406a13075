package workload

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// impact says in plain words what the planned change does. It looks at the
// difference between what objects held and what it shall hold, and at nothing
// else.
func (p *planner[M]) impact(next view) []string {
	if next == nil {
		return nil
	}
	var prior map[string]map[string]string
	if p.state != nil && !p.moved {
		prior = p.state.Objects
	}
	return describe(prior, next.changesFrom(prior), p.draft.things[0], p.memory, commonOf(p.draft.models[0]).deletesAll(), p.product.Lasts)
}

func (r *Resource[M]) impactOf(a *application[M]) []string {
	next := view{}
	for key, leaves := range a.next {
		next[key] = map[string]*string{}
		for path, text := range leaves {
			next[key][path] = &text
		}
	}
	return describe(a.prior, next.changesFrom(a.prior), a.things, a.memory, commonOf(a.model).deletesAll(), a.product.Lasts)
}

// change is the difference of one object.
type change struct {
	created, deleted bool
	// paths are the leaves that differ or may differ.
	paths []string
	next  map[string]*string
}

// changesFrom compares a view with what objects held.
func (v view) changesFrom(prior map[string]map[string]string) map[string]change {
	changes := map[string]change{}
	for key, leaves := range v {
		old, there := prior[key]
		c := change{created: !there, next: leaves}
		for path, text := range leaves {
			if before, ok := old[path]; !ok || text == nil || *text != before {
				c.paths = append(c.paths, path)
			}
		}
		for path := range old {
			if _, ok := leaves[path]; !ok {
				c.paths = append(c.paths, path)
			}
		}
		if c.created || len(c.paths) > 0 {
			slices.Sort(c.paths)
			changes[key] = c
		}
	}
	for key := range prior {
		if _, wanted := v[key]; !wanted {
			changes[key] = change{deleted: true}
		}
	}
	return changes
}

// describe puts the changes into words. memory is that of the last apply, nil
// before the first. deletesAll is set when nothing outlives its resource. lasts is that
// of the product.
func describe(prior map[string]map[string]string, changes map[string]change, things rendered, memory *private, deletesAll bool, lasts func(string) bool) []string {
	out := []string{}
	if len(prior) == 0 {
		return append(out, fmt.Sprintf("creates %d objects", len(changes)))
	}
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		c := changes[key]
		switch {
		case c.deleted && !deletesAll && memory.keeps(key):
			out = append(out, "keeps "+key+", which the configuration no longer has")
		case c.deleted && lasts != nil && lasts(key):
			out = append(out, "leaves "+key+" as it is")
		case c.deleted:
			out = append(out, describeDeletion(key, prior[key]))
		case c.created:
			out = append(out, "creates "+key)
		default:
			out = append(out, describeChange(key, prior[key], c, things[key], memory)...)
		}
	}
	return out
}

func describeChange(key string, prior map[string]string, c change, t *thing, memory *private) []string {
	kind, _, _ := strings.Cut(key, "/")
	if kind == jobKind {
		return []string{describeJob(key, t, memory)}
	}
	replicas := replicasOf(prior)
	out := describeGrowth(key, kind, prior, c)
	var template, together, replaced, remade, renamed bool
	for _, path := range c.paths {
		next := c.next[path]
		switch {
		case strings.HasPrefix(path, "spec.template."), strings.HasPrefix(path, "spec.jobTemplate."):
			template = true
			together = together || t.Rollout != nil && t.Rollout.Together != nil && t.Rollout.Together(path)
		case path == replicasPath:
			out = append(out, describeScaling(key, kind, replicas, next, c))
		case kind == "StatefulSet" && isRemade(path) && !strings.HasSuffix(path, "."+sizePath):
			remade = true
			renamed = renamed || path == "spec.serviceName"
		case strings.HasPrefix(path, selectorPath) && controllers[kind],
			kind == "Service" && path == "spec.clusterIP" && (next != nil || prior[path] == corev1.ClusterIPNone), strings.HasPrefix(path, "roleRef."):
			replaced = true
		}
	}
	if remade && !replaced {
		out = append(out, fmt.Sprintf("makes %s anew while its pods go on; volumes that exist stay as they are", key))
	}
	switch {
	case slices.Contains(c.paths, "metadata.name") && c.next["metadata.name"] != nil:
		out = append(out, fmt.Sprintf("creates %s under its new name %s, then deletes %s", key, *c.next["metadata.name"], prior["metadata.name"]))
	case replaced && kind == "Service":
		out = append(out, fmt.Sprintf("replaces %s: it is away for a moment, and its address changes", key))
	case replaced && controllers[kind]:
		out = append(out, fmt.Sprintf("replaces %s: stops its %s, then starts new ones", key, pods(replicas)))
	case replaced:
		out = append(out, "replaces "+key)
	case template || renamed:
		out = append(out, describeRollout(key, kind, replicas, together, prior, t))
	}
	if len(out) == 0 {
		out = append(out, fmt.Sprintf("updates %s in place", key))
	}
	return out
}

// describeGrowth names volumes by their templates.
func describeGrowth(key, kind string, prior map[string]string, c change) []string {
	next := view{key: c.next}.known()[key]
	was, is := volumeSizes(prior), volumeSizes(next)
	var out []string
	for _, volume := range slices.Sorted(maps.Keys(is)) {
		old, there := was[volume]
		size := is[volume]
		switch {
		case !there || size.Cmp(old) == 0:
		case size.Cmp(old) < 0:
			out = append(out, fmt.Sprintf("volumes of %s that could not grow to %s grow to %s", key, old.String(), size.String()))
		case kind == claimKind.Kind:
			out = append(out, fmt.Sprintf("%s grows from %s to %s, without a restart", key, old.String(), size.String()))
		default:
			out = append(out, fmt.Sprintf("the %s volumes of %s grow from %s to %s, without a restart", volume, key, old.String(), size.String()))
		}
	}
	return out
}

// replicasOf is the number of pods that an object had, "" where an autoscaler
// chose it.
func replicasOf(prior map[string]string) string { return prior[replicasPath] }

// describeDeletion says what goes with an object that is not wanted any more.
func describeDeletion(key string, prior map[string]string) string {
	kind, _, _ := strings.Cut(key, "/")
	switch kind {
	case "Deployment":
		return fmt.Sprintf("deletes %s and stops its %s", key, pods(replicasOf(prior)))
	case "StatefulSet":
		text := fmt.Sprintf("deletes %s and stops its %s", key, pods(replicasOf(prior)))
		if len(volumeSizes(prior)) > 0 {
			text += "; the volumes stay"
		}
		return text
	default:
		return "deletes " + key
	}
}

func describeScaling(key, kind, from string, to *string, c change) string {
	switch _, kept := c.next[replicasPath]; {
	case !kept:
		return fmt.Sprintf("leaves the number of pods of %s to its autoscaler", key)
	case to == nil:
		return fmt.Sprintf("changes the number of pods of %s, to what is not known yet", key)
	case from == "":
		return fmt.Sprintf("%s goes to %s", key, pods(*to))
	}
	text := fmt.Sprintf("%s goes from %s to %s", key, from, pods(*to))
	was, err1 := strconv.Atoi(from)
	is, err2 := strconv.Atoi(*to)
	if kind == "StatefulSet" && err1 == nil && err2 == nil && is < was {
		text += "; the volumes of those that go stay"
	}
	return text
}

func describeJob(key string, t *thing, memory *private) string {
	var old *record
	if memory != nil {
		old = memory.Records[key]
	}
	if old != nil && old.RunKey == memory.fingerprint(t.RunKey) && (old.Ran || !memory.Incomplete) {
		return key + " does not run again"
	}
	return key + " runs again"
}

func describeRollout(key, kind, replicas string, together bool, prior map[string]string, t *thing) string {
	switch {
	case together:
		return fmt.Sprintf("restarts all %s of %s at once: %s", pods(replicas), key, t.Rollout.Interruption)
	case kind == "CronJob":
		return key + " takes effect with the next run"
	case replicas == "0":
		return key + " has no pods, so none restarts"
	case kind == "StatefulSet" && replicas != "1":
		return fmt.Sprintf("restarts the %s of %s one by one", pods(replicas), key)
	case kind == "StatefulSet":
		return fmt.Sprintf("restarts the pod of %s: it is away until the new one is ready", key)
	case prior["spec.strategy.type"] == "Recreate":
		return fmt.Sprintf("stops the %s of %s, then starts new ones", pods(replicas), key)
	case prior["spec.strategy.rollingUpdate.maxUnavailable"] == "0":
		return fmt.Sprintf("rolls the %s of %s, each replaced when its successor is ready", pods(replicas), key)
	default:
		return fmt.Sprintf("rolls the %s of %s", pods(replicas), key)
	}
}

func pods(number string) string {
	switch number {
	case "":
		return "pods"
	case "1":
		return "1 pod"
	default:
		return number + " pods"
	}
}
