package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/provider"
)

// providerName is the local name of the provider.
const providerName = "analytics"

// providerSchemas returns what the command providers schema -json of a CLI that knows all of the protocol prints.
func providerSchemas(ctx context.Context) (map[string]any, error) {
	server := providerserver.NewProtocol6(provider.New("docs")())()
	resp, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, err
	}
	for _, d := range append(resp.Diagnostics, identities.Diagnostics...) {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return nil, fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	if len(resp.Functions)+len(resp.EphemeralResourceSchemas)+len(resp.ListResourceSchemas) > 0 {
		return nil, errors.New("functions, ephemeral resources and list resources are not translated yet: add them to internal/docs/schema.go")
	}
	actions := map[string]any{}
	for name, s := range resp.ActionSchemas {
		actions[name] = map[string]any{"block": blockJSON(s.Schema.Block)}
	}
	own := map[string]any{
		"provider":                  schemaJSON(resp.Provider),
		"resource_schemas":          schemasJSON(resp.ResourceSchemas),
		"data_source_schemas":       schemasJSON(resp.DataSourceSchemas),
		"action_schemas":            actions,
		"resource_identity_schemas": identitiesJSON(identities.IdentitySchemas),
	}
	return map[string]any{"format_version": "1.0", "provider_schemas": map[string]any{providerName: own}}, nil
}

func schemasJSON(schemas map[string]*tfprotov6.Schema) map[string]any {
	out := map[string]any{}
	for name, s := range schemas {
		out[name] = schemaJSON(s)
	}
	return out
}

func schemaJSON(s *tfprotov6.Schema) map[string]any {
	return map[string]any{"version": s.Version, "block": blockJSON(s.Block)}
}

func blockJSON(b *tfprotov6.SchemaBlock) map[string]any {
	blocks := map[string]any{}
	for _, nested := range b.BlockTypes {
		blocks[nested.TypeName] = map[string]any{
			"nesting_mode": strings.ToLower(nested.Nesting.String()), "block": blockJSON(nested.Block),
			"min_items": nested.MinItems, "max_items": nested.MaxItems,
		}
	}
	return map[string]any{
		"attributes": attributesJSON(b.Attributes), "block_types": blocks, "description": b.Description,
		"description_kind": descriptionKind(b.DescriptionKind), "deprecated": b.Deprecated,
	}
}

func attributesJSON(attributes []*tfprotov6.SchemaAttribute) map[string]any {
	out := map[string]any{}
	for _, a := range attributes {
		attribute := map[string]any{
			"description": a.Description, "description_kind": descriptionKind(a.DescriptionKind), "deprecated": a.Deprecated,
			"required": a.Required, "optional": a.Optional, "computed": a.Computed, "sensitive": a.Sensitive, "write_only": a.WriteOnly,
		}
		if a.NestedType != nil {
			attribute["nested_type"] = map[string]any{
				"nesting_mode": strings.ToLower(a.NestedType.Nesting.String()), "attributes": attributesJSON(a.NestedType.Attributes),
			}
		} else {
			attribute["type"] = a.Type
		}
		out[a.Name] = attribute
	}
	return out
}

func identitiesJSON(identities map[string]*tfprotov6.ResourceIdentitySchema) map[string]any {
	out := map[string]any{}
	for name, s := range identities {
		attributes := map[string]any{}
		for _, a := range s.IdentityAttributes {
			attributes[a.Name] = map[string]any{
				"type": a.Type, "description": a.Description,
				"required_for_import": a.RequiredForImport, "optional_for_import": a.OptionalForImport,
			}
		}
		out[name] = map[string]any{"version": s.Version, "attributes": attributes}
	}
	return out
}

func descriptionKind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}
