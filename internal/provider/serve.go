package provider

import (
	"os"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Address is the provider's address in configurations.
const Address = "registry.terraform.io/terraform-provider-analytics/analytics"

// Serve serves a provider to the CLI until the CLI ends it.
func Serve(p provider.Provider, debug bool) error {
	limitLogs()
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(Address, func() tfprotov6.ProviderServer {
		return &refreshed{ProviderServer: providerserver.NewProtocol6(p)(), provider: p}
	}, options...)
}

// limitLogs keeps the SDK from writing its own logs where the CLI would only drop them. The CLI gets everything that a provider logs
// and filters it itself, so that without this a quarter of the time of a plan goes into lines that nobody reads.
func limitLogs() {
	for _, variable := range []string{"TF_LOG", "TF_LOG_PROVIDER"} {
		if os.Getenv(variable) != "" {
			return
		}
	}
	for _, variable := range []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK"} {
		if os.Getenv(variable) == "" {
			_ = os.Setenv(variable, "OFF") // fails only for names that are none
		}
	}
}
