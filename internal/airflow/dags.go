package airflow

import (
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// maxConfigMap is what a ConfigMap may hold, in bytes.
const maxConfigMap = 1 << 20

// ignoreFile keeps Airflow away from the links that a mounted ConfigMap consists
// of: it takes them for a loop.
const ignoreFile = ".airflowignore"

// dagFiles holds the inline DAG files.
func dagFiles(m *Model, n names) (workload.Object, diag.Diagnostics) {
	var diags diag.Diagnostics
	data := map[string]string{ignoreFile: "..*\n"}
	maps.Copy(data, m.DAGs)
	size := 0
	for name, text := range data {
		size += len(name) + len(text)
	}
	if size > maxConfigMap {
		diags.AddAttributeError(path.Root("dags"), "Too much text for a ConfigMap", fmt.Sprintf("Together the files have %d bytes, and a ConfigMap holds at most %d (1 MiB). "+
			"Shorten them, or put them into an image or a volume.", size, maxConfigMap))
	}
	return workload.Object{
		Key: "ConfigMap/dags", Stage: workload.StageIdentity,
		Manifest: corev1ac.ConfigMap(n.of("dags"), n.env.Namespace).WithData(data),
	}, diags
}

// dagVolume mounts the inline DAG files, where there are some, and what is needed to
// fetch others.
func (m *Model) dagVolume(n names) ([]*corev1ac.VolumeApplyConfiguration, []*corev1ac.VolumeMountApplyConfiguration) {
	volumes, mounts := m.knownHostsVolume(n)
	if len(m.DAGs) == 0 {
		return volumes, mounts
	}
	return append(volumes, corev1ac.Volume().WithName("dags").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(n.of("dags")))),
		append(mounts, corev1ac.VolumeMount().WithName("dags").WithMountPath(dagsPath).WithReadOnly(true))
}
