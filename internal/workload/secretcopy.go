package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// copyValues reads the values of a Secret that are copied from others.
func (a *application[M]) copyValues(ctx context.Context, t *thing) error {
	sources := map[SecretSource]map[string][]byte{}
	data := maps.Clone(t.Data)
	for _, key := range slices.Sorted(maps.Keys(data)) {
		v := data[key]
		if v.kind != secretCopied {
			continue
		}
		source, read := sources[v.source]
		if !read {
			var err error
			if source, err = a.readSource(ctx, v.source); err != nil {
				return err
			}
			sources[v.source] = source
		}
		value, there := source[v.keys[0]]
		if !there {
			return fmt.Errorf("the Secret %s/%s has no key %q, which Secret %s needs. It has %v",
				v.source.Namespace, v.source.Name, v.keys[0], t.manifest.GetName(), slices.Sorted(maps.Keys(source)))
		}
		v.text = string(value)
		data[key] = v
	}
	t.Data = data
	return nil
}

func (a *application[M]) readSource(ctx context.Context, s SecretSource) (map[string][]byte, error) {
	ref := kube.Ref{GroupVersionKind: secretKindGVK, Namespace: s.Namespace, Name: s.Name}
	live, err := a.cluster.Get(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %s", ref, kube.Classify(err).Detail)
	}
	if live == nil {
		return nil, fmt.Errorf("%s does not exist. Create it first, or refer to the output of the resource that makes it, so that Terraform does", ref)
	}
	data, _, err := liveData(live)
	return data, err
}
