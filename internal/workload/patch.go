package workload

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// patchLabel is shown for leaves that a patch sets.
const patchLabel = "patch"

// patchForm validates the attribute patches. Its stand-ins set different leaves, so
// that an object whose patch is not known yet is unknown as a whole.
func patchForm() validate.Each {
	return validate.Each{Text: validate.Text{
		Allowed: "a strategic merge patch: a mapping in JSON or YAML",
		Check: func(text string) error {
			_, err := parsePatch(text)
			return err
		},
		Forms: [2]string{"{}", `{"metadata":{"annotations":{"standin":"b"}}}`},
	}}
}

// patch applies the user's patches, by key, to the objects.
func (r rendered) patch(patches map[string]string) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, key := range slices.Sorted(maps.Keys(patches)) {
		at := path.Root("patches").AtMapKey(key)
		t := r[key]
		if t == nil || t.remote() {
			diags.AddAttributeError(at, "There is no such object", fmt.Sprintf("The resource has no object %q to patch. It has: %s.", key, strings.Join(r.patchable(), ", ")))
			continue
		}
		if err := t.patch(patches[key]); err != nil {
			diags.AddAttributeError(at, "The patch cannot be applied", fmt.Sprintf("%s: %v.", key, err))
		}
	}
	return diags
}

// patchable are the keys of the objects that patches can name.
func (r rendered) patchable() []string {
	var keys []string
	for key, t := range r {
		if !t.remote() {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// patch applies one patch. The errors quote nothing of it, since it may hold
// secrets.
func (t *thing) patch(text string) error {
	patch, err := parsePatch(text)
	if err != nil {
		return err
	}
	before, unpatched := t.raw, t.manifest
	patched, err := applyPatch(unpatched, patch)
	if err != nil {
		return err
	}
	dropNulls(patched.Object)
	if err := allowedPatch(unpatched, patched); err != nil {
		return err
	}
	t.manifest = patched
	t.flatten()
	for leaf, value := range t.raw {
		if was, there := before[leaf]; !there || was != value {
			t.masks[leaf] = patchLabel
		}
	}
	return nil
}

func parsePatch(text string) (map[string]any, error) {
	var value any
	if err := yaml.UnmarshalStrict([]byte(text), &value); err != nil {
		// The parser's own words may quote the text.
		return nil, fmt.Errorf("it is neither valid JSON nor valid YAML, or has a key twice")
	}
	patch, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is not a mapping of fields")
	}
	return patch, nil
}

func applyPatch(object *unstructured.Unstructured, patch map[string]any) (*unstructured.Unstructured, error) {
	kind := typed(object.GetAPIVersion(), object.GetKind())
	if kind == nil {
		return mergePatch(object, patch)
	}
	out, err := strategicpatch.StrategicMergeMapPatch(object.DeepCopy().Object, patch, kind)
	if err != nil {
		return nil, patchError(err)
	}
	// Fields that this version does not know may be known to the API server, which
	// is asked with a dry run.
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(out, kind); err != nil {
		return nil, errOtherType
	}
	return &unstructured.Unstructured{Object: out}, nil
}

var errOtherType = errors.New("a field has another type than Kubernetes gives it")

// mergePatch applies a JSON merge patch (RFC 7386), which replaces lists.
func mergePatch(object *unstructured.Unstructured, patch map[string]any) (*unstructured.Unstructured, error) {
	original, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	changes, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	merged, err := jsonpatch.MergePatch(original, changes)
	if err != nil {
		return nil, errors.New("it is no valid merge patch")
	}
	out := &unstructured.Unstructured{}
	return out, json.Unmarshal(merged, &out.Object)
}

// patchError says what is wrong with a strategic merge patch.
func patchError(err error) error {
	for _, known := range []error{
		mergepatch.ErrNoListOfLists, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrPatchContentNotMatchRetainKeys,
	} {
		if errors.Is(err, known) {
			return known
		}
	}
	if _, key, found := strings.Cut(err.Error(), "does not contain declared merge key: "); found {
		return fmt.Errorf("an element of a list lacks its merge key %q, which says which element it is", key)
	}
	return errOtherType
}

// allowedPatch refuses a patch that changes what the engine knows an object by, or
// what it would not show.
func allowedPatch(before, after *unstructured.Unstructured) error {
	for _, field := range []string{"apiVersion", "kind", "status"} {
		if !equality.Semantic.DeepEqual(before.Object[field], after.Object[field]) {
			return fmt.Errorf("it changes %s, which patches cannot change", field)
		}
	}
	if before.GetKind() == "Secret" {
		for _, field := range []string{"data", "stringData"} {
			if after.Object[field] != nil {
				return fmt.Errorf("it sets %s of a Secret, which patches cannot set; use the attributes for environment variables and credentials", field)
			}
		}
	}
	was, _ := before.Object["metadata"].(map[string]any)
	is, ok := after.Object["metadata"].(map[string]any)
	if !ok {
		return errors.New("it removes metadata")
	}
	fields := maps.Clone(was)
	maps.Copy(fields, is)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		switch {
		case field == "labels" || field == "annotations":
			if err := allowedKeys(field, was[field], is[field]); err != nil {
				return err
			}
		case !equality.Semantic.DeepEqual(was[field], is[field]):
			return fmt.Errorf("it changes metadata.%s; of the metadata, patches can change labels and annotations only", field)
		}
	}
	return nil
}

// allowedKeys compares the labels or the annotations.
func allowedKeys(field string, before, after any) error {
	was, _ := before.(map[string]any)
	is, _ := after.(map[string]any)
	keys := map[string]any{}
	maps.Copy(keys, was)
	maps.Copy(keys, is)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if ownKey(key) && !equality.Semantic.DeepEqual(was[key], is[key]) {
			return fmt.Errorf("it changes metadata.%s[%s], by which the provider finds the object", field, key)
		}
	}
	return nil
}

