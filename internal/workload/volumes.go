package workload

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

var claimKind = schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"}

// growClaims gives the claims of a StatefulSet, made by the live one or left by an
// earlier one, the size that the rendering wants, and notes which claims of the
// object have to grow. It returns those that have no volume yet.
func (a *application[M]) growClaims(ctx context.Context, t *thing, live *unstructured.Unstructured) (unbound []claimed, err error) {
	switch {
	case t.manifest.GetKind() == claimKind.Kind && live != nil && isBound(live):
		a.noteGrowth(live, requestOf(t.manifest.Object))
		return nil, nil
	case t.manifest.GetKind() != "StatefulSet":
		return nil, nil
	}
	all, err := claimedBy(ctx, a.cluster, t.manifest, live)
	if err != nil {
		return nil, err
	}
	for _, claim := range all {
		if !isBound(claim.live) {
			unbound = append(unbound, claim)
			continue
		}
		size := requestOf(claim.template)
		a.noteGrowth(claim.live, size)
		if patch := sizePatch(claim.live, size); patch != nil {
			if _, err := a.cluster.MergePatch(ctx, kube.RefOf(claim.live), patch); err != nil {
				return nil, err
			}
		}
	}
	return unbound, nil
}

func (a *application[M]) noteGrowth(pvc *unstructured.Unstructured, size resource.Quantity) {
	if size.Cmp(capacityOf(pvc)) <= 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.growing = append(a.growing, kube.RefOf(pvc))
}

// renewClaims takes away those of a StatefulSet's claims without a volume that are
// not as wanted: its controller makes them anew. One with a StorageClass that does
// not exist would wait for ever.
func (a *application[M]) renewClaims(ctx context.Context, unbound []claimed) error {
	for _, claim := range unbound {
		if !a.differs(ctx, claim.live, claim.template) {
			continue
		}
		tflog.Info(ctx, "Making a volume claim anew that has no volume.", map[string]any{"claim": claim.live.GetName()})
		if err := a.replace(ctx, claim.live, false); err != nil {
			return err
		}
	}
	return nil
}

// sizePatch is the patch that gives a claim a size; nil when it has it, or is
// larger, as one that an earlier resource has left can be.
func sizePatch(pvc *unstructured.Unstructured, size resource.Quantity) map[string]any {
	request := requestOf(pvc.Object)
	// Less than it asks for is possible while it has not got it.
	if size.Cmp(request) == 0 || size.Cmp(capacityOf(pvc)) <= 0 {
		return nil
	}
	return map[string]any{"spec": map[string]any{"resources": map[string]any{"requests": map[string]any{"storage": size.String()}}}}
}

// claimed is a claim and the template that it shall be like.
type claimed struct {
	live     *unstructured.Unstructured
	template map[string]any
}

// claimedBy lists the claims of a StatefulSet's replicas that are there. live is the
// StatefulSet as it is, nil when it is not there.
func claimedBy(ctx context.Context, cluster *kube.Cluster, manifest, live *unstructured.Unstructured) ([]claimed, error) {
	names := claimsOf(manifest)
	if live != nil {
		names = append(names, claimsOf(live)...)
	}
	if len(names) == 0 {
		return nil, nil
	}
	selector, _, _ := unstructured.NestedStringMap(manifest.Object, "spec", "selector", "matchLabels")
	listed, err := cluster.List(ctx, claimKind, manifest.GetNamespace(), labels.SelectorFromSet(selector).String())
	if err != nil {
		return nil, err
	}
	found := map[string]*unstructured.Unstructured{}
	for i := range listed {
		found[listed[i].GetName()] = &listed[i]
	}
	templates := claimTemplates(manifest)
	var out []claimed
	for _, name := range names {
		pvc, template := found[name.Name], templates[name.template]
		if pvc == nil || template == nil {
			continue
		}
		delete(found, name.Name)
		out = append(out, claimed{live: pvc, template: template})
	}
	return out, nil
}

// awaitGrowth waits for the volumes that have to grow. Those whose file system
// waits for its next mount are kept for another look.
func (a *application[M]) awaitGrowth(ctx context.Context) error {
	if len(a.growing) == 0 {
		return nil
	}
	left, err := a.cluster.AwaitSizes(ctx, a.growing, func(line string) { tflog.Info(ctx, line) })
	a.growing = left
	return err
}

// ungrown warns about volumes that grow only when their pods restart.
func (a *application[M]) ungrown() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, ref := range a.growing {
		diags.AddWarning(ref.String()+" grows when a pod mounts it anew",
			"Its volume has grown, and its file system does so when it is mounted the next time. Restart the pod that has it, with kubectl delete pod for instance.")
	}
	a.growing = nil
	return diags
}

// checkGrowth asks the API server whether the volumes of a StatefulSet may grow.
// Its own dry run does not tell: the claims are other objects.
func (p *planner[M]) checkGrowth(ctx context.Context, cluster *kube.Cluster, t *thing, manifest *unstructured.Unstructured, diags *diag.Diagnostics) (stop bool) {
	if p.create || manifest.GetKind() != "StatefulSet" || !p.grows(t.Key) {
		return false
	}
	all, err := claimedBy(ctx, cluster, manifest, nil)
	if err != nil {
		return p.verdict(t.Key, kube.RefOf(manifest), err, diags)
	}
	for _, claim := range all {
		if !isBound(claim.live) {
			continue
		}
		patch := sizePatch(claim.live, requestOf(claim.template))
		if patch == nil {
			continue
		}
		if err := cluster.DryRunMergePatch(ctx, kube.RefOf(claim.live), patch); err != nil {
			// One is enough: the others are like it.
			return p.verdict(t.Key, kube.RefOf(claim.live), err, diags)
		}
	}
	return false
}

