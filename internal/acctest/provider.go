// Package acctest is the harness of the acceptance tests: a real CLI drives the
// provider against the API server of a real cluster.
//
// Tests run with TF_ACC=1 and ANALYTICS_KUBECONFIG, the path of a kubeconfig file
// of a cluster that may be filled with test namespaces. No other variable, and no
// default, leads a test to a cluster. The CLI is the one at TF_ACC_TERRAFORM_PATH,
// else terraform on PATH; tests that take each CLI also take that at
// ANALYTICS_SECOND_CLI.
package acctest

import (
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest/fixture"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/provider"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// RenderingVariable is an environment variable of the test provider. Whatever it
// is set to stands for a newer version of the provider, which renders
// analytics_fixture differently.
const RenderingVariable = "ANALYTICS_FIXTURE_RENDERING"

// Provider is the provider with analytics_fixture added.
type Provider struct{ *provider.Provider }

// NewProvider returns the provider under test.
func NewProvider() *Provider {
	return &Provider{provider.New("test")().(*provider.Provider)} //nolint:forcetypeassert // what New returns
}

// Resources lists those of the provider and the fixture.
func (p *Provider) Resources(ctx context.Context) []func() resource.Resource {
	return append(p.Provider.Resources(ctx), workload.NewResource(fixture.Product(os.Getenv(RenderingVariable))))
}

// Factories give terraform-plugin-testing the provider in the test's own process.
func Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"analytics": providerserver.NewProtocol6WithError(NewProvider()),
	}
}