func ownKey(key string) bool {
	return strings.HasPrefix(key, BookkeepingPrefix) || key == managedByLabel || key == nameLabel || key == instanceLabel
}

// typed returns an empty object of the kind, which tells how its lists are merged;
// nil for kinds that are not Kubernetes' own.
func typed(apiVersion, kind string) any {
	switch apiVersion + " " + kind {
	case "v1 ConfigMap":
		return &corev1.ConfigMap{}
	case "v1 LimitRange":
		return &corev1.LimitRange{}
	case "v1 Namespace":
		return &corev1.Namespace{}
	case "v1 PersistentVolumeClaim":
		return &corev1.PersistentVolumeClaim{}
	case "v1 Pod":
		return &corev1.Pod{}
	case "v1 PodTemplate":
		return &corev1.PodTemplate{}
	case "v1 ResourceQuota":
		return &corev1.ResourceQuota{}
	case "v1 Secret":
		return &corev1.Secret{}
	case "v1 Service":
		return &corev1.Service{}
	case "v1 ServiceAccount":
		return &corev1.ServiceAccount{}
	case "apps/v1 DaemonSet":
		return &appsv1.DaemonSet{}
	case "apps/v1 Deployment":
		return &appsv1.Deployment{}
	case "apps/v1 StatefulSet":
		return &appsv1.StatefulSet{}
	case "autoscaling/v2 HorizontalPodAutoscaler":
		return &autoscalingv2.HorizontalPodAutoscaler{}
	case "batch/v1 CronJob":
		return &batchv1.CronJob{}
	case "batch/v1 Job":
		return &batchv1.Job{}
	case "networking.k8s.io/v1 Ingress":
		return &networkingv1.Ingress{}
	case "networking.k8s.io/v1 NetworkPolicy":
		return &networkingv1.NetworkPolicy{}
	case "policy/v1 PodDisruptionBudget":
		return &policyv1.PodDisruptionBudget{}
	case "rbac.authorization.k8s.io/v1 ClusterRole":
		return &rbacv1.ClusterRole{}
	case "rbac.authorization.k8s.io/v1 ClusterRoleBinding":
		return &rbacv1.ClusterRoleBinding{}
	case "rbac.authorization.k8s.io/v1 Role":
		return &rbacv1.Role{}
	case "rbac.authorization.k8s.io/v1 RoleBinding":
		return &rbacv1.RoleBinding{}
	}
	return nil
}
