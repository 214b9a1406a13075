package workload

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type aheadKey struct{}

// AheadReader is every resource of this package.
type AheadReader interface {
	resource.ResourceWithConfigure
	resource.ResourceWithIdentity
	// ReadAhead reads a resource, whose state and private state are given as the CLI stores them. The framework spends more on a read
	// than what it asks for.
	ReadAhead(ctx context.Context, state tftypes.Value, private []byte) Ahead
}

// Ahead is what a read has found, before the framework asks for it.
type Ahead struct {
	found    *reading
	stored   storedPrivate
	identity tftypes.Value
}

// ReadAhead reads a resource.
func (r *Resource[M]) ReadAhead(ctx context.Context, state tftypes.Value, private []byte) Ahead {
	stored := storedPrivate{}
	// The framework's own form. Where it becomes another one, Read starts anew.
	if err := json.Unmarshal(private, &stored); err != nil {
		return Ahead{}
	}
	found := r.read(ctx, state, stored)
	return Ahead{found: found, stored: stored, identity: r.product.identityValue(found.namespace, found.name)}
}

// storedPrivate is the private state as the framework stores it: JSON in Base64, by
// key.
type storedPrivate map[string][]byte

// GetKey returns nil for a key that is not there.
func (p storedPrivate) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return p[key], nil
}

// Unchanged reports whether the state and the private state are to stay as they are,
// without a word.
func (a Ahead) Unchanged() bool {
	f := a.found
	if f == nil || !f.unchanged || f.gone || len(f.diags) > 0 || f.memory == nil {
		return false
	}
	// Another key is one of the framework, which knows what to do with it.
	return len(a.stored) == 1 && bytes.Equal(f.memory.encode(), a.stored[privateKey])
}

// Settled reports whether a plan that follows has nothing to do and nothing to say,
// while the configuration stays as the state has it.
func (a Ahead) Settled() bool { return a.found != nil && a.found.settled && len(a.found.diags) == 0 }

// Identity is that of the resource.
func (a Ahead) Identity() tftypes.Value { return a.identity }

// Context hands what was found to Read.
func (a Ahead) Context(ctx context.Context) context.Context {
	if a.found == nil {
		return ctx
	}
	return context.WithValue(ctx, aheadKey{}, a.found)
}
