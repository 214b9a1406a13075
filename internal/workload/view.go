package workload

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// view is what the objects attribute holds: leaves by path, by key. Values that
// are not known yet are nil.
type view map[string]map[string]*string

// viewer turns renderings into views. It gives each masked leaf a revision, which
// rises when the value behind it changes.
type viewer struct {
	private *private // nil before the first apply
	records map[string]*record
}

func newViewer(p *private) *viewer {
	return &viewer{private: p, records: map[string]*record{}}
}

// see returns the view of a rendering. b is the same configuration rendered with
// other stand-ins; what differs between the two is unknown. ok is false when even
// the set of objects depends on what is unknown.
func (v *viewer) see(a, b rendered) (out view, ok bool) {
	if !sameKeys(a, b) {
		return nil, false
	}
	out = view{}
	contents := map[string]*revision{}
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if !sameKeys(a[key].raw, b[key].raw) {
			out[key] = nil
			contents[key] = nil
			continue
		}
		out[key], contents[key] = v.seeThing(a[key], b[key])
		for path, text := range out[key] {
			if mask, masked := v.records[key].Masks[path]; masked && text != nil {
				contents[leafOf(key, path)] = &mask
			}
		}
	}
	v.substitute(out, contents)
	return out, true
}

// seeThing returns the leaves of one thing and the revision of its content, nil
// where something in it is unknown.
func (v *viewer) seeThing(a, b *thing) (map[string]*string, *revision) {
	old := &record{}
	if v.private != nil && v.private.Records[a.Key] != nil {
		old = v.private.Records[a.Key]
	}
	rec := newRecord(a)
	if v.private != nil && a.RunKey != "" {
		rec.RunKey = v.private.fingerprint(a.RunKey)
	}
	v.records[a.Key] = rec
	leaves := make(map[string]*string, len(a.raw))
	known := true
	content := &strings.Builder{}
	for _, path := range slices.Sorted(maps.Keys(a.raw)) {
		value := a.raw[path]
		// A label or an annotation is not what those read who depend on the content.
		counts := !strings.HasPrefix(path, "metadata.")
		if value != b.raw[path] {
			leaves[path] = nil
			known = known && !counts
			continue
		}
		if counts {
			fmt.Fprintf(content, "%q=%q\n", path, value)
		}
		label, masked := a.masks[path]
		if !masked {
			leaves[path] = &value
			continue
		}
		r := v.next(old.Masks[path], value)
		rec.Masks[path] = r
		text := fmt.Sprintf("(%s, revision %d)", label, r.Number)
		leaves[path] = &text
	}
	if !known {
		return leaves, nil
	}
	rec.Content = v.next(old.Content, content.String())
	return leaves, &rec.Content
}

// next returns the revision of a value after the given one.
func (v *viewer) next(old revision, value string) revision {
	if v.private == nil {
		return revision{Number: 1}
	}
	f := v.private.fingerprint(value)
	if f == old.Fingerprint {
		return old
	}
	return revision{Number: old.Number + 1, Fingerprint: f}
}

// substitute puts revisions in for the placeholders of SecretRevision and SecretKeyRevision.
func (v *viewer) substitute(out view, contents map[string]*revision) {
	for _, leaves := range out {
		for path, text := range leaves {
			if text == nil || !strings.Contains(*text, revisionPlaceholder) {
				continue
			}
			leaves[path] = replaceRevisions(*text, contents)
		}
	}
}

// replaceRevisions returns nil when a revision is not known.
func replaceRevisions(text string, contents map[string]*revision) *string {
	for {
		before, rest, found := strings.Cut(text, revisionPlaceholder)
		if !found {
			return &text
		}
		key, after, _ := strings.Cut(rest, "\x00")
		r := contents[key]
		if r == nil {
			return nil
		}
		text = fmt.Sprintf("%s%d%s", before, r.Number, after)
	}
}

// replaceRevisionsIn does the same in a manifest.
func replaceRevisionsIn(value any, records map[string]*record) any {
	switch v := value.(type) {
	case string:
		if !strings.Contains(v, revisionPlaceholder) {
			return v
		}
		contents := map[string]*revision{}
		for key, r := range records {
			contents[key] = &r.Content
			for path, mask := range r.Masks {
				contents[leafOf(key, path)] = &mask
			}
		}
		if text := replaceRevisions(v, contents); text != nil {
			return *text
		}
		return v
	case map[string]any:
		for key := range v {
			v[key] = replaceRevisionsIn(v[key], records)
		}
	case []any:
		for i := range v {
			v[i] = replaceRevisionsIn(v[i], records)
		}
	}
	return value
}

func newRecord(t *thing) *record {
	r := &record{Remote: t.remote(), Keep: t.Keep, Guard: t.Guard, Adopt: t.Adopt, NoWait: t.NoWait, Stage: t.Stage, PerRun: t.PerRun, Masks: map[string]revision{}}
	if t.manifest != nil {
		r.APIVersion = t.manifest.GetAPIVersion()
		r.Kind = t.manifest.GetKind()
		r.Namespace = t.manifest.GetNamespace()
		r.Name = t.manifest.GetName()
	}
	return r
}

// known returns the view as plain text; it must have no unknown left.
func (v view) known() map[string]map[string]string {
	out := make(map[string]map[string]string, len(v))
	for key, leaves := range v {
		out[key] = make(map[string]string, len(leaves))
		for path, text := range leaves {
			if text != nil {
				out[key][path] = *text
			}
		}
	}
	return out
}

// complete reports whether nothing in the view is unknown.
func (v view) complete() bool {
	for _, leaves := range v {
		if leaves == nil {
			return false
		}
		for _, text := range leaves {
			if text == nil {
				return false
			}
		}
	}
	return true
}

// equals reports whether the view is complete and shows what objects holds.
func (v view) equals(objects map[string]map[string]string) bool {
	if !v.complete() || len(v) != len(objects) {
		return false
	}
	for key, leaves := range v.known() {
		if !maps.Equal(leaves, objects[key]) || objects[key] == nil {
			return false
		}
	}
	return true
}

func sameKeys[A, B any](a map[string]A, b map[string]B) bool {
	if len(a) != len(b) {
		return false
	}
	for key := range a {
		if _, ok := b[key]; !ok {
			return false
		}
	}
	return true
}
