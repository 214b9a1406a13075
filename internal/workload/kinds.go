package workload

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Kind is one kind of things inside of a running product, such as its users, with what
// can be done to one of them by its name.
type Kind struct {
	// Name begins the keys of such things, for instance "User".
	Name string
	// Observe returns the live leaves of one, nil where it is gone.
	Observe func(ctx context.Context, name string) (map[string]string, error)
	// Apply makes one as desired, given its leaves.
	Apply func(ctx context.Context, name string, desired map[string]string) error
	// Remove removes one that had these leaves. One that is gone is no error.
	Remove func(ctx context.Context, name string, prior map[string]string) error
}

// Kinds are all that a product has inside. A kind comes before those that refer to it.
type Kinds []Kind

// Key is the key of a thing of the kind.
func Key(kind, name string) string { return kind + "/" + name }

// Observe does the work of [Remote].
func (k Kinds) Observe(ctx context.Context, keys []string) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	for _, key := range keys {
		of, name, _ := strings.Cut(key, "/")
		i := slices.IndexFunc(k, func(kind Kind) bool { return kind.Name == of })
		if i < 0 {
			continue
		}
		leaves, err := k[i].Observe(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", key, err)
		}
		if leaves != nil {
			out[key] = leaves
		}
	}
	return out, nil
}

// Apply does the work of [Remote]: it makes everything as desired, what others refer to
// first, and then removes what is not, what refers to others first. What fails keeps
// nothing else from being done.
func (k Kinds) Apply(ctx context.Context, prior, desired map[string]map[string]string) diag.Diagnostics {
	var diags diag.Diagnostics
	report := func(key, what string, err error) {
		if err != nil {
			diags.AddError(key+" cannot be "+what, strings.TrimSuffix(err.Error(), ".")+".")
		}
	}
	for _, kind := range k {
		for _, name := range kind.names(desired) {
			key := Key(kind.Name, name)
			report(key, "applied", kind.Apply(ctx, name, desired[key]))
		}
	}
	for _, kind := range slices.Backward(k) {
		for _, name := range kind.names(prior) {
			key := Key(kind.Name, name)
			if _, wanted := desired[key]; !wanted {
				report(key, "removed", kind.Remove(ctx, name, prior[key]))
			}
		}
	}
	return diags
}

// names are those of the things of the kind, sorted.
func (k Kind) names(things map[string]map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(things)) {
		if name, ok := strings.CutPrefix(key, k.Name+"/"); ok {
			out = append(out, name)
		}
	}
	return out
}
