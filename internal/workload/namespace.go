package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// To delete a Namespace is to delete all that it holds, whoever it belongs to. So
// one that holds more than its resource has made outlives it, unless
// deletion_policy is "Delete".

const namespaceKind = "Namespace"

// shownContents is how many objects of a kind a diagnostic names.
const shownContents = 5

// inhabited says, by name, what the Namespaces among the records hold beside the
// objects of the owner, "" where that is nothing. only chooses objects.
func inhabited(ctx context.Context, cluster *kube.Cluster, records []*record, owner string, only func(*metav1.PartialObjectMetadata) bool) (map[string]string, error) {
	out := map[string]string{}
	for _, rec := range records {
		if rec.Kind != namespaceKind {
			continue
		}
		objects, unlisted, err := cluster.Contents(ctx, rec.Name)
		if err != nil {
			return nil, err
		}
		objects = slices.DeleteFunc(objects, func(o metav1.PartialObjectMetadata) bool {
			return o.GetLabels()[ownerLabel] == owner || !only(&o)
		})
		out[rec.Name] = listContents(objects, unlisted)
	}
	return out, nil
}

// anything chooses every object.
func anything(*metav1.PartialObjectMetadata) bool { return true }

// stays chooses what no destroy of another resource takes away: volumes, and what
// this provider has not made.
func stays(o *metav1.PartialObjectMetadata) bool {
	return o.Kind == claimKind.Kind || o.GetLabels()[managedByLabel] != kube.FieldManager
}

// listContents names objects by kind, with whom they belong to, a line for each.
func listContents(objects []metav1.PartialObjectMetadata, unlisted []string) string {
	byKind := map[string][]string{}
	for _, o := range objects {
		name := o.GetName()
		if labels := o.GetLabels(); labels[managedByLabel] == kube.FieldManager && labels[instanceLabel] != "" {
			name = fmt.Sprintf("%s (of analytics_%s %q)", name, labels[nameLabel], labels[instanceLabel])
		}
		byKind[o.Kind] = append(byKind[o.Kind], name)
	}
	var lines []string
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		names := byKind[kind]
		rest := ""
		if more := len(names) - shownContents; more > 0 {
			names, rest = names[:shownContents], fmt.Sprintf(" and %d more", more)
		}
		lines = append(lines, fmt.Sprintf("  %s: %s%s", kind, strings.Join(names, ", "), rest))
	}
	if len(unlisted) > 0 {
		lines = append(lines, "  perhaps others: the provider's credentials may not list "+strings.Join(unlisted, ", "))
	}
	return strings.Join(lines, "\n")
}

// keepNamespaces finds the Namespaces that stay, and notes which records stay with
// them.
func (d *deletion) keepNamespaces(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	if d.everything {
		return nil
	}
	held, err := inhabited(ctx, d.cluster, slices.Concat(slices.Collect(maps.Values(d.memory.Records)), d.memory.Strays), d.memory.Owner, anything)
	if err != nil {
		diags.AddError("What the namespace holds could not be found out", kube.Classify(err).Detail+" Nothing was deleted.")
		return diags
	}
	d.inhabited = map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		if held[name] == "" {
			continue
		}
		d.inhabited[name] = true
		diags.AddWarning("Namespace "+name+" stays", fmt.Sprintf("It holds what this resource has not made:\n%s\n\nThe namespace was left, with its network policies, "+
			"quota and limits; a resource that is created again under the same name takes it over. To have it gone, delete what it holds, or, to lose "+
			"all of it, run: kubectl delete namespace %s", held[name], name))
	}
	return diags
}

// keeps reports whether an object outlives the destroy.
func (d *deletion) keeps(r *record) bool {
	switch {
	case d.everything:
		return false
	case r.Keep:
		return true
	case r.Kind == namespaceKind:
		return d.inhabited[r.Name]
	}
	return r.Guard && d.inhabited[r.Namespace]
}

// planNamespaces says, before a destroy, which Namespaces will stay, as far as
// that is known, or what goes with them.
func (r *Resource[M]) planNamespaces(ctx context.Context, memory *private, everything bool) diag.Diagnostics {
	var diags diag.Diagnostics
	records := slices.Collect(maps.Values(memory.Records))
	if r.unknownSettings() || !slices.ContainsFunc(records, func(r *record) bool { return r.Kind == namespaceKind }) {
		return nil
	}
	cluster, err := r.settings.Cluster()
	if err != nil {
		return nil
	}
	held, err := inhabited(ctx, cluster, records, memory.Owner, stays)
	if err != nil {
		diags.AddWarning("What the namespace holds could not be found out", kube.Classify(err).Detail+" The destroy looks again.")
		return diags
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		switch {
		case held[name] == "":
		case everything:
			diags.AddWarning("Namespace "+name+" is deleted with all that it holds",
				fmt.Sprintf("deletion_policy is \"Delete\", so this is lost:\n%s", held[name]))
		default:
			diags.AddWarning("Namespace "+name+" stays", fmt.Sprintf("The destroy leaves the namespace, with its network policies, quota and limits, as long as it holds "+
				"what this resource has not made:\n%s", held[name]))
		}
	}
	return diags
}

// goingNamespaces are those of the resource that are gone, or on their way out: so
// is all that is in them, even if it is still there for a while.
func goingNamespaces(ctx context.Context, cluster *kube.Cluster, memory *private) (map[string]bool, error) {
	out := map[string]bool{}
	for _, rec := range memory.Records {
		if rec.Kind != namespaceKind {
			continue
		}
		live, err := cluster.Observe(ctx, rec.ref())
		if err != nil {
			return nil, err
		}
		out[rec.Name] = live == nil || live.GetDeletionTimestamp() != nil
	}
	return out, nil
}

// awaitNamespaces waits until Namespaces that are on their way out are gone:
// nothing can be made in them, and they cannot be kept. Where one is not there, all
// that is to be in it is sent, whatever a plan has thought of it.
func (a *application[M]) awaitNamespaces(ctx context.Context, things []*thing) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, t := range things {
		if t.manifest.GetKind() != namespaceKind {
			continue
		}
		ref := kube.RefOf(t.manifest)
		live, err := a.cluster.Get(ctx, ref)
		if err == nil && live != nil && live.GetDeletionTimestamp() != nil {
			err = a.cluster.WaitGone(ctx, ref, live.GetUID())
			live = nil
		}
		a.full = a.full || live == nil
		if err != nil {
			diags.Append(problem(t.Key, ref, err))
		}
	}
	return diags
}

// meetNamespace refuses, at plan, to create a Namespace that somebody else has made.
func (p *planner[M]) meetNamespace(ctx context.Context, cluster *kube.Cluster, t *thing, diags *diag.Diagnostics) (refused bool) {
	if !p.create || t.manifest.GetKind() != namespaceKind || isTrue(commonOf(p.draft.models[0]).Adopt) {
		return false
	}
	ref := kube.RefOf(t.manifest)
	live, err := cluster.Get(ctx, ref)
	if err != nil || live == nil || live.GetDeletionTimestamp() != nil || live.GetLabels()[ownerLabel] != "" {
		// Whether one of this provider may be taken over shows when it is applied.
		return false
	}
	diags.Append(foreign(t.Key, ref, live))
	return true
}
