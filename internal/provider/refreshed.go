package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// refreshed answers for resources that are as they should be: the upgrade of a state that is of this version, a read that finds what
// the one before has found, and the plan of a resource whose configuration has not changed and that the read found so. The framework would come to the same, but it copies and
// walks all values of a resource several times for features that no resource here has, which is most of what such a plan computes.
type refreshed struct {
	tfprotov6.ProviderServer
	provider provider.Provider
	// readers has a *reader by the name of the type of resource.
	readers sync.Map
	// settled has the hashes of the private states of such resources, which no two of them share.
	settled sync.Map
}

// reader reads resources of one type.
type reader struct {
	workload.AheadReader
	version         int64
	state, identity tftypes.Type
}

// ConfigureProvider begins anew: what a resource should be depends on the provider's configuration.
func (s *refreshed) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	s.settled.Clear()
	s.readers.Clear()
	resp, err := s.ProviderServer.ConfigureProvider(ctx, req)
	configured, ok := s.provider.(interface{ Settings() *workload.Settings })
	if err != nil || !ok || configured.Settings() == nil {
		return resp, err
	}
	for _, construct := range s.provider.Resources(ctx) {
		if r, ok := construct().(workload.AheadReader); ok {
			s.addReader(ctx, r, configured.Settings())
		}
	}
	return resp, err
}

func (s *refreshed) addReader(ctx context.Context, r workload.AheadReader, settings *workload.Settings) {
	var of provider.MetadataResponse
	s.provider.Metadata(ctx, provider.MetadataRequest{}, &of)
	var metadata resource.MetadataResponse
	r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: of.TypeName}, &metadata)
	var schema resource.SchemaResponse
	r.Schema(ctx, resource.SchemaRequest{}, &schema)
	var identity resource.IdentitySchemaResponse
	r.IdentitySchema(ctx, resource.IdentitySchemaRequest{}, &identity)
	r.Configure(ctx, resource.ConfigureRequest{ProviderData: settings}, &resource.ConfigureResponse{})
	s.readers.Store(metadata.TypeName, &reader{r, schema.Schema.Version, schema.Schema.Type().TerraformType(ctx), identity.IdentitySchema.Type().TerraformType(ctx)})
}

// UpgradeResourceState returns a state of this version as it is. Attributes that the schema has no more are taken out by the CLI before it
// asks, and those that are new are null to it.
func (s *refreshed) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	r, known := s.readers.Load(req.TypeName)
	if !known || req.RawState == nil || len(req.RawState.JSON) == 0 || req.Version != r.(*reader).version { //nolint:forcetypeassert // what addReader stores
		return s.ProviderServer.UpgradeResourceState(ctx, req)
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}, nil
}

// ReadResource answers for a resource that is as it was, and notes whether it is as it should be.
func (s *refreshed) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	r, known := s.readers.Load(req.TypeName)
	if !known || req.CurrentState == nil {
		return s.ProviderServer.ReadResource(ctx, req)
	}
	found, resp := r.(*reader).read(ctx, req) //nolint:forcetypeassert // what addReader stores
	if resp == nil {
		var err error
		if resp, err = s.ProviderServer.ReadResource(found.Context(ctx), req); err != nil || len(resp.Diagnostics) > 0 {
			return resp, err
		}
	}
	if found.Settled() {
		s.settled.Store(sha256.Sum256(resp.Private), req.TypeName)
	}
	return resp, nil
}

// read reads a resource. The response is nil when it is the framework's to make of what was found.
func (r *reader) read(ctx context.Context, req *tfprotov6.ReadResourceRequest) (workload.Ahead, *tfprotov6.ReadResourceResponse) {
	state, err := req.CurrentState.Unmarshal(r.state)
	if err != nil {
		return workload.Ahead{}, nil
	}
	found := r.ReadAhead(ctx, state, req.Private)
	if !found.Unchanged() {
		return found, nil
	}
	identity, err := tfprotov6.NewDynamicValue(r.identity, found.Identity())
	if err != nil || req.CurrentIdentity != nil && (req.CurrentIdentity.IdentityData == nil || !bytes.Equal(req.CurrentIdentity.IdentityData.MsgPack, identity.MsgPack)) {
		return found, nil
	}
	return found, &tfprotov6.ReadResourceResponse{
		NewState: req.CurrentState, Private: req.Private, NewIdentity: &tfprotov6.ResourceIdentityData{IdentityData: &identity},
	}
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
