package minio

import (
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// reconnectSeconds is longer than a server takes to use a drive of a peer that
// came back: it looks for such drives every 15 s (cmd/erasure-sets.go of MinIO),
// and its health does not tell whether it has done so.
const reconnectSeconds = 20

const (
	container = "minio"
	drivePath = "/drives"
	certsPath = "/certs"
	// serverUser is the uid, gid and fsGroup of the servers. The image leaves the
	// choice open.
	serverUser     = 1000
	componentLabel = "app.kubernetes.io/component"
)

// servers renders one StatefulSet a pool, and what their pods need.
func servers(m *Model, n names, env workload.Environment) ([]workload.Object, diag.Diagnostics) {
	var objects []workload.Object
	var diags diag.Diagnostics
	for i, p := range m.Pools {
		template, more := serverTemplate(m, n, env, p)
		if i == 0 {
			// The same for all pools.
			diags.Append(more...)
			objects = append(objects, template.Objects...)
		}
		if diags.HasError() {
			return nil, diags
		}
		component := map[string]string{componentLabel: poolComponent(i)}
		template.Spec.WithLabels(component)
		selector := n.selector()
		maps.Copy(selector, component)
		spec := appsv1ac.StatefulSetSpec().
			WithServiceName(n.servers()).
			WithReplicas(int32(p.Servers)).
			WithPodManagementPolicy(appsv1.ParallelPodManagement).
			WithUpdateStrategy(appsv1ac.StatefulSetUpdateStrategy().WithType(appsv1.OnDeleteStatefulSetStrategyType)).
			WithSelector(matchLabels(selector)).
			WithTemplate(template.Spec)
		for d := range p.drives() {
			pvc, more := driveClaim(i, d, p)
			diags.Append(more...)
			spec.WithVolumeClaimTemplates(pvc)
		}
		objects = append(objects, workload.Object{
			Key: keyPool(i), Stage: workload.StageServer, Rollout: rollout(m, n), Mask: template.Mask("spec.template"),
			Manifest: appsv1ac.StatefulSet(n.pool(i), n.namespace).WithLabels(component).WithSpec(spec),
		})
	}
	return objects, diags
}

func matchLabels(labels map[string]string) *metav1ac.LabelSelectorApplyConfiguration {
	return metav1ac.LabelSelector().WithMatchLabels(labels)
}

func driveMount(d int64) string { return drivePath + "/" + strings.TrimPrefix(claim(d), "drive-") }

func driveClaim(pool int, drive int64, p Pool) (*corev1ac.PersistentVolumeClaimApplyConfiguration, diag.Diagnostics) {
	var diags diag.Diagnostics
	size, err := resource.ParseQuantity(p.Size)
	if err != nil {
		diags.AddAttributeError(path.Root("pools").AtListIndex(pool).AtName("size"), "Invalid quantity", err.Error())
		return nil, diags
	}
	spec := corev1ac.PersistentVolumeClaimSpec().WithAccessModes(corev1.ReadWriteOnce).
		WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: size}))
	if p.StorageClass != nil {
		spec.WithStorageClassName(*p.StorageClass)
	}
	pvc := &corev1ac.PersistentVolumeClaimApplyConfiguration{}
	return pvc.WithName(claim(drive)).WithSpec(spec), diags
}

// rollout says how servers restart. A starting server refuses peers with another
// image, other arguments or another MINIO_ variable (cmd/bootstrap-peer-server.go
// of MinIO), so that all restart at once when one of these changes.
func rollout(m *Model, n names) *workload.Rollout {
	r := &workload.Rollout{
		Peers:        pools(m),
		Ready:        &workload.HTTPGate{Port: apiPort, Path: "/minio/health/cluster", TLS: n.tls, Description: "the storage takes reads and writes"},
		Together:     func(path string) bool { return restartsTogether(m, path) },
		Interruption: "MinIO stops for about 30 s",
	}
	// Where no server can be missed, the question would be denied for ever.
	if m.Capacity != nil && m.Capacity.ServerLossesWrite > 0 {
		r.Settle = reconnectSeconds * time.Second
		r.Gate = &workload.HTTPGate{Port: apiPort, Path: "/minio/health/cluster?maintenance=true", TLS: n.tls, Description: "the storage can miss a server"}
	}
	return r
}

func restartsTogether(m *Model, path string) bool {
	const main = "spec.template.spec.containers[" + container + "]."
	switch rest, ours := strings.CutPrefix(path, main); {
	case !ours:
	case rest == "image", strings.HasPrefix(rest, "args"), strings.HasPrefix(rest, "command"), strings.HasPrefix(rest, "envFrom"):
		return true
	case strings.HasPrefix(rest, "env["):
		return isServerVariable(strings.TrimPrefix(rest, "env["))
	}
	switch path {
	case "spec.template.metadata.annotations[" + revisionOf("root") + "]":
		// Servers sign their requests to each other with the root credentials.
		return true
	case "spec.template.metadata.annotations[" + revisionOf("env") + "]":
		for name := range m.Env {
			if isServerVariable(name) {
				return true
			}
		}
	}
	return false
}

func revisionOf(secret string) string { return pod.RevisionAnnotation + secret }
