package spark

import (
	"fmt"
	"math"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// GPU are the accelerators of a pod.
type GPU struct {
	Vendor          *string `tfsdk:"vendor"`
	Amount          int64   `tfsdk:"amount"`
	DiscoveryScript *string `tfsdk:"discovery_script"`
}

// ExecutorGPU are those of each executor.
type ExecutorGPU struct {
	GPU
	PerTask *float64 `tfsdk:"per_task"`
}

const (
	defaultVendor = "nvidia.com"
	// defaultDiscovery is in Spark's own image. It asks nvidia-smi.
	defaultDiscovery = sparkHome + "/examples/src/main/scripts/getGpusResources.sh"
)

func gpuAttributes(pod string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"vendor": text("Vendor, of which Kubernetes makes the resource that the pods ask for, `VENDOR/gpu`: `nvidia.com` (default), `amd.com` or `intel.com`.",
			stringvalidator.OneOf(defaultVendor, "amd.com", "intel.com")),
		"amount": schema.Int64Attribute{Required: true, MarkdownDescription: "Number of GPUs of " + pod + ".", Validators: []validator.Int64{int64validator.Between(1, 64)}},
		"discovery_script": text("Path, in the container, of the executable script that tells Spark the addresses of the GPUs: it is in the image, or in a volume whose `default_mode` lets all execute it. "+
			"Default: `"+defaultDiscovery+"`, which asks `nvidia-smi`.", validate.MountPath()),
	}
}

func driverGPUAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "GPUs of the driver. Default: none.", Attributes: gpuAttributes("the driver")}
}

func executorGPUAttribute() schema.Attribute {
	attributes := gpuAttributes("each executor")
	attributes["per_task"] = schema.Float64Attribute{
		Optional: true, Validators: []validator.Float64{float64validator.Between(0.001, 64)},
		MarkdownDescription: "GPUs of each task, at most `amount`: a whole number, or a part of one, such as 0.25, with which several tasks share it; Spark 3.5 takes no part above 0.5. Default: 1.",
	}
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "GPUs of each executor. Default: none.", Attributes: attributes}
}

// check finds what Spark refuses of the GPUs of a task.
func (g *ExecutorGPU) check(r release) diag.Diagnostics {
	var diags diag.Diagnostics
	if g == nil || g.PerTask == nil {
		return nil
	}
	refuse := func(summary, detail string) {
		diags.AddAttributeError(path.Root(roleExecutor).AtName("gpu").AtName("per_task"), summary, detail)
	}
	n := *g.PerTask
	switch {
	case n > float64(g.Amount):
		refuse("A task needs more GPUs than an executor has", fmt.Sprintf("per_task is %v and amount %d. Lower the one or raise the other.", n, g.Amount))
	case n > 1 && n != math.Trunc(n):
		refuse("A task cannot have a part of its second GPU", fmt.Sprintf("It is %v. Set a whole number, or at most 1.", n))
	case n > 0.5 && n < 1 && r.version == "3.5":
		refuse("Spark 3.5 cannot divide a GPU so", fmt.Sprintf("It is %v. Set at most 0.5, or 1; since Spark 4.0, any part is possible.", n))
	}
	return diags
}

// driverGPU and executorGPU are nil where there are none.
func (s *Session) driverGPU() *GPU {
	if s.Driver == nil {
		return nil
	}
	return s.Driver.GPU
}

func (s *Session) executorGPU() *ExecutorGPU {
	if s.Executor == nil {
		return nil
	}
	return s.Executor.GPU
}

// gpuConfig adds what Spark has to know of GPUs. It asks for those of the executors
// itself.
func (a *application) gpuConfig(out map[string]string) {
	add := func(role string, g *GPU) {
		prefix := "spark." + role + ".resource.gpu."
		out[prefix+"amount"] = strconv.FormatInt(g.Amount, 10)
		out[prefix+"vendor"] = ptr.Deref(g.Vendor, defaultVendor)
		out[prefix+"discoveryScript"] = ptr.Deref(g.DiscoveryScript, defaultDiscovery)
	}
	if g := a.m.driverGPU(); g != nil {
		add(roleDriver, g)
	}
	if g := a.m.executorGPU(); g != nil {
		add(roleExecutor, &g.GPU)
		out["spark.task.resource.gpu.amount"] = strconv.FormatFloat(ptr.Deref(g.PerTask, 1), 'f', -1, 64)
	}
}

// limit adds the GPUs to the limits of a container.
func (g *GPU) limit(limits corev1.ResourceList) {
	if g != nil {
		limits[corev1.ResourceName(ptr.Deref(g.Vendor, defaultVendor)+"/gpu")] = *resource.NewQuantity(g.Amount, resource.DecimalSI)
	}
}
