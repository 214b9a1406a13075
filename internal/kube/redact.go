package kube

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var secretGVK = schema.GroupVersionKind{Version: "v1", Kind: "Secret"}

// minSecret is the length, in bytes, from which on a value is masked: shorter ones are words that any text may have.
const minSecret = 8

// WithoutSecrets returns what a pod has written with the values of its Secrets masked: diagnostics end in the logs of CI systems. The
// values of Secrets that may not be read stay.
func (c *Cluster) WithoutSecrets(ctx context.Context, pod *corev1.Pod, text string) string {
	type mask struct{ value, name string }
	var masks []mask
	for _, name := range secretsOf(&pod.Spec) {
		live, err := c.Get(ctx, Ref{GroupVersionKind: secretGVK, Namespace: pod.Namespace, Name: name})
		if err != nil || live == nil {
			continue
		}
		data, _, _ := unstructured.NestedStringMap(live.Object, "data")
		for _, key := range slices.Sorted(maps.Keys(data)) {
			value, err := base64.StdEncoding.DecodeString(data[key])
			if err != nil {
				continue
			}
			masks = append(masks, mask{data[key], fmt.Sprintf("(%s of Secret %s, in base64)", key, name)})
			// Of a file, such as a private key, single lines may be written.
			for line := range strings.Lines(string(value)) {
				masks = append(masks, mask{strings.TrimSpace(line), fmt.Sprintf("(%s of Secret %s)", key, name)})
			}
		}
	}
	// One value may be a part of another.
	slices.SortStableFunc(masks, func(a, b mask) int { return cmp.Compare(len(b.value), len(a.value)) })
	for _, m := range masks {
		if len(m.value) >= minSecret {
			text = strings.ReplaceAll(text, m.value, m.name)
		}
	}
	return text
}

// secretsOf names the Secrets that a pod's containers can read.
func secretsOf(spec *corev1.PodSpec) []string {
	names := map[string]bool{}
	for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
		for _, variable := range container.Env {
			if variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef != nil {
				names[variable.ValueFrom.SecretKeyRef.Name] = true
			}
		}
		for _, source := range container.EnvFrom {
			if source.SecretRef != nil {
				names[source.SecretRef.Name] = true
			}
		}
	}
	for _, volume := range spec.Volumes {
		if volume.Secret != nil {
			names[volume.Secret.SecretName] = true
		}
		if volume.Projected == nil {
			continue
		}
		for _, source := range volume.Projected.Sources {
			if source.Secret != nil {
				names[source.Secret.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
