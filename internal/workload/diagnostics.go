package workload

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// problem describes an error of the API server.
func problem(key string, ref kube.Ref, err error) diag.Diagnostic {
	if errors.Is(err, context.Canceled) {
		return cancelled{diag.NewErrorDiagnostic("The apply was interrupted", ref.String())}
	}
	p := kube.Classify(err)
	return diag.NewErrorDiagnostic(fmt.Sprintf("%s: %s", key, p.Summary), ref.String()+": "+p.Detail)
}

// cancelled marks diagnostics of requests that ended because another failed.
type cancelled struct{ diag.Diagnostic }

// withoutCancelled drops these where the cause is there too.
func withoutCancelled(diags diag.Diagnostics) diag.Diagnostics {
	var causes, rest diag.Diagnostics
	for _, d := range diags {
		if _, is := d.(cancelled); is {
			rest = append(rest, d)
		} else {
			causes = append(causes, d)
		}
	}
	if causes.HasError() {
		return causes
	}
	return append(causes, rest...)
}

// foreign refuses an object that belongs to somebody else.
func foreign(key string, ref kube.Ref, live *unstructured.Unstructured) diag.Diagnostic {
	return diag.NewErrorDiagnostic(key+": the object exists already and belongs to somebody else",
		fmt.Sprintf("%s belongs to %s. Nothing was changed. Choose another name, delete the object, or set adopt = true to take it over.",
			ref, ownerOf(live)))
}

// Annotations with which Helm marks its objects.
const (
	helmReleaseAnnotation   = "meta.helm.sh/release-name"
	helmNamespaceAnnotation = "meta.helm.sh/release-namespace"
)

// ownerOf names whoever an object belongs to, as well as the object tells.
func ownerOf(live *unstructured.Unstructured) string {
	labels := live.GetLabels()
	if id := labels[ownerLabel]; id != "" {
		return fmt.Sprintf("another analytics_%s %q, of this Terraform state or of another (owner %s)", labels[nameLabel], labels[instanceLabel], id)
	}
	if release := live.GetAnnotations()[helmReleaseAnnotation]; release != "" {
		return fmt.Sprintf("Helm release %q of namespace %q", release, live.GetAnnotations()[helmNamespaceAnnotation])
	}
	if by := labels[managedByLabel]; by == kube.FieldManager {
		return "nobody: somebody removed its label " + ownerLabel
	} else if by != "" {
		return fmt.Sprintf("%s (label %s)", by, managedByLabel)
	}
	var managers []string
	for _, f := range live.GetManagedFields() {
		managers = append(managers, f.Manager)
	}
	if len(managers) > 0 {
		return "field manager " + strings.Join(managers, ", ")
	}
	return "an unknown owner"
}
