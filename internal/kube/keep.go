package kube

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube/apitypes"
)

// KeepLive puts live values in place of some of those that are to be applied, so that an apply neither changes them nor conflicts
// with whoever owns them. keep is asked with paths as Leaves has them, and those of a Secret's keys, "data[KEY]": for each leaf, for
// each list whose elements have no names, and for whatever the live object lacks, which is left out then.
func KeepLive(obj, live *unstructured.Unstructured, keep func(path string) bool) {
	kind, known := apitypes.Of(obj.GetAPIVersion(), obj.GetKind())
	k := keeper{flattener{known: known}, keep}
	isSecret := obj.GetKind() == "Secret" && obj.GetAPIVersion() == "v1"
	for key, value := range obj.Object {
		current, there := live.Object[key]
		switch {
		case key == "apiVersion", key == "kind", key == "metadata":
			continue
		case isSecret && key == "data":
			k.data(value, current)
			continue
		}
		if value, stays := k.value(key, value, current, there, kind.Field(key)); stays {
			obj.Object[key] = value
		} else {
			delete(obj.Object, key)
		}
	}
	// Of the metadata, labels and annotations are all that is rendered and can change.
	for _, field := range []string{"labels", "annotations"} {
		ours, _, _ := unstructured.NestedMap(obj.Object, "metadata", field)
		current, _, _ := unstructured.NestedMap(live.Object, "metadata", field)
		if len(ours) > 0 {
			k.members("metadata."+field, ours, current, nil)
			_ = unstructured.SetNestedMap(obj.Object, ours, "metadata", field)
		}
	}
}

// keeper walks an object and its live counterpart.
type keeper struct {
	flattener
	keep func(path string) bool
}

// value returns what is to be applied, and whether it is to be applied at all.
func (k *keeper) value(path string, ours, live any, there bool, t *apitypes.Type) (any, bool) {
	switch v := ours.(type) {
	case map[string]any:
		if current, ok := live.(map[string]any); ok && len(v) > 0 {
			k.members(path, v, current, t)
			return v, true
		}
	case []any:
		if current, ok := live.([]any); ok && len(v) > 0 && len(current) > 0 {
			return k.elements(path, v, current, t)
		}
	}
	switch {
	case !k.keep(path):
		return ours, true
	case !there:
		return nil, false
	}
	return runtime.DeepCopyJSONValue(live), true
}

func (k *keeper) members(path string, ours, live map[string]any, t *apitypes.Type) {
	for key, value := range ours {
		if strings.HasPrefix(key, bookkeepingPrefix) {
			continue
		}
		current, there := live[key]
		if value, stays := k.value(path+step(key), value, current, there, t.Field(key)); stays {
			ours[key] = value
		} else {
			delete(ours, key)
		}
	}
}

func (k *keeper) elements(path string, ours, live []any, t *apitypes.Type) (any, bool) {
	element := t.Items()
	names, liveNames := k.names(t, ours), k.names(t, live)
	if names == nil || liveNames == nil {
		if k.keep(path) {
			return runtime.DeepCopyJSONValue(live), true
		}
		for i := range min(len(ours), len(live)) {
			ours[i], _ = k.value(path+"["+strconv.Itoa(i)+"]", ours[i], live[i], true, element)
		}
		return ours, true
	}
	var out []any
	for i, name := range names {
		var current any
		at := slices.Index(liveNames, name)
		if at >= 0 {
			current = live[at]
		}
		if value, stays := k.value(path+"["+name+"]", ours[i], current, at >= 0, element); stays {
			out = append(out, value)
		}
	}
	return out, len(out) > 0
}

// data is about the keys of a Secret.
func (k *keeper) data(ours, live any) {
	values, _ := ours.(map[string]any)
	current, _ := live.(map[string]any)
	for key := range values {
		if !k.keep("data[" + key + "]") {
			continue
		}
		if value, there := current[key]; there {
			values[key] = value
		} else {
			delete(values, key)
		}
	}
}
