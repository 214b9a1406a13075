package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// matches reports whether the leaf at path of an object is one that others may
// change. A rule's path covers all below it, and "*" in it any one element.
func (i Ignore) matches(kind, name, path string) bool {
	if i.Kind != nil && *i.Kind != kind || i.Name != nil && *i.Name != name {
		return false
	}
	return covers(i.Path, path)
}

func covers(pattern, path string) bool {
	for {
		before, after, star := strings.Cut(pattern, "*")
		if !strings.HasPrefix(path, before) {
			return false
		}
		path = path[len(before):]
		if !star {
			return path == "" || path[0] == '.' || path[0] == '[' || strings.HasSuffix(before, ".") || strings.HasSuffix(before, "]") && path[0] == '.'
		}
		// A name in brackets may have dots.
		ends := ".[]"
		if strings.LastIndex(before, "[") > strings.LastIndex(before, "]") {
			ends = "]"
		}
		end := strings.IndexAny(path, ends)
		if end < 0 {
			end = len(path)
		}
		path = path[end:]
		pattern = after
	}
}

// ignored reports whether one of the rules matches.
func ignored(rules []Ignore, kind, name, path string) bool {
	for _, rule := range rules {
		if rule.matches(kind, name, path) {
			return true
		}
	}
	return false
}

// rules are those of the provider and of a resource.
func (r *Resource[M]) rules(c *Common) []Ignore {
	return append(slices.Clone(r.settings.Ignore), c.Ignore...)
}

// stopIgnoring turns the leaves that were left to others, and are not any more,
// into what another hand changed: the last read left them out. It says in words
// which they are, since the CLI shows the state as it was read.
func (p *private) stopIgnoring(state *Common, rules []Ignore) (changed []string) {
	for _, key := range slices.Sorted(maps.Keys(p.Ignored)) {
		theirs, r := p.Ignored[key], p.Records[key]
		for _, path := range slices.Sorted(maps.Keys(theirs)) {
			live := theirs[path]
			if r == nil || state.Objects[key] == nil || ignored(rules, r.Kind, r.Name, path) {
				continue
			}
			if p.Baseline[key] == nil {
				if p.Baseline == nil {
					p.Baseline = map[string]map[string]string{}
				}
				p.Baseline[key] = maps.Clone(state.Objects[key])
			}
			if live == nil {
				delete(state.Objects[key], path)
				changed = append(changed, fmt.Sprintf("%s: %s is gone.", key, path))
			} else {
				state.Objects[key][path] = *live
				changed = append(changed, fmt.Sprintf("%s: %s is %q.", key, path, *live))
			}
			delete(theirs, path)
		}
	}
	return changed
}

// theirs returns which leaves of an object to be applied stay as they are, nil for
// none: the rules leave them to others, and others have changed them. applied is
// what the last apply has left, as objects shows it.
func (p *private) theirs(key string, applied map[string]string, rendered, live *unstructured.Unstructured, rules []Ignore) func(path string) bool {
	r := p.Records[key]
	if r == nil || live == nil || len(rules) == 0 {
		return nil
	}
	if before, drifted := p.Baseline[key]; drifted {
		applied = before
	}
	_, theirs, _ := p.compare(key, applied, liveLeaves(applied, live), rules)
	// Of what was not applied before, whatever is there is theirs.
	added := map[string]string(kube.Flatten(rendered))
	maps.DeleteFunc(added, func(path, _ string) bool {
		_, known := applied[path]
		return known || !ignored(rules, r.Kind, r.Name, path)
	})
	for path, value := range kube.Drift(added, live) {
		if _, known := applied[path]; !known && value != added[path] {
			theirs[path] = &value
		}
	}
	if len(theirs) == 0 {
		return nil
	}
	return func(path string) bool {
		if !ignored(rules, r.Kind, r.Name, path) {
			return false
		}
		for leaf := range theirs {
			if leaf == path || covers(path, leaf) {
				return true
			}
		}
		return false
	}
}

// leaveToOthers keeps what ignore leaves to others as it is in the live object. It
// returns which leaves that concerns.
func (a *application[M]) leaveToOthers(t *thing, live *unstructured.Unstructured) func(path string) bool {
	keep := a.memory.theirs(t.Key, a.prior[t.Key], t.manifest, live, a.rules(commonOf(a.model)))
	if keep != nil {
		kube.KeepLive(t.manifest, live, keep)
	}
	return keep
}

// leaveToOthers does the same at plan. It warns of changes that are not made.
func (p *planner[M]) leaveToOthers(ctx context.Context, cluster *kube.Cluster, key string, manifest *unstructured.Unstructured, c change, diags *diag.Diagnostics) {
	if p.create || p.moved || p.memory.Records[key] == nil {
		return
	}
	rules, r, concerned := p.rules(commonOf(p.draft.models[0])), p.memory.Records[key], false
	for path := range c.next {
		concerned = concerned || ignored(rules, r.Kind, r.Name, path)
	}
	if !concerned {
		return
	}
	live, err := cluster.Get(ctx, kube.RefOf(manifest))
	if err != nil {
		return // the dry run that follows says why
	}
	keep := p.memory.theirs(key, p.state.Objects[key], manifest, live, rules)
	if keep == nil {
		return
	}
	stay := slices.DeleteFunc(slices.Clone(c.paths), func(path string) bool { return !keep(path) })
	if len(stay) > 0 {
		diags.AddWarning(key+": fields are left to others", fmt.Sprintf("Others have set %s, which ignore leaves to them: what the configuration says there is not applied.",
			strings.Join(stay, ", ")))
	}
	kube.KeepLive(manifest, live, keep)
}

// forgetTheirs makes the record of an object say of the leaves that were left to
// others what it said before.
func (p *private) forgetTheirs(key string, r *record, keep func(path string) bool) {
	if keep == nil {
		return
	}
	maps.DeleteFunc(r.Live, func(path, _ string) bool { return keep(path) })
	for path, value := range p.Records[key].Live {
		if keep(path) {
			r.Live[path] = value
		}
	}
}
