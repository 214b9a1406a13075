package pod

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// ClaimSpec is that of a volume for one node at a time, with the size otherwise where
// none is set. at is the attribute of the size, for diagnostics.
func ClaimSpec(size *string, otherwise string, class *string, at path.Path) (*corev1ac.PersistentVolumeClaimSpecApplyConfiguration, diag.Diagnostics) {
	var diags diag.Diagnostics
	text := otherwise
	if size != nil {
		text = *size
	}
	quantity, err := validate.ParseQuantity(text)
	if err != nil {
		diags.AddAttributeError(at, "Invalid quantity", err.Error())
		return nil, diags
	}
	spec := corev1ac.PersistentVolumeClaimSpec().WithAccessModes(corev1.ReadWriteOnce).
		WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: quantity}))
	if class != nil {
		spec.WithStorageClassName(*class)
	}
	return spec, diags
}
