package script_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// TestAccRunNow has a schedule run that is not due, as Terraform's actions do. It speaks
// the protocol itself, so that it does not depend on a CLI that knows actions.
func TestAccRunNow(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	const schedule = `
schedule = { cron = "0 0 29 2 *", suspend = true }
script   = "print('hello'); raise SystemExit(%CODE%)"`
	s.program(strings.ReplaceAll(schedule, "%CODE%", "0"))
	s.Apply().Succeeds()

	progress, problems := s.invoke(map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, "it"), "namespace": tftypes.NewValue(tftypes.String, s.namespace)})
	if problems != "" || !strings.Contains(progress, "has begun") || !strings.Contains(progress, "has succeeded") {
		t.Errorf("progress %q, problems %q", progress, problems)
	}
	s.PlansNothing()
	s.Run("apply", "-refresh-only", "-auto-approve", "-no-color").Succeeds()
	if r := s.result(); r["succeeded"] != true || r["log"] != "hello" {
		t.Errorf("the result is %v", r)
	}

	s.program(strings.ReplaceAll(schedule, "%CODE%", "7"))
	s.Apply().Succeeds()
	if _, problems = s.invoke(map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, "it"), "namespace": tftypes.NewValue(tftypes.String, s.namespace)}); !strings.Contains(problems, "exit code 7") {
		t.Errorf("a run that fails is told as %q", problems)
	}
	if _, problems = s.invoke(map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, "nobody"), "namespace": tftypes.NewValue(tftypes.String, s.namespace)}); !strings.Contains(problems, "There is no such schedule") {
		t.Errorf("a schedule that does not exist is told as %q", problems)
	}
	s.Destroy().Succeeds()
}

// invoke invokes analytics_run, and returns what it told while it ran, and its errors.
func (s *stand) invoke(config map[string]tftypes.Value) (progress, problems string) {
	s.t.Helper()
	server := providerserver.NewProtocol6(acctest.NewProvider())()
	ctx := context.Background()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	value := func(schema *tfprotov6.Schema, set map[string]tftypes.Value) *tfprotov6.DynamicValue {
		kind, _ := schema.ValueType().(tftypes.Object)
		all := map[string]tftypes.Value{}
		for name, attribute := range kind.AttributeTypes {
			all[name] = tftypes.NewValue(attribute, nil)
			if v, ok := set[name]; ok {
				all[name] = v
			}
		}
		out, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, all))
		if err != nil {
			s.t.Fatal(err)
		}
		return &out
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		Config: value(schemas.Provider, map[string]tftypes.Value{"config_path": tftypes.NewValue(tftypes.String, s.c.Kubeconfig)}),
	})
	if err != nil || len(configured.Diagnostics) > 0 {
		s.t.Fatal(err, configured.Diagnostics)
	}
	actions, ok := server.(tfprotov6.ActionServer)
	if !ok {
		s.t.Fatal("the provider has no actions")
	}
	arguments := value(schemas.ActionSchemas["analytics_run"].Schema, config)
	planned, err := actions.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: "analytics_run", Config: arguments})
	if err != nil || len(planned.Diagnostics) > 0 {
		s.t.Fatal(err, planned.Diagnostics)
	}
	stream, err := actions.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: "analytics_run", Config: arguments})
	if err != nil {
		s.t.Fatal(err)
	}
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress += e.Message + "\n"
		case tfprotov6.CompletedInvokeActionEventType:
			for _, d := range e.Diagnostics {
				problems += d.Summary + "\n" + d.Detail + "\n"
			}
		}
	}
	return progress, problems
}
