package workload

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// valuesAnnotation keeps, for each generated or write-only key of a Secret, which
// one it is, so that it is replaced only when another is wanted.
const valuesAnnotation = BookkeepingPrefix + "values"

// dataPath is the path of a key's leaf.
func dataPath(key string) string { return "data[" + key + "]" }

// secretData returns what a Secret is to hold: values that are there already and
// still wanted stay as they are.
func secretData(t *thing, live *unstructured.Unstructured, memory *private) (map[string][]byte, error) {
	current, identities, err := liveData(live)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(t.Data))
	kept := map[string]string{}
	for key, v := range t.Data {
		_, there := current[key]
		identity, known := identities[key]
		if v.kind == secretGenerated || v.kind == secretWriteOnly {
			kept[key] = v.identity()
			repair := v.kind == secretWriteOnly && !v.isNull && memory.tampered(t, key, current[key])
			if there && known && identity == v.identity() && !repair {
				out[key] = current[key]
				continue
			}
		}
		switch v.kind {
		case secretPlain:
			out[key] = []byte(v.text)
		case secretGenerated:
			history := memory.history(t, key, v)
			switch {
			case there && !known && history != valueRotated:
				// It came back without the annotation, from a backup for instance.
				out[key] = current[key]
				continue
			case !there && history == valueLost:
				return nil, lostError(t, key)
			}
			if out[key], err = generate(v.length); err != nil {
				return nil, err
			}
		case secretWriteOnly:
			if v.isNull {
				return nil, fmt.Errorf("the key %q of Secret %s comes from a write-only attribute that is not set", key, t.manifest.GetName())
			}
			out[key] = []byte(v.text)
		case secretCopied:
			out[key] = []byte(v.text)
		case secretTemplate, secretKeyring:
		}
	}
	for key, v := range t.Data {
		if v.kind == secretKeyring {
			out[key] = keyring(v, out[v.keys[0]], current[v.keys[0]], current[key])
		}
		if v.kind != secretTemplate {
			continue
		}
		arguments := make([]any, len(v.keys))
		for i, k := range v.keys {
			arguments[i] = string(out[k])
			if v.encode {
				arguments[i] = percentEncode(string(out[k]))
			}
		}
		out[key] = fmt.Appendf(nil, v.text, arguments...)
	}
	return out, setData(t.manifest, out, kept)
}

// keyring puts a value before all that it was: was is the last one, as far as it is
// known, and ring what the Secret has so far. What has not the form of such a value,
// because another hand wrote it, is left out.
func keyring(v SecretValue, is, was, ring []byte) []byte {
	first := fmt.Sprintf(v.text, is)
	before, after, _ := strings.Cut(v.text, "%s")
	out := []string{first}
	for _, former := range append([]string{fmt.Sprintf(v.text, was)}, strings.Split(string(ring), ",")...) {
		formed := len(former) == len(first) && strings.HasPrefix(former, before) && strings.HasSuffix(former, after)
		if formed && !slices.Contains(out, former) {
			out = append(out, former)
		}
	}
	return []byte(strings.Join(out, ","))
}

// percentEncode encodes all that could mean something in a URL.
func percentEncode(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// valueHistory is what is known of an earlier value of a generated key.
type valueHistory int

const (
	// valueNone: there was none.
	valueNone valueHistory = iota
	// valueLost: there was one, and the user wants no other.
	valueLost
	// valueRotated: there was one, and the user wants another.
	valueRotated
)

// liveData returns the data of a live Secret and the identities of its values.
func liveData(live *unstructured.Unstructured) (map[string][]byte, map[string]string, error) {
	data := map[string][]byte{}
	identities := map[string]string{}
	if live == nil {
		return data, identities, nil
	}
	encoded, _, err := unstructured.NestedStringMap(live.Object, "data")
	if err != nil {
		return nil, nil, err
	}
	for key, text := range encoded {
		if data[key], err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, nil, err
		}
	}
	if text := live.GetAnnotations()[valuesAnnotation]; text != "" {
		if err := json.Unmarshal([]byte(text), &identities); err != nil {
			return nil, nil, fmt.Errorf("annotation %s of Secret %s: %w", valuesAnnotation, live.GetName(), err)
		}
	}
	return data, identities, nil
}

func setData(manifest *unstructured.Unstructured, data map[string][]byte, kept map[string]string) error {
	encoded := make(map[string]any, len(data))
	for key, value := range data {
		encoded[key] = base64.StdEncoding.EncodeToString(value)
	}
	manifest.Object["data"] = encoded
	if len(kept) == 0 {
		return nil
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	annotations := manifest.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[valuesAnnotation] = string(text)
	manifest.SetAnnotations(annotations)
	return nil
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// generate returns random letters and digits.
func generate(length int) ([]byte, error) {
	out := make([]byte, length)
	for i := range out {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return nil, err
		}
		out[i] = alphabet[n.Int64()]
	}
	return out, nil
}
