package minio

import (
	"bytes"
	"fmt"
	"testing"

	"gotest.tools/v3/golden"
	"sigs.k8s.io/yaml"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/credential"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

func minimal() *Model {
	return &Model{Common: workload.Common{Name: "lake"}, Pools: []Pool{{Servers: 4, Size: "1Gi"}}}
}

func full() *Model {
	return &Model{
		Common:   workload.Common{Name: "lake"},
		Settings: pod.Settings{Env: map[string]string{"MINIO_API_REQUESTS_MAX": "100"}},
		Image:    new("registry.example.com/minio:1"),
		Pools: []Pool{
			{Servers: 4, Drives: new(int64(4)), Size: "1Ti", StorageClass: new("fast")},
			{Servers: 8, Drives: new(int64(2)), Size: "2Ti"},
		},
		Parity:          new(int64(3)),
		Region:          new("eu-central-1"),
		RootCredentials: &RootCredentials{User: new("admin"), Password: credential.Password{PasswordWO: new("correct horse"), PasswordWOVersion: new("2")}},
		Buckets: map[string]Bucket{"raw": {
			ObjectLock: new(true), Quota: new("1024Gi"), ForceDestroy: new(true),
			Lifecycle: []LifecycleRule{{Prefix: new("tmp/"), ExpireDays: new(int64(7)), ExpireNoncurrentDays: new(int64(1))}},
		}},
		Policies: map[string]string{"raw": `{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":["b","a"]}],"Version":"2012-10-17"}`},
		Users:    map[string]User{"ingest": {Policies: []string{"readonly", "raw"}, Bucket: new("raw"), Rotate: new("2026")}},
		Service:  &expose.Service{Type: new("LoadBalancer"), ClusterIP: new("10.96.0.50"), NodePort: new(int64(30900)), Annotations: map[string]string{"example.com/internal": "true"}},
		Ingress:  &expose.Ingress{Host: "s3.example.com", Class: new("nginx"), TLSSecret: new("s3-tls"), Annotations: map[string]string{"example.com/body-size": "0"}},
		TLS:      &TLS{Secret: "lake-tls"},
		Console:  new(true),
		Metrics:  &Metrics{PodMonitor: new(true)},
	}
}

func environment() workload.Environment {
	return workload.Environment{Namespace: "data", ClusterDomain: "cluster.local"}
}

func TestRenderGolden(t *testing.T) {
	for name, m := range map[string]*Model{"minimal": minimal(), "full": full()} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := render(m, environment())
			if diags.HasError() {
				t.Fatal(diags)
			}
			var got bytes.Buffer
			for _, o := range rendering.Objects {
				text, err := yaml.Marshal(o.Manifest)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "--- # %s, stage %d, keep %t\n%s", o.Key, o.Stage, o.Keep, text)
			}
			remote, diags := (remote{}).Desired(m, environment())
			if diags.HasError() {
				t.Fatal(diags)
			}
			text, err := yaml.Marshal(map[string]any{"inside": remote, "capacity": m.Capacity, "endpoint": m.Endpoint, "users": m.Users})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "--- # not objects\n%s", text)
			golden.Assert(t, got.String(), name+".yaml")
		})
	}
}

// A server refuses peers that differ in these, so that one by one no new server
// would ever start.
func TestRestartsTogether(t *testing.T) {
	m := minimal()
	const at = "spec.template.spec.containers[minio]."
	for path, want := range map[string]bool{
		at + "image":                                                     true,
		at + "args[3]":                                                   true,
		at + "env[MINIO_SITE_REGION].value":                              true,
		at + "env[HTTP_PROXY].value":                                     false,
		at + "resources.limits.memory":                                   false,
		at + "readinessProbe.periodSeconds":                              false,
		"spec.template.metadata.labels.team":                             false,
		"spec.template.spec.nodeSelector.disk":                           false,
		"spec.template.spec.containers[sidecar].image":                   false,
		"spec.template.metadata.annotations[" + revisionOf("root") + "]": true,
		"spec.template.metadata.annotations[" + revisionOf("env") + "]":  false,
	} {
		if got := restartsTogether(m, path); got != want {
			t.Errorf("%s: got %t, want %t", path, got, want)
		}
	}
	m.Env = map[string]string{"MINIO_API_REQUESTS_MAX": "100"}
	if path := "spec.template.metadata.annotations[" + revisionOf("env") + "]"; !restartsTogether(m, path) {
		t.Error("a changed MINIO_ variable in env does not restart all servers")
	}
}
