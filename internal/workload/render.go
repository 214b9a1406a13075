package workload

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// Labels and annotations of the engine. Those that begin with BookkeepingPrefix
// are left out of the plan.
const (
	BookkeepingPrefix = "terraform-provider-analytics/"
	ownerLabel        = BookkeepingPrefix + "owner"
	managedByLabel    = "app.kubernetes.io/managed-by"
	nameLabel         = "app.kubernetes.io/name"
	instanceLabel     = "app.kubernetes.io/instance"
)

// InstanceLabels select all objects and pods of one resource.
func InstanceLabels(product, name string) map[string]string {
	return map[string]string{nameLabel: product, instanceLabel: name}
}

// runPath is the path of a Job's run key, which is no field of it: the plan shows that
// the Job runs again also where nothing else of it changes.
const runPath = "run"

// thing is an object as the engine handles it: its manifest with the leaves that
// the plan shows. Things inside a running product have no manifest.
type thing struct {
	Object
	manifest *unstructured.Unstructured
	// raw has every leaf in clear; it leaves the process only into the cluster.
	raw map[string]string
	// masks has the label of each leaf of raw that must not be shown.
	masks map[string]string
}

func (t *thing) remote() bool { return t.manifest == nil }

// rendered is one rendering, by key.
type rendered map[string]*thing

// render calls the product and flattens what it returns.
func (p Product[M]) render(m *M, env Environment) (rendered, diag.Diagnostics) {
	common := commonOf(m)
	rendering, diags := p.Render(m, env)
	if diags.HasError() {
		return nil, diags
	}
	out := make(rendered, len(rendering.Objects))
	for _, o := range rendering.Objects {
		t, err := newThing(o, p.Name, common.Name, env)
		if err == nil && out[o.Key] != nil {
			err = fmt.Errorf("the key is there twice")
		}
		if err != nil {
			diags.AddError("The provider rendered an object that it cannot use",
				fmt.Sprintf("%s: %v. This is a bug of the provider; please report it.", o.Key, err))
			return nil, diags
		}
		out[o.Key] = t
	}
	diags.Append(out.patch(common.Patches)...)
	if diags.HasError() {
		return nil, diags
	}
	if p.Remote != nil {
		desired, more := p.Remote.Desired(m, env)
		diags.Append(more...)
		for key, leaves := range desired {
			out[key] = &thing{Object: Object{Key: key, Stage: StageLast}, raw: leaves}
		}
	}
	return out, diags
}

func newThing(o Object, product, name string, env Environment) (*thing, error) {
	raw, err := json.Marshal(o.Manifest)
	if err != nil {
		return nil, err
	}
	manifest := &unstructured.Unstructured{}
	// The API's own decoder: integers stay integers.
	if err := utiljson.Unmarshal(raw, &manifest.Object); err != nil {
		return nil, err
	}
	if manifest.GetKind() == "" || manifest.GetAPIVersion() == "" || manifest.GetName() == "" {
		return nil, fmt.Errorf("apiVersion, kind or name is missing")
	}
	unstructured.RemoveNestedField(manifest.Object, "status")
	dropNulls(manifest.Object)
	manifest.SetLabels(merged(env.Labels, InstanceLabels(product, name), manifest.GetLabels(),
		map[string]string{managedByLabel: kube.FieldManager}))
	if annotations := merged(env.Annotations, manifest.GetAnnotations()); len(annotations) > 0 {
		manifest.SetAnnotations(annotations)
	}
	t := &thing{Object: o, manifest: manifest}
	t.flatten()
	return t, nil
}

// flatten fills in the leaves of the manifest and their masks.
func (t *thing) flatten() {
	o := t.Object
	t.raw, t.masks = kube.Flatten(t.manifest), map[string]string{}
	// The longest prefix comes last and wins.
	prefixes := slices.SortedFunc(maps.Keys(o.Mask), func(a, b string) int { return len(a) - len(b) })
	for path := range t.raw {
		for _, prefix := range prefixes {
			if strings.HasPrefix(path, prefix) {
				t.masks[path] = o.Mask[prefix]
			}
		}
	}
	for key, value := range o.Data {
		path := dataPath(key)
		label := key
		if l, ok := o.Mask[path]; ok {
			label = l
		}
		t.raw[path] = value.identity()
		t.masks[path] = value.label(label)
	}
	if o.RunKey != "" {
		t.raw[runPath], t.masks[runPath] = o.RunKey, "run key"
	}
}

// identity stands for the value in comparisons: it differs whenever another value
// is to be sent.
func (v SecretValue) identity() string {
	switch v.kind {
	case secretGenerated:
		return fmt.Sprintf("generated:%d:%s", v.length, v.version)
	case secretWriteOnly:
		// The value itself is not there when a plan is made without it.
		return "write-only:" + v.version
	case secretTemplate:
		return "template:" + v.text + ":" + strings.Join(v.keys, ",")
	case secretKeyring:
		return "keyring:" + v.text + ":" + v.keys[0]
	case secretCopied:
		return fmt.Sprintf("copied:%s/%s:%s:%s", v.source.Namespace, v.source.Name, v.keys[0], v.version)
	default:
		return "plain:" + v.text
	}
}

func (v SecretValue) label(fallback string) string {
	switch v.kind {
	case secretGenerated:
		return "generated"
	case secretWriteOnly:
		return "write-only"
	case secretTemplate, secretKeyring:
		return "derived"
	case secretCopied:
		return fmt.Sprintf("copied from %s/%s", v.source.Namespace, v.source.Name)
	default:
		return fallback
	}
}

// merged returns the union of the maps; later ones win.
func merged(sources ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, s := range sources {
		maps.Copy(out, s)
	}
	return out
}

// dropNulls removes null members, which server-side apply would take for fields
// of ours.
func dropNulls(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			if member == nil {
				delete(v, key)
				continue
			}
			dropNulls(member)
		}
	case []any:
		for _, member := range v {
			dropNulls(member)
		}
	}
}

func commonOf(m any) *Common {
	return m.(interface{ CommonFields() *Common }).CommonFields() //nolint:forcetypeassert // every model embeds Common
}

// byStage returns the things in the order in which they are applied.
func (r rendered) byStage() [][]*thing {
	stages := make([][]*thing, StageLast-StageNamespace+1)
	for _, key := range slices.Sorted(maps.Keys(r)) {
		t := r[key]
		if !t.remote() {
			at := t.Stage - StageNamespace
			stages[at] = append(stages[at], t)
		}
	}
	return stages
}

// remote returns the leaves of the things inside the running product.
func (r rendered) remote() map[string]map[string]string {
	out := map[string]map[string]string{}
	for key, t := range r {
		if t.remote() {
			out[key] = t.raw
		}
	}
	return out
}
