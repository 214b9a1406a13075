package pod

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// InitScript runs before the main container.
type InitScript struct {
	Name   string  `tfsdk:"name"`
	Script string  `tfsdk:"script"`
	Image  *string `tfsdk:"image"`
}

const (
	initScriptsVolume = "init-scripts"
	initScriptsPath   = "/init-scripts"
	// maxData is what a ConfigMap or a Secret may hold, in bytes.
	maxData = 1 << 20
)

func initScriptsAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional: true,
		MarkdownDescription: "Scripts that run in this order, in every pod and each time it starts, before the main container does. They have its " +
			"environment variables and volumes. Bash runs them with `-eo pipefail`: the first command that fails ends the script, and the pod does not " +
			"start before all have succeeded. `objects` shows a revision of each script, not its text, since it may hold secrets; they are kept in a ConfigMap.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"name":   required("Name of the script. The pods' logs have it, after `init-` and its place in the list.", initName()),
			"script": schema.StringAttribute{Required: true, MarkdownDescription: "Text of the script."},
			"image":  textOf("Image with Bash in which the script runs. Default: the main container's image.", validate.Image()),
		}},
	}
}

// initName leaves room for the prefix of the container's name.
func initName() validate.Text {
	v := validate.DNSLabel()
	v.Allowed = "at most 50 lower case letters, digits and '-', beginning and ending with a letter or digit"
	label := v.Check
	v.Check = func(s string) error {
		if len(s) > 50 {
			return fmt.Errorf("it has %d characters", len(s))
		}
		return label(s)
	}
	return v
}

// initScripts adds the init containers, and the ConfigMap with what they run.
func (r *renderer) initScripts() {
	if len(r.s.InitScripts) == 0 {
		return
	}
	data, mask := map[string]string{}, map[string]string{}
	size := 0
	seen := map[string]bool{}
	for i, script := range r.s.InitScripts {
		if seen[script.Name] {
			r.diags.AddAttributeError(r.at("init_scripts").AtListIndex(i).AtName("name"), "Two init scripts have the same name",
				fmt.Sprintf("%q is there already. Give each script a name of its own.", script.Name))
		}
		seen[script.Name] = true
		file := script.Name + ".sh"
		data[file] = script.Script
		mask["data["+file+"]"] = "init_scripts." + script.Name
		size += len(file) + len(script.Script)

		container := r.likeMain(corev1ac.Container().
			// The place in the name makes a changed order a change of the object.
			WithName(fmt.Sprintf("init-%d-%s", i, script.Name)).
			WithCommand("bash", "-eo", "pipefail", initScriptsPath+"/"+file))
		if script.Image != nil {
			container.WithImage(*script.Image)
		}
		container.WithVolumeMounts(corev1ac.VolumeMount().WithName(initScriptsVolume).WithMountPath(initScriptsPath).WithReadOnly(true))
		r.addInitContainer(container, r.at("init_scripts").AtListIndex(i).AtName("name"))
	}
	r.checkSize(size, "ConfigMap", r.at("init_scripts"))
	o := workload.Object{
		Key: r.key("ConfigMap", "init-scripts"), Stage: workload.StageIdentity, Mask: mask,
		Manifest: corev1ac.ConfigMap(r.in.Name+"-init-scripts", r.in.Environment.Namespace).WithData(data),
	}
	r.objects = append(r.objects, o)
	r.annotations[RevisionAnnotation+"init-scripts"] = workload.SecretRevision(o.Key)
	r.spec.WithVolumes(corev1ac.Volume().WithName(initScriptsVolume).
		WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(r.in.Name + "-init-scripts")))
}

func (r *renderer) checkSize(bytes int, kind string, at path.Path) {
	if bytes > maxData {
		r.diags.AddAttributeError(at, "Too much text for a "+kind, fmt.Sprintf("Together they have %d bytes, and a %s holds at most %d (1 MiB). "+
			"Shorten them, or put large files into an image or a volume.", bytes, kind, maxData))
	}
}
