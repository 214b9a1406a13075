package workload

import (
	"maps"
	"testing"
)

// TestCompare applies leaves, has the API server make something of them, and reads
// them again.
func TestCompare(t *testing.T) {
	p := newPrivate()
	const masked = "(env.PASSWORD, revision 1)"
	for name, test := range map[string]struct {
		sent  map[string]string // in clear
		then  map[string]string // what the API server returned to the apply
		live  map[string]string // what a read finds
		masks map[string]bool
		rules []Ignore
		// theirs are the leaves that are left to others and changed.
		theirs map[string]string
		want   map[string]string
		drift  bool
	}{
		"nothing changed": {
			sent: map[string]string{"a": "1"}, then: map[string]string{"a": "1"}, live: map[string]string{"a": "1"},
			want: map[string]string{"a": "1"},
		},
		"another value": {
			sent: map[string]string{"a": "1"}, then: map[string]string{"a": "1"}, live: map[string]string{"a": "2"},
			want: map[string]string{"a": "2"}, drift: true,
		},
		"a field is gone": {
			sent: map[string]string{"a": "1", "b": "1"}, then: map[string]string{"a": "1", "b": "1"}, live: map[string]string{"a": "1"},
			want: map[string]string{"a": "1"}, drift: true,
		},
		"rewritten by a webhook": {
			sent: map[string]string{"a": "1"}, then: map[string]string{"a": "rewritten"}, live: map[string]string{"a": "rewritten"},
			want: map[string]string{"a": "1"},
		},
		"rewritten, then changed": {
			sent: map[string]string{"a": "1"}, then: map[string]string{"a": "rewritten"}, live: map[string]string{"a": "2"},
			want: map[string]string{"a": "2"}, drift: true,
		},
		"left out by a webhook": {
			sent: map[string]string{"a": "1", "b": "1"}, then: map[string]string{"a": "1"}, live: map[string]string{"a": "1"},
			want: map[string]string{"a": "1", "b": "1"},
		},
		"an element of ours that was added at once": {
			sent: map[string]string{"l[0]": "1"}, then: map[string]string{"l[0]": "1", "l[1]": "default"}, live: map[string]string{"l[0]": "1", "l[1]": "default"},
			want: map[string]string{"l[0]": "1"},
		},
		"an element that was added later": {
			sent: map[string]string{"l[0]": "1"}, then: map[string]string{"l[0]": "1"}, live: map[string]string{"l[0]": "1", "l[1]": "2"},
			want: map[string]string{"l[0]": "1", "l[1]": "2"}, drift: true,
		},
		"ignored": {
			sent: map[string]string{"a.b": "1"}, then: map[string]string{"a.b": "1"}, live: map[string]string{"a.b": "2", "a.c": "3"}, rules: []Ignore{{Path: "a"}},
			want: map[string]string{"a.b": "1"}, theirs: map[string]string{"a.b": "2", "a.c": "3"},
		},
		"ignored and rewritten by a webhook": {
			sent: map[string]string{"a": "1"}, then: map[string]string{"a": "rewritten"}, live: map[string]string{"a": "rewritten"}, rules: []Ignore{{Path: "a"}},
			want: map[string]string{"a": "1"},
		},
		"a masked value": {
			sent: map[string]string{"a": "secret"}, then: map[string]string{"a": "secret"}, live: map[string]string{"a": "secret"}, masks: map[string]bool{"a": true},
			want: map[string]string{"a": masked},
		},
		"another masked value": {
			sent: map[string]string{"a": "secret"}, then: map[string]string{"a": "secret"}, live: map[string]string{"a": "other"}, masks: map[string]bool{"a": true},
			want: map[string]string{"a": changedOutside}, drift: true,
		},
		"a masked value that was rewritten": {
			sent: map[string]string{"a": "secret"}, then: map[string]string{"a": "rewritten"}, live: map[string]string{"a": "rewritten"}, masks: map[string]bool{"a": true},
			want: map[string]string{"a": masked},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &record{Kind: "Deployment", Name: "web", Masks: map[string]revision{}}
			shown := maps.Clone(test.sent)
			for path := range test.masks {
				r.Masks[path] = revision{Number: 1, Fingerprint: p.fingerprint(test.sent[path])}
				shown[path] = masked
			}
			p.Records = map[string]*record{"it": r}
			p.remember(r, test.sent, test.then, false)
			for path, value := range r.Live {
				if test.masks[path] && (value == test.then[path] || value == test.sent[path]) {
					t.Errorf("%s is remembered in clear: %s", path, value)
				}
			}
			got, theirs, drift := p.compare("it", shown, test.live, test.rules)
			if !maps.Equal(got, test.want) || drift != test.drift {
				t.Errorf("got %v, %t", got, drift)
			}
			for path, value := range theirs {
				if was := test.theirs[path]; value == nil || *value != was {
					t.Errorf("left to others is %s: %v, want %q", path, value, was)
				}
			}
			if len(theirs) != len(test.theirs) {
				t.Errorf("left to others are %d leaves, want %v", len(theirs), test.theirs)
			}
		})
	}
}

// TestRememberSecretData keeps what a Secret holds as fingerprints only.
func TestRememberSecretData(t *testing.T) {
	p, r := newPrivate(), &record{Kind: "Secret", Masks: map[string]revision{"data[a]": {Number: 1}}}
	p.Records = map[string]*record{"it": r}
	p.remember(r, nil, map[string]string{"data[a]": "value"}, true)
	shown := map[string]string{"data[a]": "(generated, revision 1)"}
	if got := r.Live["data[a]"]; got != p.fingerprint("value") {
		t.Errorf("remembered is %q", got)
	}
	if now, _, drift := p.compare("it", shown, map[string]string{"data[a]": "value"}, nil); drift || !maps.Equal(now, shown) {
		t.Errorf("the same value gives %v, %t", now, drift)
	}
	if _, _, drift := p.compare("it", shown, map[string]string{"data[a]": "other"}, nil); !drift {
		t.Error("another value is not noticed")
	}
}
