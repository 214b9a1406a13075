package minio

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/credential"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
)

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Model)
		path   string
		says   string
	}{
		"single drive with more pools": {
			func(m *Model) { m.Pools = []Pool{{Servers: 1, Size: "1Gi"}, {Servers: 4, Size: "1Gi"}} },
			"pools[0]", "stands alone",
		},
		"variable of an attribute": {
			func(m *Model) { m.Env = map[string]string{"MINIO_ROOT_PASSWORD": "x"} },
			`env["MINIO_ROOT_PASSWORD"]`, "root_credentials.password_wo",
		},
		"unknown policy": {
			func(m *Model) { m.Users = map[string]User{"app": {Policies: []string{"readwrite", "raw"}}} },
			`users["app"].policies[1]`, "consoleAdmin, diagnostics, readonly, readwrite, writeonly",
		},
		"unknown bucket": {
			func(m *Model) {
				m.Users = map[string]User{"app": {Policies: []string{"readwrite"}, Bucket: new("raw")}}
			},
			`users["app"].bucket`, "There are: none",
		},
		"built-in policy": {
			func(m *Model) { m.Policies = map[string]string{"readonly": "{}"} },
			`policies["readonly"]`, "Choose another name",
		},
		"object lock without versioning": {
			func(m *Model) { m.Buckets = map[string]Bucket{"raw": {ObjectLock: new(true), Versioning: new(false)}} },
			`buckets["raw"].versioning`, "always versioned",
		},
		"rule without effect": {
			func(m *Model) {
				m.Buckets = map[string]Bucket{"raw": {Lifecycle: []LifecycleRule{{Prefix: new("tmp/")}}}}
			},
			`buckets["raw"].lifecycle[0]`, "expire_days",
		},
		"two passwords": {
			func(m *Model) {
				m.RootCredentials = &RootCredentials{Password: credential.Password{PasswordWOVersion: new("1"), Rotate: new("1")}}
			},
			"root_credentials.rotate", "Keep one",
		},
		"node port without a type": {
			func(m *Model) { m.Service = &expose.Service{NodePort: new(int64(30000))} },
			"service.node_port", "NodePort",
		},
		"drives that make no set": {
			func(m *Model) { m.Pools[0].Servers = 17 },
			"pools[0]", "for instance 4, 8 or 16",
		},
		"too much parity": {
			func(m *Model) { m.Parity = new(int64(3)) },
			"pools[0]", "at most 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := minimal()
			c.change(m)
			_, diags := render(m, environment())
			wantError(t, diags, c.path, c.says)
		})
	}
}

func TestCheckUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Model)
		path   string
		says   string
	}{
		"pool removed":  {func(m *Model) { m.Pools = m.Pools[:1] }, "pools", "Put the pool back"},
		"pool reshaped": {func(m *Model) { m.Pools[1].Servers = 8 }, "pools[1]", "add a pool at the end"},
		"drives added":  {func(m *Model) { m.Pools[0].Drives = new(int64(2)) }, "pools[0]", "1 drives each"},
		"pools swapped": {func(m *Model) { m.Pools[0], m.Pools[1] = m.Pools[1], m.Pools[0] }, "pools[0]", "cannot change"},
		"lock added":    {func(m *Model) { m.Buckets = map[string]Bucket{"raw": {ObjectLock: new(true)}} }, `buckets["raw"].object_lock`, "copy the objects"},
	} {
		t.Run(name, func(t *testing.T) {
			two := func() *Model {
				m := minimal()
				m.Pools = append(m.Pools, Pool{Servers: 4, Drives: new(int64(4)), Size: "1Gi"})
				m.Buckets = map[string]Bucket{"raw": {}}
				return m
			}
			planned := two()
			c.change(planned)
			wantError(t, checkUpdate(two(), planned), c.path, c.says)
		})
	}
	one := minimal()
	one.Pools[0].Servers = 1
	planned := minimal()
	planned.Pools = []Pool{one.Pools[0], {Servers: 4, Size: "1Gi"}}
	wantError(t, checkUpdate(one, planned), "pools", "can never add a pool")

	grown := minimal()
	grown.Pools[0].Size = "2Gi"
	grown.Pools = append(grown.Pools, Pool{Servers: 4, Size: "1Gi"})
	if diags := checkUpdate(minimal(), grown); diags.HasError() {
		t.Errorf("growing and appending were refused: %v", diags)
	}
}

func wantError(t *testing.T, diags diag.Diagnostics, path, says string) {
	t.Helper()
	for _, d := range diags {
		at, ok := d.(diag.DiagnosticWithPath)
		if ok && at.Path().String() == path && strings.Contains(d.Detail()+d.Summary(), says) {
			return
		}
	}
	t.Errorf("no error at %s says %q; got %v", path, says, diags)
}
