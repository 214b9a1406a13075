package spark

import (
	"strings"
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func connect() *Connect { return &Connect{Common: workload.Common{Name: "connect"}} }

func TestRenderConnectGolden(t *testing.T) {
	all := connect()
	all.Session, all.Service = session(), &expose.Service{Type: new("LoadBalancer"), Annotations: map[string]string{"internal": "true"}}
	for name, c := range map[string]*Connect{"connect-minimal": connect(), "connect-full": all} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := renderConnect(c, environment())
			assertGolden(t, name+".yaml", rendering, diags, "computed", []any{c.Endpoint, c.Requests})
		})
	}
}

func TestConnectRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*Connect)
		at, says string
	}{
		"long name":       {func(c *Connect) { c.Name = strings.Repeat("x", 31) }, "name", "may have 30"},
		"old version":     {func(c *Connect) { c.Image = new("apache/spark:3.5.8") }, "spark_version", "has no Connect server"},
		"port of clients": {func(c *Connect) { c.SparkConfig = map[string]string{"spark.connect.grpc.binding.port": "1"} }, `spark_config["spark.connect.grpc.binding.port"]`, "The resource sets this key itself"},
		"node port":       {func(c *Connect) { c.Service = &expose.Service{NodePort: new(int64(30000))} }, "service.node_port", "has no node port"},
		"variable":        {func(c *Connect) { c.Driver = &Driver{Settings: pod.Settings{Env: map[string]string{"POD_IP": "x"}}} }, `driver.env["POD_IP"]`, "The resource sets this variable itself"},
	} {
		m := connect()
		c.change(m)
		if _, diags := renderConnect(m, environment()); !refused(diags, c.at, c.says) {
			t.Errorf("%s: got %v", name, diags)
		}
	}
}
