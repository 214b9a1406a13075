package workload

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestSecretData decides for each key whether its value stays, is made anew or is
// lost.
func TestSecretData(t *testing.T) {
	given := "given"
	const made = "\x00made"
	for name, test := range map[string]struct {
		value SecretValue
		// live is what the Secret holds, "" where it lacks the key; identity is that
		// of the value, "" where the Secret does not say.
		live, identity string
		// applied is the value that the last apply noted.
		applied *SecretValue
		want    string // made is a new one, "" an error
	}{
		"plain":                             {value: Plain("a"), want: "a"},
		"plain, another one there":          {value: Plain("a"), live: "b", want: "a"},
		"generated, first":                  {value: Generated(8, ""), want: made},
		"generated, there":                  {value: Generated(8, ""), live: "old", identity: Generated(8, "").identity(), want: "old"},
		"generated, rotated":                {value: Generated(8, "2"), live: "old", identity: Generated(8, "").identity(), applied: new(Generated(8, "")), want: made},
		"generated, restored from a backup": {value: Generated(8, ""), live: "old", applied: new(Generated(8, "")), want: "old"},
		"generated, restored and rotated":   {value: Generated(8, "2"), live: "old", applied: new(Generated(8, "")), want: made},
		"generated, lost":                   {value: Generated(8, ""), applied: new(Generated(8, "")), want: ""},
		"generated, lost and rotated":       {value: Generated(8, "2"), applied: new(Generated(8, "")), want: made},
		"write-only, first":                 {value: WriteOnly(&given, "1"), want: "given"},
		"write-only, there":                 {value: WriteOnly(&given, "1"), live: "old", identity: WriteOnly(nil, "1").identity(), want: "old"},
		"write-only, there and not given":   {value: WriteOnly(nil, "1"), live: "old", identity: WriteOnly(nil, "1").identity(), want: "old"},
		"write-only, another version":       {value: WriteOnly(&given, "2"), live: "old", identity: WriteOnly(nil, "1").identity(), want: "given"},
		"write-only, gone":                  {value: WriteOnly(&given, "1"), applied: new(WriteOnly(nil, "1")), want: "given"},
		"write-only, not given":             {value: WriteOnly(nil, "1"), want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			memory := newPrivate()
			if test.applied != nil {
				memory.Records["Secret/s"] = &record{
					Masks: map[string]revision{"data[k]": {Number: 1, Fingerprint: memory.fingerprint(test.applied.identity())}},
					Live:  map[string]string{"data[k]": memory.fingerprint("old")},
				}
			}
			var live *unstructured.Unstructured
			if test.live != "" {
				live = &unstructured.Unstructured{Object: map[string]any{"data": map[string]any{"k": base64.StdEncoding.EncodeToString([]byte(test.live))}}}
				if test.identity != "" {
					identities, err := json.Marshal(map[string]string{"k": test.identity})
					if err != nil {
						t.Fatal(err)
					}
					live.SetAnnotations(map[string]string{valuesAnnotation: string(identities)})
				}
			}
			s := anObject("Secret/s", nil, nil)
			s.Data = map[string]SecretValue{"k": test.value, "url": Template("user:%s@host", "k")}
			got, err := secretData(s, live, memory)
			if (err != nil) != (test.want == "") {
				t.Fatalf("got %s, %v", got, err)
			}
			if err != nil {
				return
			}
			value := string(got["k"])
			if test.want == made && (len(value) != 8 || value == test.live) || test.want != made && value != test.want {
				t.Errorf("got %q", value)
			}
			if string(got["url"]) != "user:"+value+"@host" {
				t.Errorf("what is derived from it is %q", got["url"])
			}
			sent, _, _ := unstructured.NestedString(s.manifest.Object, "data", "k")
			if sent != base64.StdEncoding.EncodeToString([]byte(value)) {
				t.Errorf("sent is %q", sent)
			}
		})
	}
}

// TestURLTemplate puts any password into a URL.
func TestURLTemplate(t *testing.T) {
	s := anObject("Secret/s", nil, nil)
	s.Data = map[string]SecretValue{"password": Plain("a@b:c/d%e f+g?h"), "url": URLTemplate("postgresql://user:%s@host/db", "password")}
	got, err := secretData(s, nil, newPrivate())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(string(got["url"]))
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := u.User.Password(); password != "a@b:c/d%e f+g?h" || u.Host != "host" {
		t.Errorf("%s has the password %q and the host %q", got["url"], password, u.Host)
	}
}

// TestKeyring keeps every key that ever was in use, however often a rotation is
// interrupted, and nothing else.
func TestKeyring(t *testing.T) {
	memory := newPrivate()
	var live *unstructured.Unstructured
	apply := func(rotate string) (value, ring string) {
		t.Helper()
		s := anObject("Secret/s", nil, nil)
		s.Data = map[string]SecretValue{"k": Generated(8, rotate), "ring": Keyring("%s=", "k")}
		got, err := secretData(s, live, memory)
		if err != nil {
			t.Fatal(err)
		}
		live = s.manifest
		return string(got["k"]), string(got["ring"])
	}
	write := func(key, value string) {
		t.Helper()
		if err := unstructured.SetNestedField(live.Object, base64.StdEncoding.EncodeToString([]byte(value)), "data", key); err != nil {
			t.Fatal(err)
		}
	}
	first, ring := apply("")
	if ring != first+"=" {
		t.Fatalf("the first ring is %q", ring)
	}
	second, ring := apply("2")
	if second == first || ring != second+"=,"+first+"=" {
		t.Errorf("after a rotation the ring is %q", ring)
	}
	// The apply that made the second one was interrupted; its successor finds it there.
	if again, ring := apply("2"); again != second || ring != second+"=,"+first+"=" {
		t.Errorf("after the same apply once more the ring is %q", ring)
	}
	third, ring := apply("3")
	all := third + "=," + second + "=," + first + "="
	if ring != all {
		t.Errorf("after another rotation the ring is %q", ring)
	}
	// What another hand put in would keep Airflow from starting.
	write("ring", ring+",nonsense,,=")
	if _, ring := apply("3"); ring != all {
		t.Errorf("the repaired ring is %q", ring)
	}
	// Without a ring, the value that goes is known nevertheless.
	write("ring", "")
	if fourth, ring := apply("4"); ring != fourth+"=,"+third+"=" {
		t.Errorf("the ring made anew is %q", ring)
	}
}
