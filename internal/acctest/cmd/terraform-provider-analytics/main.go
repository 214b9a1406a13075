// Command terraform-provider-analytics, in this package, is the provider with
// analytics_fixture added, for tests that need it in a process of its own.
package main

import (
	"log"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/provider"
)

func main() {
	if err := provider.Serve(acctest.NewProvider(), false); err != nil {
		log.Fatal(err)
	}
}
