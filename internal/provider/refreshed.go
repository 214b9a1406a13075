package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// refreshed answers the plan of a resource whose configuration has not changed, and which the refresh just before found as it should
// be: nothing is to be done. The framework would come to the same, but it walks all values of a resource several times for each of its
// attributes, which is most of what such a plan computes.
type refreshed struct {
	tfprotov6.ProviderServer
	// settled has the hashes of the private states of such resources, which no two of them share.
	settled sync.Map
}

// ConfigureProvider begins anew: what a resource should be depends on the provider's configuration.
func (s *refreshed) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	s.settled.Clear()
	return s.ProviderServer.ConfigureProvider(ctx, req)
}

// ReadResource notes whether the resource is as it should be.
func (s *refreshed) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	ctx, settled := workload.WatchSettled(ctx)
	resp, err := s.ProviderServer.ReadResource(ctx, req)
	if err == nil && settled() && len(resp.Diagnostics) == 0 {
		s.settled.Store(sha256.Sum256(resp.Private), req.TypeName)
	}
	return resp, err
}

// PlanResourceChange answers for a resource that is as it should be and is to be as it was.
func (s *refreshed) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	name, settled := s.settled.Load(sha256.Sum256(req.PriorPrivate))
	if !settled || name != req.TypeName || req.PriorState == nil || req.ProposedNewState == nil ||
		len(req.PriorState.MsgPack) == 0 || !bytes.Equal(req.PriorState.MsgPack, req.ProposedNewState.MsgPack) {
		return s.ProviderServer.PlanResourceChange(ctx, req)
	}
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.PriorState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity}, nil
}
