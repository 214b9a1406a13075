package kube

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube/apitypes"
)

// bookkeepingPrefix begins the labels and annotations that are the engine's own.
const bookkeepingPrefix = "terraform-provider-analytics/"

// Leaves are the fields of an object by path, as text.
//
// A path names list elements by their merge keys, several joined by "/", with the
// schema's defaults for those that are missing: "spec.ports[9000/TCP].name". The
// elements of atomic lists are numbered, those of sets named by value. Keys of maps
// stand in brackets when they hold a dot or a slash. Empty collections are leaves
// with the value "{}" or "[]". Quantities are canonical.
type Leaves map[string]string

// serverFields are set by the API server. The namespace is the resource's; the name
// is a leaf, so that another one is a change.
var serverFields = []string{
	"namespace", "generateName", "uid", "resourceVersion", "generation", "managedFields", "creationTimestamp",
	"deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "selfLink",
}

// Flatten returns the leaves of an object, without its kind and namespace, its
// status and what a Secret holds.
func Flatten(obj *unstructured.Unstructured) Leaves {
	leaves, _ := flatten(obj)
	return leaves
}

// Drift returns the live values of the given leaves; those that are gone are
// absent. Atomic lists and maps of which a leaf is given come as a whole, since an
// element more is a change of them.
func Drift(rendered Leaves, live *unstructured.Unstructured) Leaves {
	leaves, atomics := flatten(live)
	out := make(Leaves, len(rendered))
	ours := map[string]bool{}
	for path := range rendered {
		if value, ok := leaves[path]; ok {
			out[path] = value
		}
		for _, atomic := range atomics {
			if path == atomic || isBelow(path, atomic) {
				ours[atomic] = true
			}
		}
	}
	for atomic := range ours {
		for path, value := range leaves {
			if isBelow(path, atomic) {
				out[path] = value
			}
		}
	}
	return out
}

func isBelow(path, parent string) bool {
	return len(path) > len(parent) && strings.HasPrefix(path, parent) && (path[len(parent)] == '[' || path[len(parent)] == '.')
}

// flatten also returns the paths of the atomic lists and maps.
func flatten(obj *unstructured.Unstructured) (Leaves, []string) {
	kind, known := apitypes.Of(obj.GetAPIVersion(), obj.GetKind())
	f := &flattener{known: known, leaves: Leaves{}}
	root := maps.Clone(obj.Object)
	for _, field := range []string{"apiVersion", "kind", "status"} {
		delete(root, field)
	}
	if obj.GetKind() == "Secret" && obj.GetAPIVersion() == "v1" {
		delete(root, "data")
		delete(root, "stringData")
	}
	if metadata, ok := root["metadata"].(map[string]any); ok {
		root["metadata"] = ownMetadata(metadata)
	}
	for _, key := range slices.Sorted(maps.Keys(root)) {
		if m, isMap := root[key].(map[string]any); key == "metadata" && isMap && len(m) == 0 {
			continue
		}
		f.walk(key, root[key], kind.Field(key))
	}
	return f.leaves, f.atomics
}

// ownMetadata leaves out what the API server and the engine keep in the metadata.
func ownMetadata(metadata map[string]any) map[string]any {
	own := maps.Clone(metadata)
	for _, field := range serverFields {
		delete(own, field)
	}
	for _, field := range []string{"labels", "annotations"} {
		values, ok := own[field].(map[string]any)
		if !ok {
			continue
		}
		values = maps.Clone(values)
		maps.DeleteFunc(values, func(key string, _ any) bool { return strings.HasPrefix(key, bookkeepingPrefix) })
		if len(values) == 0 {
			delete(own, field)
		} else {
			own[field] = values
		}
	}
	return own
}

// flattener walks one object. Of a kind that is not known, it names list elements by their field "name".
type flattener struct {
	known   bool
	leaves  Leaves
	atomics []string
}

func (f *flattener) walk(path string, value any, t *apitypes.Type) {
	switch v := value.(type) {
	case map[string]any:
		f.walkMap(path, v, t)
	case []any:
		f.walkList(path, v, t)
	case nil:
	default:
		f.leaves[path] = text(v, t)
	}
}

func (f *flattener) walkMap(path string, value map[string]any, t *apitypes.Type) {
	if len(value) == 0 {
		f.leaves[path] = "{}"
		return
	}
	if t.IsWhole() {
		f.atomics = append(f.atomics, path)
	}
	for key, member := range value {
		f.walk(path+step(key), member, t.Field(key))
	}
}

// step is how a key continues a path.
func step(key string) string {
	if strings.ContainsAny(key, "./") {
		return "[" + key + "]"
	}
	return "." + key
}

func (f *flattener) walkList(path string, value []any, t *apitypes.Type) {
	if len(value) == 0 {
		f.leaves[path] = "[]"
		return
	}
	named := f.names(t, value)
	if named == nil {
		f.atomics = append(f.atomics, path)
	}
	for i, member := range value {
		name := strconv.Itoa(i)
		if named != nil {
			name = named[i]
		}
		f.walk(path+"["+name+"]", member, t.Items())
	}
}

// names returns how the elements of a list are told apart, nil when they are by
// position alone.
func (f *flattener) names(list *apitypes.Type, value []any) []string {
	matching, keys, defaults := list.Matching()
	switch {
	case !f.known:
		matching, keys = apitypes.Map, []string{"name"}
	case matching != apitypes.Map && matching != apitypes.Set:
		return nil
	}
	names := make([]string, len(value))
	seen := map[string]bool{}
	for i, member := range value {
		name, ok := nameOf(member, matching, keys, defaults)
		if !ok || seen[name] {
			return nil
		}
		seen[name] = true
		names[i] = name
	}
	return names
}

// nameOf is how an element of a list is told from the others.
func nameOf(member any, matching string, keys []string, defaults map[string]any) (string, bool) {
	m, isMap := member.(map[string]any)
	if matching == apitypes.Set {
		return text(member, nil), !isMap
	}
	if !isMap {
		return "", false
	}
	parts := make([]string, 0, len(keys))
	for _, key := range keys {
		value, ok := m[key]
		if !ok {
			value, ok = defaults[key]
		}
		if ok {
			parts = append(parts, text(value, nil))
		}
	}
	return strings.Join(parts, "/"), len(parts) > 0
}

// text is a scalar as the plan shows it.
func text(value any, t *apitypes.Type) string {
	switch v := value.(type) {
	case string:
		if t.IsQuantity() {
			if q, err := resource.ParseQuantity(v); err == nil {
				return q.String()
			}
		}
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case json.Number:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}
