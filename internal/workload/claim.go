package workload

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// A claim is the Secret that says who owns the objects of a name, and how far the
// owner has come. It is written before the first object and completed after the
// last, so that an apply that was killed finds its own again. It also keeps the
// resource's state, from which an import restores it.

// The phases of a claim.
const (
	phaseCreating = "creating"
	phaseApplied  = "applied"
	phaseReleased = "released"
)

const (
	phaseAnnotation   = BookkeepingPrefix + "phase"
	renewedAnnotation = BookkeepingPrefix + "renewed"
	claimStateKey     = "state"
	claimPrivateKey   = "private"
	// A claim whose holder has not renewed it for this long was abandoned.
	claimExpiry   = 15 * time.Second
	claimRenewal  = 5 * time.Second
	claimAttempts = 5
	// maxClaimSize keeps the claim below the 1 MiB that a Secret may hold.
	maxClaimSize = 1000 << 10
)

var secretKindGVK = schema.GroupVersionKind{Version: "v1", Kind: "Secret"}

// claims are those that this process has made, by cluster: two resources of one
// configuration with the same name must not both create it, whatever they may
// adopt.
var claims sync.Map

// claimKey names a claim in claims.
type claimKey struct {
	cluster string
	ref     kube.Ref
}

// claim is the Secret of one resource.
type claim struct {
	cluster *kube.Cluster
	ref     kube.Ref
	labels  map[string]string
	live    *unstructured.Unstructured
}

func (r *Resource[M]) claimOf(cluster *kube.Cluster, namespace, name string) *claim {
	labels := InstanceLabels(r.product.Name, name)
	labels[managedByLabel] = kube.FieldManager
	return &claim{
		cluster: cluster,
		labels:  labels,
		ref:     kube.Ref{GroupVersionKind: secretKindGVK, Namespace: namespace, Name: "analytics." + strings.ReplaceAll(r.product.Name, "_", "-") + "." + name},
	}
}

func (c *claim) read(ctx context.Context) error {
	live, err := c.cluster.Get(ctx, c.ref)
	c.live = live
	return err
}

func (c *claim) phase() string {
	if c.live == nil {
		return ""
	}
	return c.live.GetAnnotations()[phaseAnnotation]
}

func (c *claim) owner() string {
	if c.live == nil {
		return ""
	}
	return c.live.GetLabels()[ownerLabel]
}

