package workload

import (
	"encoding/base64"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// changedOutside is shown in place of a masked leaf that another hand changed.
const changedOutside = "(changed outside of Terraform)"

// leftOut stands in a record for a leaf that was sent and that the object did not
// get: a webhook drops it, or the object stays as it was, as a Job does that has
// run.
const leftOut = "\x00left out"

// liveLeaves returns the live values of the given leaves, the data of a Secret
// included.
func liveLeaves(shown map[string]string, live *unstructured.Unstructured) map[string]string {
	leaves := kube.Drift(shown, live)
	if live.GetKind() != "Secret" {
		return leaves
	}
	out := maps.Clone(map[string]string(leaves))
	if out == nil {
		out = map[string]string{}
	}
	encoded, _, _ := unstructured.NestedStringMap(live.Object, "data")
	for key, text := range encoded {
		path := dataPath(key)
		if _, ours := shown[path]; !ours {
			continue
		}
		if value, err := base64.StdEncoding.DecodeString(text); err == nil {
			out[path] = string(value)
		}
	}
	return out
}

// remember notes what the API server made of what was sent. sent has our leaves
// in clear.
func (p *private) remember(r *record, sent map[string]string, live map[string]string, secret bool) {
	r.Live = map[string]string{}
	for path, value := range live {
		_, masked := r.Masks[path]
		switch {
		case secret && strings.HasPrefix(path, "data["):
			r.Live[path] = p.fingerprint(value)
		case value == sent[path]:
		case masked:
			r.Live[path] = p.fingerprint(value)
		default:
			r.Live[path] = value
		}
	}
	for path := range sent {
		if _, there := live[path]; !there {
			r.Live[path] = leftOut
		}
	}
}

// compare returns the leaves as they are now and whether another hand changed
// any since they were applied. shown is what was applied, as objects shows it.
// Leaves that the rules cover stand as they were applied; theirs are those of them
// that another hand changed, as they are now, nil for one that is gone.
func (p *private) compare(key string, shown, live map[string]string, rules []Ignore) (now map[string]string, theirs map[string]*string, drifted bool) {
	r := p.Records[key]
	now, theirs = make(map[string]string, len(shown)), map[string]*string{}
	differs := func(path string, value *string) {
		switch was, ours := shown[path]; {
		case ignored(rules, r.Kind, r.Name, path):
			theirs[path] = value
			if ours {
				now[path] = was
			}
			return
		case value != nil:
			now[path] = *value
		}
		drifted = true
	}
	for path, text := range shown {
		value, there := live[path]
		if !there && (r.Live[path] == leftOut || path == runPath && r.Kind == jobKind) {
			now[path] = text
			continue
		}
		if !there {
			differs(path, nil)
			continue
		}
		want, recorded := r.Live[path]
		mask, masked := r.Masks[path]
		switch {
		case masked && !recorded:
			want = mask.Fingerprint
			fallthrough
		case masked:
			value = p.fingerprint(value)
		case !recorded:
			want = text
		}
		switch {
		case value == want:
			now[path] = text
		case masked:
			value = changedOutside
			differs(path, &value)
		default:
			differs(path, &value)
		}
	}
	for path, value := range live {
		if _, ours := shown[path]; ours {
			continue
		}
		if want, recorded := r.Live[path]; recorded && want == value {
			continue
		}
		differs(path, &value)
	}
	return now, theirs, drifted
}
