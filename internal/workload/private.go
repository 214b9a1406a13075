package workload

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

const privateKey = "engine"

// private is what the engine remembers beside the state. A copy is kept with the
// claim, so that an import restores it.
type private struct {
	// Owner marks every object of this resource.
	Owner string `json:"owner"`
	// Key is the key of the fingerprints of masked values.
	Key []byte `json:"key"`
	// Records has one entry for each key of objects.
	Records map[string]*record `json:"records"`
	// Strays are objects that are not among Records: those that an apply which did
	// not end well may have left, and those that the configuration dropped and that
	// stay, as volumes do.
	Strays []*record `json:"strays,omitempty"`
	// Baseline holds what was applied, for the objects in which the last read
	// found something else.
	Baseline map[string]map[string]string `json:"baseline,omitempty"`
	// Ignored holds the leaves that are left to others, as the last read found
	// them, where that is not what was applied. Nil stands for a leaf that is gone.
	Ignored map[string]map[string]*string `json:"ignored,omitempty"`
	// Incomplete is set while an apply has begun and not ended well.
	Incomplete bool `json:"incomplete,omitempty"`
	// Unrefreshed is set by a read without a cluster to read from: the apply, which
	// has one, makes sure of every object.
	Unrefreshed bool `json:"unrefreshed,omitempty"`
	// Fallback is the identity of the cluster for credentials that may not read
	// the namespace kube-system.
	Fallback string `json:"fallback,omitempty"`
	// Environment is a fingerprint of the provider's defaults of the last apply.
	Environment string `json:"environment,omitempty"`
}

// record is what the engine remembers of one object.
type record struct {
	APIVersion string `json:"api_version,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name,omitempty"`
	Remote     bool   `json:"remote,omitempty"`
	Keep       bool   `json:"keep,omitempty"`
	Guard      bool   `json:"guard,omitempty"`
	Adopt      bool   `json:"adopt,omitempty"`
	NoWait     bool   `json:"no_wait,omitempty"`
	Stage      Stage  `json:"stage,omitempty"`
	// RunKey is the fingerprint of the run key of a Job, "" where it has none.
	RunKey string `json:"run_key,omitempty"`
	// Ran is set once the run of a Job is nobody's business any more: it is over, or
	// nothing waits for it. A Job that vanishes then does not run again.
	Ran bool `json:"ran,omitempty"`
	// PerRun is the key of the Job for one run of which the object exists, "" for others.
	PerRun string `json:"per_run,omitempty"`
	// Content is the revision of all that the object holds.
	Content revision `json:"content"`
	// Masks has the revision of each masked leaf.
	Masks map[string]revision `json:"masks,omitempty"`
	// Live has what the API server returned after the apply, for the leaves where
	// that differs from what was sent. Masked leaves stand as fingerprints.
	Live map[string]string `json:"live,omitempty"`
}

// revision counts the values that a masked leaf has had.
type revision struct {
	Number      int    `json:"number"`
	Fingerprint string `json:"fingerprint"`
}

func (r *record) ref() kube.Ref {
	return kube.Ref{
		GroupVersionKind: schema.FromAPIVersionAndKind(r.APIVersion, r.Kind),
		Namespace:        r.Namespace,
		Name:             r.Name,
	}
}

// inherit takes over what an earlier apply has learnt of an object that this one
// has not sent yet.
func (r *record) inherit(old *record) {
	if old == nil || old == r {
		return
	}
	r.Live, r.Ran = old.Live, r.hasRun(old)
}

// hasRun reports whether the run that r asks for is the one of old, and past.
func (r *record) hasRun(old *record) bool {
	return old != nil && old.Ran && old.RunKey == r.RunKey && old.ref() == r.ref()
}

// isOver reports whether an object may vanish: a run that is over is no loss, and what existed for it goes with it.
func (p *private) isOver(r *record) bool {
	job := p.Records[r.PerRun]
	return r.Ran || job != nil && job.Ran
}

