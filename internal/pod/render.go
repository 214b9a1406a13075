package pod

import (
	"maps"
	"slices"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// RevisionAnnotation makes pods roll when what they read from a Secret or a
// ConfigMap of the same resource changes.
const RevisionAnnotation = "analytics/revision-of-"

// TmpVolume is the emptyDir at /tmp that a read-only root needs.
const TmpVolume = "tmp"

// Mounts are the mounts that every container has.
func Mounts(env workload.Environment) []*corev1ac.VolumeMountApplyConfiguration {
	out := []*corev1ac.VolumeMountApplyConfiguration{corev1ac.VolumeMount().WithName(TmpVolume).WithMountPath("/tmp")}
	if env.CABundle != nil {
		out = append(out, caMount())
	}
	return out
}

// Shape fills in what the pods of every product have, as restricted as the Pod
// Security Standard of that name asks for.
func (s Settings) Shape(spec *corev1ac.PodSpecApplyConfiguration, env workload.Environment, user int64) {
	spec.WithEnableServiceLinks(false).WithAutomountServiceAccountToken(false).
		WithSecurityContext(s.securityContext(env, user)).WithVolumes(tmpVolume())
	if env.CABundle != nil {
		spec.WithVolumes(caBundle(*env.CABundle))
	}
	s.scheduling(spec, env)
}

// scheduling fills in which nodes the pods run on and whence their images come.
func (s Settings) scheduling(spec *corev1ac.PodSpecApplyConfiguration, env workload.Environment) {
	selector := maps.Clone(env.NodeSelector)
	if selector == nil {
		selector = map[string]string{}
	}
	maps.Copy(selector, s.NodeSelector)
	if len(selector) > 0 {
		spec.WithNodeSelector(selector)
	}
	for _, t := range env.Tolerations {
		spec.WithTolerations(toleration(t.Key, string(t.Operator), t.Value, string(t.Effect), t.TolerationSeconds))
	}
	for _, t := range s.Tolerations {
		spec.WithTolerations(toleration(ptr.Deref(t.Key, ""), ptr.Deref(t.Operator, ""), ptr.Deref(t.Value, ""), ptr.Deref(t.Effect, ""), t.TolerationSeconds))
	}
	if s.PriorityClass != nil {
		spec.WithPriorityClassName(*s.PriorityClass)
	} else if env.PriorityClass != "" {
		spec.WithPriorityClassName(env.PriorityClass)
	}
	// A name that is there twice would be refused.
	seen := map[string]bool{}
	for _, name := range slices.Concat(env.ImagePullSecrets, s.ImagePullSecrets) {
		if !seen[name] {
			spec.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(name))
		}
		seen[name] = true
	}
}

func tmpVolume() *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(TmpVolume).WithEmptyDir(corev1ac.EmptyDirVolumeSource())
}

func caBundle(bundle workload.CABundle) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(caVolume).WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(bundle.ConfigMap))
}

func caMount() *corev1ac.VolumeMountApplyConfiguration {
	return corev1ac.VolumeMount().WithName(caVolume).WithMountPath(caPath).WithReadOnly(true)
}
