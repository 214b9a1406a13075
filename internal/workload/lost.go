package workload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// A generated value that is gone cannot be made again: whatever it opened would
// stay closed. Only the user knows whether anything is left to be opened.

const missingCredential = "A credential is missing"

// lostError is about a value that was generated once, as the engine remembers.
func lostError(t *thing, key string) error {
	return fmt.Errorf("the key %q of Secret %s was generated and is gone, while what it opens may still be there. A new value would not open it. "+
		"Restore the Secret from a copy; one without its labels needs adopt = true. If what it opens is gone too, change the attribute \"rotate\" to have "+
		"a new value made", key, t.manifest.GetName())
}

// generatedKeys are the keys of a Secret that the engine generates.
func (t *thing) generatedKeys() []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(t.Data)) {
		if t.Data[key].kind == secretGenerated {
			out = append(out, key)
		}
	}
	return out
}

// refuseLost finds, at plan, the generated values that the last read has missed, and
// warns of those that it has found changed.
func (p *planner[M]) refuseLost() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, key := range slices.Sorted(maps.Keys(p.memory.baseline())) {
		t := p.draft.things[0][key]
		if t == nil {
			continue
		}
		for _, name := range t.generatedKeys() {
			_, was := p.memory.Baseline[key][dataPath(name)]
			now, is := p.state.Objects[key][dataPath(name)]
			if !was || p.memory.history(t, name, t.Data[name]) != valueLost {
				continue
			}
			switch {
			case !is:
				diags.AddError(missingCredential, lostError(t, name).Error())
			case now == changedOutside:
				diags.AddWarning("A generated credential was changed outside of Terraform", fmt.Sprintf("The key %q of Secret %s holds another value than the provider made. "+
					"The one of before is kept nowhere else, so an apply takes the new one over. Restore the Secret if that is not wanted, or change the attribute \"rotate\" "+
					"to have one generated.", name, t.manifest.GetName()))
			}
		}
	}
	return diags
}

// baseline is nil before the first apply.
func (p *private) baseline() map[string]map[string]string {
	if p == nil {
		return nil
	}
	return p.Baseline
}

// refuseLost finds, before a creation, the generated values that an earlier
// resource of the same name had, by the engine's memory or by the volumes that
// outlived it.
func (a *application[M]) refuseLost(ctx context.Context, t *thing, live *unstructured.Unstructured) diag.Diagnostics {
	var diags diag.Diagnostics
	keys := t.generatedKeys()
	if len(keys) == 0 {
		return nil
	}
	current, _, err := liveData(live)
	if err != nil {
		diags.AddError(missingCredential, err.Error())
		return diags
	}
	for _, key := range keys {
		if _, there := current[key]; !there && a.memory.history(t, key, t.Data[key]) == valueLost {
			diags.AddError(missingCredential, lostError(t, key).Error())
		}
	}
	if live != nil || !t.Keep || a.left {
		return diags
	}
	volumes, err := a.volumesLeft(ctx)
	if err != nil {
		diags.AddError("The volumes could not be read", kube.Classify(err).Detail)
	}
	if len(volumes) > 0 {
		diags.AddError(missingCredential, fmt.Sprintf("Secret %s is to hold a generated value and is not there, while volumes of an earlier resource of this name are: %s. "+
			"What they hold may open with the lost value only. Restore the Secret from a copy and set adopt = true; or delete these volumes to begin anew.",
			t.manifest.GetName(), strings.Join(volumes, ", ")))
	}
	return diags
}

// volumesLeft names the volumes that are there before their resource is.
func (a *application[M]) volumesLeft(ctx context.Context) ([]string, error) {
	var names []string
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(a.things)) {
		t := a.things[key]
		if t.remote() {
			continue
		}
		var refs []kube.Ref
		switch t.manifest.GetKind() {
		case "StatefulSet":
			for _, c := range claimsOf(t.manifest) {
				refs = append(refs, c.Ref)
			}
		case claimKind.Kind:
			refs = append(refs, kube.RefOf(t.manifest))
		}
		for _, ref := range refs {
			pvc, err := a.cluster.Get(ctx, ref)
			if err != nil {
				problems = append(problems, err)
			} else if pvc != nil {
				names = append(names, ref.Name)
			}
		}
	}
	return names, errors.Join(problems...)
}
