package workload

import (
	"maps"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// anObject is a thing with these leaves, of which the masked ones have labels.
func anObject(key string, leaves map[string]string, masks map[string]string) *thing {
	return &thing{Object: Object{Key: key}, manifest: &unstructured.Unstructured{Object: map[string]any{}}, raw: leaves, masks: masks}
}

// plain has "?" for what is unknown.
func plain(v view) map[string]map[string]string {
	out := map[string]map[string]string{}
	for key, leaves := range v {
		if leaves == nil {
			out[key] = nil
			continue
		}
		out[key] = map[string]string{}
		for path, text := range leaves {
			out[key][path] = "?"
			if text != nil {
				out[key][path] = *text
			}
		}
	}
	return out
}

func TestView(t *testing.T) {
	const roll = "spec.template.metadata.annotations[revision]"
	web := func(value string) *thing {
		return anObject("Deployment/web", map[string]string{"spec.replicas": value, roll: SecretRevision("Secret/s")}, nil)
	}
	secret := func(value, label string) *thing {
		return anObject("Secret/s", map[string]string{"data[a]": value, "metadata.labels.team": label}, map[string]string{"data[a]": "env.A"})
	}
	all := func(things ...*thing) rendered {
		out := rendered{}
		for _, t := range things {
			out[t.Key] = t
		}
		return out
	}
	// What was applied before: value "one", and its second revision.
	p := newPrivate()
	before := newViewer(p)
	before.see(all(web("1"), secret("zero", "x")), all(web("1"), secret("zero", "x")))
	p.Records = before.records
	before = newViewer(p)
	before.see(all(web("1"), secret("one", "x")), all(web("1"), secret("one", "x")))
	p.Records = before.records

	for name, test := range map[string]struct {
		a, b rendered
		want map[string]map[string]string // nil is an unknown set of objects
	}{
		"the same": {
			all(web("1"), secret("one", "x")), all(web("1"), secret("one", "x")),
			map[string]map[string]string{
				"Deployment/web": {"spec.replicas": "1", roll: "2"}, "Secret/s": {"data[a]": "(env.A, revision 2)", "metadata.labels.team": "x"},
			},
		},
		"another secret rolls the pods": {
			all(web("1"), secret("two", "x")), all(web("1"), secret("two", "x")),
			map[string]map[string]string{
				"Deployment/web": {"spec.replicas": "1", roll: "3"}, "Secret/s": {"data[a]": "(env.A, revision 3)", "metadata.labels.team": "x"},
			},
		},
		"another label rolls nothing": {
			all(web("1"), secret("one", "y")), all(web("1"), secret("one", "y")),
			map[string]map[string]string{
				"Deployment/web": {"spec.replicas": "1", roll: "2"}, "Secret/s": {"data[a]": "(env.A, revision 2)", "metadata.labels.team": "y"},
			},
		},
		"an unknown value": {
			all(web("1"), secret("one", "x")), all(web("2"), secret("one", "x")),
			map[string]map[string]string{
				"Deployment/web": {"spec.replicas": "?", roll: "2"}, "Secret/s": {"data[a]": "(env.A, revision 2)", "metadata.labels.team": "x"},
			},
		},
		"an unknown secret": {
			all(web("1"), secret("a", "x")), all(web("1"), secret("b", "x")),
			map[string]map[string]string{
				"Deployment/web": {"spec.replicas": "1", roll: "?"}, "Secret/s": {"data[a]": "?", "metadata.labels.team": "x"},
			},
		},
		"an unknown label": {
			all(web("1"), secret("one", "a")), all(web("1"), secret("one", "b")),
			map[string]map[string]string{
				"Deployment/web": {"spec.replicas": "1", roll: "2"}, "Secret/s": {"data[a]": "(env.A, revision 2)", "metadata.labels.team": "?"},
			},
		},
		"unknown leaves": {
			all(web("1"), anObject("Secret/s", map[string]string{"data[a]": "1"}, nil)), all(web("1"), anObject("Secret/s", map[string]string{"data[b]": "1"}, nil)),
			map[string]map[string]string{"Deployment/web": {"spec.replicas": "1", roll: "?"}, "Secret/s": nil},
		},
		"unknown objects": {all(web("1")), all(web("1"), secret("one", "x")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := newViewer(p).see(test.a, test.b)
			if ok != (test.want != nil) || ok && !reflect.DeepEqual(plain(got), test.want) {
				t.Errorf("got %v, %t", plain(got), ok)
			}
			if ok && got.complete() == unknownIn(test.want) {
				t.Errorf("complete is %t", got.complete())
			}
		})
	}

	// Nothing that is masked is kept in clear.
	for key, r := range p.Records {
		for path, mask := range r.Masks {
			if mask.Fingerprint == "" || mask.Fingerprint == "one" {
				t.Errorf("%s %s is remembered as %q", key, path, mask.Fingerprint)
			}
		}
	}
}

func unknownIn(want map[string]map[string]string) bool {
	for _, leaves := range want {
		if leaves == nil {
			return true
		}
		for _, text := range leaves {
			if text == "?" {
				return true
			}
		}
	}
	return false
}

// TestMasks gives a leaf the label of the longest prefix that covers it.
func TestMasks(t *testing.T) {
	t1 := &thing{
		Object: Object{
			Mask: map[string]string{"spec": "everything", "spec.args": "args", "spec.args[1]": "password"},
			Data: map[string]SecretValue{"plain": Plain("p"), "made": Generated(8, ""), "given": WriteOnly(nil, "1"), "both": Template("%s:%s", "plain", "made")},
		},
		manifest: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "example.com/v1", "kind": "Thing", "spec": map[string]any{"image": "i", "args": []any{"a", "b"}}, "kept": "clear",
		}},
	}
	t1.flatten()
	want := map[string]string{
		"spec.image": "everything", "spec.args[0]": "args", "spec.args[1]": "password",
		"data[plain]": "plain", "data[made]": "generated", "data[given]": "write-only", "data[both]": "derived",
	}
	if !maps.Equal(t1.masks, want) {
		t.Errorf("got %v", t1.masks)
	}
	if t1.raw["kept"] != "clear" {
		t.Errorf("the leaves are %v", t1.raw)
	}
}

