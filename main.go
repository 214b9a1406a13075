// Command terraform-provider-analytics is a Terraform provider that runs a data
// analytics stack on Kubernetes.
package main

import (
	"flag"
	"log"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run with support for debuggers such as delve")
	flag.Parse()
	err := provider.Serve(provider.New(version)(), *debug)
	if err != nil {
		log.Fatal(err)
	}
}