func newPrivate() *private {
	key := make([]byte, sha256.Size)
	// crypto/rand.Read never fails since Go 1.24.
	_, _ = rand.Read(key)
	return &private{Owner: uuid.NewString(), Key: key, Records: map[string]*record{}}
}

// fingerprint identifies a value without revealing it to whoever lacks the key.
func (p *private) fingerprint(value string) string {
	mac := hmac.New(sha256.New, p.Key)
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

// beginning is what the claim remembers while an apply is under way: all that may
// be there by its end, however it ends.
func (p *private) beginning(records map[string]*record) *private {
	began := *p
	began.Records = maps.Clone(p.Records)
	for key, r := range records {
		r.inherit(p.Records[key])
		began.Records[key] = r
	}
	began.Strays = p.unwanted(began.Records)
	began.Incomplete = true
	return &began
}

// unwanted lists, once each, the objects of p that are not among the given records.
func (p *private) unwanted(records map[string]*record) []*record {
	wanted := map[kube.Ref]bool{}
	for _, r := range records {
		wanted[r.ref()] = true
	}
	var out []*record
	consider := func(r *record) {
		if !r.Remote && !wanted[r.ref()] {
			wanted[r.ref()] = true
			out = append(out, r)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Records)) {
		consider(p.Records[key])
	}
	for _, r := range p.Strays {
		consider(r)
	}
	return out
}

// keeps reports whether the object with the given key outlives its resource.
func (p *private) keeps(key string) bool {
	return p != nil && p.Records[key] != nil && p.Records[key].Keep
}

// kept says in words what outlives a destroy.
func (p *private) kept(objects map[string]map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(p.Records)) {
		if p.Records[key].Keep {
			out = append(out, key)
		}
		if p.Records[key].Kind == "StatefulSet" && len(volumeSizes(objects[key])) > 0 {
			out = append(out, "the volumes of "+key)
		}
	}
	for _, r := range p.Strays {
		if r.Keep {
			out = append(out, r.ref().String())
		}
	}
	return out
}

// history tells whether a generated value was there before.
func (p *private) history(t *thing, key string, v SecretValue) valueHistory {
	old := p.Records[t.Key]
	if old == nil {
		return valueNone
	}
	path := dataPath(key)
	mask, noted := old.Masks[path]
	// A fingerprint is missing where the plan of a creation was all there was.
	if noted && mask.Fingerprint != "" && mask.Fingerprint != p.fingerprint(v.identity()) {
		return valueRotated
	}
	if _, applied := old.Live[path]; noted && applied {
		return valueLost
	}
	return valueNone
}

// tampered reports whether the value of a key of a Secret is another one than the
// last apply has left.
func (p *private) tampered(t *thing, key string, value []byte) bool {
	old := p.Records[t.Key]
	if old == nil {
		return false
	}
	left, noted := old.Live[dataPath(key)]
	return noted && left != leftOut && left != p.fingerprint(string(value))
}

// outdated reports whether the last read or apply left work to do.
func (p *private) outdated() bool {
	return p.Incomplete || len(p.Baseline) > 0
}

type privateGetter interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateSetter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// readPrivate returns nil when nothing was stored.
func readPrivate(ctx context.Context, from privateGetter) (*private, diag.Diagnostics) {
	raw, diags := from.GetKey(ctx, privateKey)
	if diags.HasError() || len(raw) == 0 {
		return nil, diags
	}
	p, err := decodePrivate(raw)
	if err != nil {
		diags.AddError("The resource's private state cannot be read",
			fmt.Sprintf("%v. Remove the resource from the state and import it again.", err))
		return nil, diags
	}
	return p, diags
}

func decodePrivate(raw []byte) (*private, error) {
	var p private
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	if p.Records == nil {
		p.Records = map[string]*record{}
	}
	return &p, nil
}

func (p *private) encode() []byte {
	// Only strings, numbers and maps: marshalling cannot fail.
	raw, _ := json.Marshal(p)
	return raw
}

func (p *private) write(ctx context.Context, to privateSetter) diag.Diagnostics {
	return to.SetKey(ctx, privateKey, p.encode())
}