// acquire waits until nobody else works on the resource, and returns what an
// interrupted creation or a destroy left of the engine's memory, nil if nothing.
// A resource that is there is refused, unless it is to be adopted.
func (c *claim) acquire(ctx context.Context, adopt bool) (*private, error) {
	var first string
	var since time.Time
	for {
		if err := c.read(ctx); err != nil {
			return nil, err
		}
		if c.phase() != phaseCreating {
			break
		}
		// Its holder's clock may differ from ours, so a claim has also expired when
		// it was not renewed under our eyes.
		renewed := c.live.GetAnnotations()[renewedAnnotation]
		at, err := time.Parse(time.RFC3339, renewed)
		if err != nil || time.Since(at) > claimExpiry {
			break
		}
		if since.IsZero() {
			tflog.Info(ctx, "Another run is creating this resource, or was ended while it did. Waiting for it to end or to expire.",
				map[string]any{"claim": c.ref.String()})
		}
		if first != renewed {
			first, since = renewed, time.Now()
		}
		if time.Since(since) > claimExpiry {
			break
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
	if c.live == nil {
		return nil, nil //nolint:nilnil // no claim: nothing was left
	}
	if c.phase() == phaseApplied {
		if adopt {
			// A new owner: the old one finds that it lost everything, and deletes nothing.
			return nil, nil //nolint:nilnil // nothing is continued
		}
		return nil, &ownedError{c}
	}
	_, memory, err := c.contents()
	return memory, err
}

// ownedError refuses to create what is there already.
type ownedError struct{ claim *claim }

// Error implements error.
func (e *ownedError) Error() string {
	c := e.claim
	id := c.ref.Namespace + "/" + c.labels[instanceLabel]
	return fmt.Sprintf("%s exists already and belongs to %s. Nothing was changed.\n\nImport it with the id %q, choose another name, or set adopt = true to "+
		"take it away from there. A replacement with create_before_destroy = true needs another name too.", id, ownerOf(c.live), id)
}

// remembered returns the engine's memory of a resource from its claim, nil where
// there is none: a CLI whose provider died in the middle of an update keeps the
// state and loses what is private in it.
func (r *Resource[M]) remembered(ctx context.Context, cluster *kube.Cluster, id string) (*private, error) {
	namespace, name, _ := strings.Cut(id, "/")
	claim := r.claimOf(cluster, namespace, name)
	if err := claim.read(ctx); err != nil || claim.live == nil || claim.phase() == phaseReleased {
		return nil, err
	}
	_, memory, err := claim.contents()
	return memory, err
}

// recall adds to memory what an update that was killed may have left.
func (c *claim) recall(memory *private) error {
	if c.live == nil {
		return nil
	}
	_, left, err := c.contents()
	if err != nil {
		return err
	}
	memory.Strays = append(memory.Strays, left.unwanted(memory.Records)...)
	return nil
}

// announce notes in the claim, before an update, which objects it will create, so
// that they are found again if it is killed.
func (c *claim) announce(ctx context.Context, memory *private, records map[string]*record) error {
	if len((&private{Records: records}).unwanted(memory.Records)) == 0 {
		return nil
	}
	phase, state := c.phase(), []byte("null")
	if c.live == nil {
		phase = phaseCreating
	} else {
		var err error
		if state, _, err = c.contents(); err != nil {
			return err
		}
	}
	return c.write(ctx, phase, state, memory.beginning(records))
}

// write stores phase, state and memory.
func (c *claim) write(ctx context.Context, phase string, state []byte, memory *private) error {
	data := map[string]any{}
	for key, content := range map[string][]byte{claimStateKey: state, claimPrivateKey: memory.encode()} {
		packed, err := pack(content)
		if err != nil {
			return err
		}
		data[key] = base64.StdEncoding.EncodeToString(packed)
	}
	labels := map[string]any{ownerLabel: memory.Owner}
	for k, v := range c.labels {
		labels[k] = v
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": kube.ClaimType,
		"metadata": map[string]any{
			"name": c.ref.Name, "namespace": c.ref.Namespace, "labels": labels,
			"annotations": map[string]any{phaseAnnotation: phase, renewedAnnotation: time.Now().UTC().Format(time.RFC3339)},
		},
		"data": data,
	}}
	for attempt := 1; ; attempt++ {
		err := c.send(ctx, object)
		if err == nil {
			return nil
		}
		verdict := kube.Classify(err).Verdict
		if ctx.Err() != nil || attempt == claimAttempts || verdict != kube.Transient && verdict != kube.Conflict {
			return err
		}
		// The answer may be lost and the claim written; and our own renewal may
		// have come in between. Only another owner is a reason to stop.
		if err := pause(ctx, time.Duration(attempt)*time.Second/2); err != nil {
			return err
		}
		if err := c.read(ctx); err != nil {
			return err
		}
		if c.live != nil && c.owner() != memory.Owner {
			return fmt.Errorf("%s was taken by somebody else at this moment; apply again", c.ref.Name)
		}
	}
}

// send creates or replaces the claim, as it was when it was read.
func (c *claim) send(ctx context.Context, object *unstructured.Unstructured) error {
	if c.live == nil {
		object.SetResourceVersion("")
		object.SetUID("")
		live, _, err := c.cluster.Create(ctx, object, false)
		if err == nil {
			c.live = live
		}
		return err
	}
	object.SetResourceVersion(c.live.GetResourceVersion())
	object.SetUID(c.live.GetUID())
	live, err := c.cluster.Update(ctx, object)
	if err == nil {
		c.live = live
	}
	return err
}

// renew keeps the claim from expiring until the returned function is called.
func (c *claim) renew(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(claimRenewal)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			patch := map[string]any{"metadata": map[string]any{"annotations": map[string]any{
				renewedAnnotation: time.Now().UTC().Format(time.RFC3339),
			}}}
			if _, err := c.cluster.MergePatch(ctx, c.ref, patch); err != nil {
				tflog.Debug(ctx, "The claim could not be renewed.", map[string]any{"error": err.Error()})
			}
		}
	}()
	return func() { cancel(); <-done }
}

// contents returns the state and the memory that the claim keeps.
func (c *claim) contents() (state []byte, memory *private, err error) {
	var unpacked [2][]byte
	for i, key := range []string{claimStateKey, claimPrivateKey} {
		text, _, err := unstructured.NestedString(c.live.Object, "data", key)
		if err != nil {
			return nil, nil, err
		}
		packed, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, nil, err
		}
		if unpacked[i], err = unpack(packed); err != nil {
			return nil, nil, fmt.Errorf("%s does not hold what the provider wrote: %w", c.ref, err)
		}
	}
	memory, err = decodePrivate(unpacked[1])
	return unpacked[0], memory, err
}

func pack(content []byte) ([]byte, error) {
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