// TestSecretKeyRevision rolls pods only when the one value changes that they read.
func TestSecretKeyRevision(t *testing.T) {
	see := func(p *private, a, b string) (annotation, sent string) {
		t.Helper()
		const roll = "spec.template.metadata.annotations[revision]"
		web := anObject("Deployment/web", map[string]string{roll: SecretKeyRevision("Secret/s", "a")}, nil)
		secret := anObject("Secret/s", map[string]string{"data[a]": a, "data[b]": b}, map[string]string{"data[a]": "generated", "data[b]": "generated"})
		things := rendered{web.Key: web, secret.Key: secret}
		viewer := newViewer(p)
		out, ok := viewer.see(things, things)
		if !ok {
			t.Fatal("the set of objects is unknown")
		}
		p.Records = viewer.records
		manifest, _ := replaceRevisionsIn(map[string]any{"annotation": web.raw[roll]}, viewer.records).(map[string]any)
		sent, _ = manifest["annotation"].(string)
		return plain(out)["Deployment/web"][roll], sent
	}
	p := newPrivate()
	for _, test := range []struct{ a, b, want string }{{"1", "1", "1"}, {"1", "2", "1"}, {"2", "2", "2"}, {"2", "3", "2"}} {
		if shown, sent := see(p, test.a, test.b); shown != test.want || sent != test.want {
			t.Errorf("with a = %s and b = %s the annotation is %q in the plan and %q in the cluster, want %s", test.a, test.b, shown, sent, test.want)
		}
	}
}