// grows reports whether a volume of an object is to have another size than before.
func (p *planner[M]) grows(key string) bool {
	was, is := volumeSizes(p.state.Objects[key]), volumeSizes(p.draft.things[0][key].raw)
	for name, size := range is {
		if old, there := was[name]; there && old.Cmp(size) != 0 {
			return true
		}
	}
	return false
}

// canShrink reports whether a size that is less than what was asked for is still
// more than what each of the claims has: those could not grow as they should.
func (p *planner[M]) canShrink(ctx context.Context, key, volume string, size resource.Quantity) bool {
	t := p.draft.things[0][key]
	if t == nil || p.unknownSettings() {
		return false
	}
	cluster, diags := p.connect()
	if diags.HasError() {
		return false
	}
	var claims []unstructured.Unstructured
	if t.manifest.GetKind() == claimKind.Kind {
		live, err := cluster.Get(ctx, kube.RefOf(t.manifest))
		if err != nil || live == nil {
			return false
		}
		claims = append(claims, *live)
	} else {
		all, err := claimedBy(ctx, cluster, t.manifest, nil)
		if err != nil {
			return false
		}
		for _, claim := range all {
			if name, _, _ := unstructured.NestedString(claim.template, "metadata", "name"); name == volume {
				claims = append(claims, *claim.live)
			}
		}
	}
	for _, pvc := range claims {
		if isBound(&pvc) && size.Cmp(capacityOf(&pvc)) <= 0 {
			return false
		}
	}
	return len(claims) > 0
}

// volumeClaim is a claim that a StatefulSet made.
type volumeClaim struct {
	kube.Ref
	template string
}

// claimsOf names the claims that a StatefulSet makes for its replicas.
func claimsOf(statefulSet *unstructured.Unstructured) []volumeClaim {
	replicas, ok, _ := unstructured.NestedInt64(statefulSet.Object, "spec", "replicas")
	if !ok {
		replicas = 1
	}
	start, _, _ := unstructured.NestedInt64(statefulSet.Object, "spec", "ordinals", "start")
	templates, _, _ := unstructured.NestedSlice(statefulSet.Object, "spec", "volumeClaimTemplates")
	var out []volumeClaim
	for _, t := range templates {
		m, ok := t.(map[string]any)
		if !ok {
			continue
		}
		name, _, _ := unstructured.NestedString(m, "metadata", "name")
		for i := start; i < start+replicas; i++ {
			out = append(out, volumeClaim{template: name, Ref: kube.Ref{
				GroupVersionKind: claimKind, Namespace: statefulSet.GetNamespace(),
				Name: fmt.Sprintf("%s-%s-%d", name, statefulSet.GetName(), i),
			}})
		}
	}
	return out
}

// claimTemplates are a StatefulSet's, by name.
func claimTemplates(statefulSet *unstructured.Unstructured) map[string]map[string]any {
	list, _, _ := unstructured.NestedSlice(statefulSet.Object, "spec", "volumeClaimTemplates")
	out := map[string]map[string]any{}
	for _, t := range list {
		if m, ok := t.(map[string]any); ok {
			name, _, _ := unstructured.NestedString(m, "metadata", "name")
			out[name] = m
		}
	}
	return out
}

// isBound reports whether a claim has its volume.
func isBound(pvc *unstructured.Unstructured) bool {
	volume, _, _ := unstructured.NestedString(pvc.Object, "spec", "volumeName")
	return volume != ""
}

// differs reports whether a claim made anew as wanted would not be what this one,
// which has no volume yet, is. The API server tells what a new one would be: it
// fills the default StorageClass in.
func (a *application[M]) differs(ctx context.Context, pvc *unstructured.Unstructured, want map[string]any) bool {
	fresh := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": claimKind.Kind, "spec": want["spec"]}}
	fresh.SetNamespace(pvc.GetNamespace())
	fresh.SetGenerateName(pvc.GetName() + "-")
	if answer, _, err := a.cluster.Create(ctx, fresh, true); err == nil {
		fresh = answer
	}
	have := kube.Flatten(pvc)
	for path, value := range kube.Flatten(fresh) {
		if strings.HasPrefix(path, "spec.") && have[path] != value {
			return true
		}
	}
	return false
}

// requestOf is the size that a claim, or a template of one, asks for.
func requestOf(pvc map[string]any) resource.Quantity {
	return quantityAt(pvc, "spec", "resources", "requests", "storage")
}

// capacityOf is the size that a claim has.
func capacityOf(pvc *unstructured.Unstructured) resource.Quantity {
	return quantityAt(pvc.Object, "status", "capacity", "storage")
}

func quantityAt(object map[string]any, fields ...string) resource.Quantity {
	text, _, _ := unstructured.NestedString(object, fields...)
	size, err := resource.ParseQuantity(text)
	if err != nil {
		return resource.Quantity{}
	}
	return size
}

const (
	sizePath      = "spec.resources.requests.storage"
	templatesPath = "spec.volumeClaimTemplates["
)

// volumeSizes are the sizes of an object's volumes in its leaves, by the names of
// the claim templates; a claim's own has the name "". The list of templates has no
// merge key, so that its leaves go by position.
func volumeSizes(leaves map[string]string) map[string]resource.Quantity {
	sizes := map[string]resource.Quantity{}
	for path, text := range leaves {
		root, below := strings.CutSuffix(path, "."+sizePath)
		if path != sizePath && (!below || !strings.HasPrefix(path, templatesPath)) {
			continue
		}
		if size, err := resource.ParseQuantity(text); err == nil {
			sizes[leaves[root+".metadata.name"]] = size
		}
	}
	return sizes
}
