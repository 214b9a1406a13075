package pod

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// SecurityContext says as whom the pods run. All else about their security is
// fixed by the Pod Security Standard "restricted".
type SecurityContext struct {
	RunAsUser          *int64  `tfsdk:"run_as_user"`
	RunAsGroup         *int64  `tfsdk:"run_as_group"`
	FSGroup            *int64  `tfsdk:"fs_group"`
	SupplementalGroups []int64 `tfsdk:"supplemental_groups"`
}

const maxID = 1<<31 - 1

func securityContextAttribute() schema.Attribute {
	id := func(description string, least int64) schema.Attribute {
		return schema.Int64Attribute{Optional: true, MarkdownDescription: description, Validators: []validator.Int64{int64validator.Between(least, maxID)}}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "As whom the pods run. They always meet the Pod Security Standard `restricted`: not as root, no privileges, no capabilities, " +
			"a read-only root file system.",
		Attributes: map[string]schema.Attribute{
			"run_as_user":  id("User id of all processes, not 0. Default: the one that the product's image is made for.", 1),
			"run_as_group": id("Group id of all processes. Default: the same number as the user id of the product's image.", 0),
			"fs_group":     id("Group id that owns the volumes. Default: the same number as the user id of the product's image.", 0),
			"supplemental_groups": schema.ListAttribute{
				Optional: true, ElementType: types.Int64Type, MarkdownDescription: "Further group ids of all processes.",
				Validators: []validator.List{listvalidator.ValueInt64sAre(int64validator.Between(0, maxID))},
			},
		},
	}
}

// Restricted is the security context of every container.
func Restricted() *corev1ac.SecurityContextApplyConfiguration {
	return corev1ac.SecurityContext().WithAllowPrivilegeEscalation(false).WithReadOnlyRootFilesystem(true).
		WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))
}

// securityContext is that of the pod. OpenShift gives each namespace a range of
// ids of its own and refuses others, so none is set there but the user's.
func (s Settings) securityContext(env workload.Environment, user int64) *corev1ac.PodSecurityContextApplyConfiguration {
	out := corev1ac.PodSecurityContext().WithRunAsNonRoot(true).
		WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
		WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))
	if env.Platform != workload.PlatformOpenShift {
		out.WithRunAsUser(user).WithRunAsGroup(user).WithFSGroup(user)
	}
	if c := s.SecurityContext; c != nil {
		if c.RunAsUser != nil {
			out.WithRunAsUser(*c.RunAsUser)
		}
		if c.RunAsGroup != nil {
			out.WithRunAsGroup(*c.RunAsGroup)
		}
		if c.FSGroup != nil {
			out.WithFSGroup(*c.FSGroup)
		}
		out.WithSupplementalGroups(c.SupplementalGroups...)
	}
	return out
}
