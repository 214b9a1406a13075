package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// maxData is what a ConfigMap or a Secret may hold, in bytes.
const maxData = 1 << 20

// refuse finds what cannot be applied, or not without losing data.
func (p *planner[M]) refuse(ctx context.Context, next view) diag.Diagnostics {
	var diags diag.Diagnostics
	if next == nil {
		return nil
	}
	diags.Append(p.refuseSize(next)...)
	if p.create || p.moved {
		return diags
	}
	if p.product.CheckUpdate != nil && !p.draft.unknown {
		diags.Append(p.product.CheckUpdate(p.prior, p.draft.models[0])...)
	}
	known := next.known()
	for _, key := range slices.Sorted(maps.Keys(next)) {
		was, is := volumeSizes(p.state.Objects[key]), volumeSizes(known[key])
		for _, volume := range slices.Sorted(maps.Keys(is)) {
			old, there := was[volume]
			size := is[volume]
			if !there || size.Cmp(old) >= 0 || p.canShrink(ctx, key, volume, size) {
				continue
			}
			name := key
			if volume != "" {
				name = fmt.Sprintf("%s, volume %q", key, volume)
			}
			diags.AddError("A volume cannot shrink", fmt.Sprintf("%s: its size is %s, and the configuration wants %s. Kubernetes only grows volumes. "+
				"Leave the size as it is, or move the data to a new resource.", name, old.String(), size.String()))
		}
	}
	return diags
}

// refuseSize finds objects that are too large for the API server, the claim with
// the resource's state among them.
func (p *planner[M]) refuseSize(next view) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, key := range slices.Sorted(maps.Keys(p.draft.things[0])) {
		if size := dataSize(p.draft.things[0][key]); size > maxData {
			diags.AddError(key+" is too large", fmt.Sprintf("It would hold %d bytes, and Kubernetes allows %d (1 MiB). Make what goes into it smaller, for "+
				"instance by loading large scripts or data from object storage or from the image.", size, maxData))
		}
	}
	state, err := stateJSON(p.draft.encoded[0])
	if err != nil {
		diags.AddError("The plan cannot be read", err.Error())
		return diags
	}
	objects, err := json.Marshal(next.known())
	if err != nil {
		diags.AddError("The plan cannot be read", err.Error())
		return diags
	}
	memory := private{Records: p.records}
	size := 0
	for _, content := range [][]byte{slices.Concat(state, objects), memory.encode()} {
		packed, err := pack(content)
		if err != nil {
			diags.AddError("The plan cannot be read", err.Error())
			return diags
		}
		size += len(packed)
	}
	if size > maxClaimSize {
		diags.AddError("The configuration is too large", fmt.Sprintf("The provider keeps the resource's state, compressed, in a Secret beside its objects, from which "+
			"an import restores it. It would be %d bytes, and there is room for %d. Split the resource, or load large scripts or data from object "+
			"storage or from the image.", size, maxClaimSize))
	}
	return diags
}

// dataSize is what counts against the limit of a ConfigMap or a Secret.
func dataSize(t *thing) int {
	if t.remote() {
		return 0
	}
	size := 0
	for _, field := range []string{"data", "binaryData", "stringData"} {
		values, _, _ := unstructured.NestedMap(t.manifest.Object, field)
		for key, value := range values {
			size += len(key)
			if text, ok := value.(string); ok {
				size += len(text)
			}
		}
	}
	for key, v := range t.Data {
		size += len(key) + len(v.text) + v.length
	}
	if kind := t.manifest.GetKind(); kind != "ConfigMap" && kind != "Secret" {
		return 0
	}
	return size
}
