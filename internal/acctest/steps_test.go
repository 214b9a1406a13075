package acctest

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// TestAccSteps goes through the steps that terraform-plugin-testing knows, with
// the provider in the test's own process: that is how a debugger reaches it.
func TestAccSteps(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	namespace := c.Namespace(t)
	configuration := func(part string) string {
		return fmt.Sprintf(`
provider "analytics" {
  config_path = %q
}

resource "analytics_fixture" "it" {
  name            = "it"
  namespace       = %q
  replicas        = 0
  deletion_policy = "Delete"
  parts           = { one = %q }
}
`, c.Kubeconfig, namespace, part)
	}
	part := tfjsonpath.New("objects").AtMapKey("ConfigMap/part-one").AtMapKey("data.value")
	id := statecheck.CompareValue(compare.ValuesSame())
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: Factories(),
		Steps: []resource.TestStep{
			{
				Config: configuration("1"),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
						plancheck.ExpectKnownValue(address, part, knownvalue.StringExact("1")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{
					id.AddStateValue(address, tfjsonpath.New("id")),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("ready"), knownvalue.Bool(true)),
				},
			},
			{
				ResourceName: address, ImportState: true, ImportStateId: namespace + "/it", ImportStateVerify: true,
			},
			{
				Config: configuration("2"),
				ConfigPlanChecks: resource.ConfigPlanChecks{
					PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
						plancheck.ExpectKnownValue(address, part, knownvalue.StringExact("2")),
					},
					PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
				},
				ConfigStateChecks: []statecheck.StateCheck{id.AddStateValue(address, tfjsonpath.New("id"))},
			},
		},
	})
}
