package airflow

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/requirements"
)

func requirementsAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Python packages for trials. Before it starts, each pod that runs Airflow, those of tasks too, has pip install them beside what the image has, which stays at its " +
			"versions: packages that want others of these fail to install. It costs time at each start, and the index must be there; for more than a trial, build an `image`. The image must have pip. Default: none.",
		Attributes: requirements.Attributes(),
	}
}

// checkRequirements warns of what an image does better, and refuses what would hide the
// packages.
func checkRequirements(m *Model) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.Requirements == nil {
		return nil
	}
	at := path.Root("requirements")
	diags.AddAttributeWarning(at, "Packages are installed at each start of a pod",
		"Servers, jobs and the pods of tasks start later for it, and not at all while the package index is away. For more than a trial, build an image that has the packages and set image.")
	if _, set := m.Env["PYTHONPATH"]; set {
		diags.AddAttributeError(path.Root("env").AtMapKey("PYTHONPATH"), "The variable would hide the packages",
			"PYTHONPATH is where Python finds what requirements installs. Remove it from env, or requirements.")
	}
	return diags
}

// installs has the packages installed before a container of Airflow starts.
func (m *Model) installs(in *pod.TemplateInput, n names) {
	if m.Requirements == nil {
		return
	}
	image := m.image(n.env)
	in.Installers = append(in.Installers, m.Requirements.Installer(image, true))
	in.Volumes = append(in.Volumes, corev1ac.Volume().WithName(requirements.Volume).WithEmptyDir(corev1ac.EmptyDirVolumeSource()), requirements.FileVolume(n.resource))
	m.Requirements.Use(in.Container, image)
}
