package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/sync/errgroup"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// Read shows what another hand changed since the last apply.
func (r *Resource[M]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	found, _ := ctx.Value(aheadKey{}).(*reading)
	if found == nil {
		found = r.read(ctx, req.State.Raw, req.Private)
	}
	resp.Diagnostics.Append(found.diags...)
	if found.name != "" {
		// Whatever else was found: a state that a CLI without identities wrote lacks it.
		resp.Diagnostics.Append(r.product.identify(ctx, resp.Identity, found.namespace, found.name)...)
	}
	if found.gone {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.State.Raw = found.state
	if found.memory != nil {
		resp.Diagnostics.Append(found.memory.write(ctx, resp.Private)...)
	}
}

// reading is what a read has found.
type reading struct {
	diags           diag.Diagnostics
	namespace, name string
	// state is the one to keep, gone the end of it.
	state tftypes.Value
	gone  bool
	// memory is to be stored, where it is not nil.
	memory *private
	// unchanged is set when state is what it was before.
	unchanged bool
	// settled is set when a plan that follows has nothing to do and nothing to say,
	// while the configuration stays as the state has it.
	settled bool
}

// read looks at everything that belongs to a resource with that state.
func (r *Resource[M]) read(ctx context.Context, state tftypes.Value, stored privateGetter) *reading {
	out := &reading{state: state, unchanged: true}
	s := r.product.fullSchema(ctx)
	m, diags := r.decode(ctx, s, state)
	out.diags.Append(diags...)
	if out.diags.HasError() {
		return out
	}
	c := commonOf(m)
	out.namespace, out.name, _ = strings.Cut(*c.ID, "/")
	if r.settings == nil {
		return out
	}
	memory, diags := readPrivate(ctx, stored)
	out.diags.Append(diags...)
	if out.diags.HasError() {
		return out
	}
	if r.unknownSettings() {
		if memory != nil {
			memory.Unrefreshed = true
			out.memory = memory
		}
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, timeout(c.timeouts().Read, defaultReadTimeout))
	defer cancel()
	cluster, diags := r.connect()
	if diags.HasError() {
		out.diags.Append(diags...)
		return out
	}
	identity, err := cluster.Identity(ctx)
	if err != nil {
		out.diags.Append(unread(*c.ID, err))
		return out
	}
	same, err := sameCluster(cluster, c.Cluster, memory, identity)
	if err != nil {
		out.diags.Append(unread(*c.ID, err))
		return out
	}
	if !same {
		// No error: the plan, which knows the configuration, decides about it.
		out.diags.AddWarning(*c.ID+" is in another cluster", fmt.Sprintf("It was created in cluster %s, and the provider's configuration leads to %s. "+
			"The state stays as it was; nothing counts as deleted.", *c.Cluster, identity))
		return out
	}
	if memory == nil {
		if memory, err = r.remembered(ctx, cluster, *c.ID); err != nil {
			out.diags.Append(unread(*c.ID, err))
			return out
		}
		if memory == nil {
			return out
		}
	}
	o := observer[M]{Resource: r, cluster: cluster, model: m, memory: memory}
	objects, gone, diags := o.observe(ctx)
	out.diags.Append(diags...)
	if diags.HasError() || gone || objects == nil {
		out.gone = gone && !diags.HasError()
		return out
	}
	out.memory = memory
	if !maps.EqualFunc(objects, c.Objects, maps.Equal) {
		out.unchanged = false
		out.state = withRoot(out.state, "objects", objectsValue(objects))
	}
	status, diags := r.refreshStatus(ctx, s, reach{cluster: cluster, records: memory.Records, namespace: out.namespace}, m, out.state)
	out.diags.Append(diags...)
	for name, value := range status {
		out.unchanged = false
		out.state = withRoot(out.state, name, value)
	}
	out.settled = r.settled(ctx, s, state, m, objects, memory)
	return out
}

// unread is the warning about a cluster that did not tell what is there.
func unread(id string, err error) diag.Diagnostic {
	p := kube.Classify(err)
	return diag.NewWarningDiagnostic(id+" could not be read",
		fmt.Sprintf("%s: %s. The state stays as it was; nothing counts as deleted.", p.Summary, strings.TrimSuffix(p.Detail, ".")))
}

// observer is one read of one resource.
type observer[M any] struct {
	*Resource[M]
	cluster *kube.Cluster
	model   *M
	memory  *private
}

// observe returns what objects shall hold. gone is true when nothing of the
// resource is left, its claim included. Nil objects mean that the cluster did not
// tell.
func (o *observer[M]) observe(ctx context.Context) (objects map[string]map[string]string, gone bool, diags diag.Diagnostics) {
	c := commonOf(o.model)
	shown := maps.Clone(c.Objects)
	if shown == nil {
		shown = map[string]map[string]string{}
	}
	maps.Copy(shown, o.memory.Baseline)
	rules := o.rules(c)
	baseline, ignoring := map[string]map[string]string{}, map[string]map[string]*string{}
	objects = map[string]map[string]string{}
	found := 0
	var lost []string
	going, err := goingNamespaces(ctx, o.cluster, o.memory)
	if err != nil {
		diags.Append(unread(*c.ID, err))
		return nil, false, diags
	}
	var mu sync.Mutex
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for key, leaves := range shown {
		rec := o.memory.Records[key]
		if rec == nil || rec.Remote {
			objects[key] = leaves
			continue
		}
		group.Go(func() error {
			live, err := o.cluster.Observe(gctx, rec.ref())
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if live == nil || live.GetDeletionTimestamp() != nil || going[rec.Namespace] {
				if o.memory.isOver(rec) {
					objects[key] = leaves
					return nil
				}
				baseline[key] = leaves
				return nil
			}
			found++
			foreign := live.GetLabels()[ownerLabel] != o.memory.Owner
			if foreign && !rec.Adopt {
				lost = append(lost, fmt.Sprintf("%s belongs to %s.", rec.ref(), ownerOf(live)))
			}
			now, theirs, drifted := o.memory.compare(key, leaves, liveLeaves(leaves, live), rules)
			objects[key] = now
			if len(theirs) > 0 {
				ignoring[key] = theirs
			}
			if drifted || foreign {
				baseline[key] = leaves
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		diags.Append(unread(*c.ID, err))
		return nil, false, diags
	}
	if found == 0 {
		claim := o.claimOf(o.cluster, c.namespaceInState(), c.Name)
		if err := claim.read(ctx); err != nil {
			diags.Append(unread(*c.ID, err))
			return nil, false, diags
		}
		if claim.live == nil {
			return nil, true, nil
		}
	} else {
		diags.Append(o.observeRemote(ctx, shown, objects, baseline)...)
	}
	diags.Append(taken(*c.ID, lost)...)
	o.memory.Baseline, o.memory.Ignored, o.memory.Unrefreshed = baseline, ignoring, false
	return objects, false, diags
}

// observeRemote looks into the running product. What ignore leaves to others are
// fields of Kubernetes objects: the product reconciles what it has as a whole.
func (o *observer[M]) observeRemote(ctx context.Context, shown, objects, baseline map[string]map[string]string) diag.Diagnostics {
	var diags diag.Diagnostics
	var keys []string
	for key := range shown {
		if rec := o.memory.Records[key]; rec != nil && rec.Remote {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 || o.product.Remote == nil {
		return nil
	}
	slices.Sort(keys)
	reach := &reach{cluster: o.cluster, records: o.memory.Records, namespace: commonOf(o.model).namespaceInState()}
	err := o.product.Remote.Healthy(ctx, o.model, reach)
	var live map[string]map[string]string
	if err == nil {
		live, err = o.product.Remote.Observe(ctx, o.model, keys, reach)
	}
	if err != nil {
		diags.AddWarning("What lives inside "+*commonOf(o.model).ID+" could not be read",
			fmt.Sprintf("%v. It stands in the state as it was.", err))
		for _, key := range keys {
			if b, ok := o.memory.Baseline[key]; ok {
				baseline[key] = b
			}
			objects[key] = commonOf(o.model).Objects[key]
		}
		return diags
	}
	for _, key := range keys {
		leaves, there := live[key]
		if !there {
			delete(objects, key)
			baseline[key] = shown[key]
			continue
		}
		now, _, drifted := o.memory.compare(key, shown[key], leaves, nil)
		objects[key] = now
		if drifted {
			baseline[key] = shown[key]
		}
	}
	return diags
}

// taken warns of objects that belong to somebody else by now, if any.
func taken(id string, objects []string) (diags diag.Diagnostics) {
	if len(objects) > 0 {
		slices.Sort(objects)
		diags.AddWarning("Objects of "+id+" belong to somebody else by now", strings.Join(objects, "\n")+
			"\n\nThe provider neither changes nor deletes them. Remove the resource from the state, or set adopt = true to take them back.")
	}
	return diags
}
