package run

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// defaultPatience is how long an action waits for the end of a run.
const defaultPatience = time.Hour

// Action is analytics_run, which begins a run of a schedule besides those that are due.
type Action struct {
	settings *workload.Settings
}

var _ action.ActionWithConfigure = (*Action)(nil)

// NewAction returns analytics_run.
func NewAction() action.Action { return &Action{} }

// actionModel is the configuration of analytics_run.
type actionModel struct {
	Name      string  `tfsdk:"name"`
	Namespace *string `tfsdk:"namespace"`
	Wait      *bool   `tfsdk:"wait"`
	Timeout   *string `tfsdk:"timeout"`
}

// Metadata names the action.
func (a *Action) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_run"
}

// Schema gives the attributes of the action.
func (a *Action) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Runs what has a `schedule` now: an `analytics_ingestion`, an `analytics_automation` or an `analytics_spark_job`. It does what `kubectl create job --from=cronjob/NAME` does, " +
			"and then waits for the end of the run.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{Required: true, MarkdownDescription: "Name of the resource with the schedule.", Validators: []validator.String{validate.ObjectName()}},
			"namespace": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.DNSLabel()},
				MarkdownDescription: "Its namespace. Default: that of the provider's `defaults`, else `default`.",
			},
			"wait": schema.BoolAttribute{Optional: true, MarkdownDescription: "Wait for the end of the run, and fail when it fails. Default: `true`."},
			"timeout": schema.StringAttribute{
				Optional: true, Validators: []validator.String{validate.Duration()},
				MarkdownDescription: "How long to wait. The run goes on after that. Default: `1h`.",
			},
		},
	}
}

// Configure takes the settings of the provider.
func (a *Action) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	settings, ok := req.ProviderData.(*workload.Settings)
	if !ok {
		resp.Diagnostics.AddError("Unexpected provider data", fmt.Sprintf("Got %T. This is a bug of the provider; please report it.", req.ProviderData))
		return
	}
	a.settings = settings
}

// Invoke begins the run, and waits for its end.
func (a *Action) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var m actionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	cluster, err := a.settings.Cluster()
	if err != nil {
		resp.Diagnostics.AddError("The cluster cannot be reached", err.Error())
		return
	}
	if m.Namespace == nil {
		m.Namespace = &a.settings.Environments[0].Namespace
	}
	if *m.Namespace == "" {
		m.Namespace = new("default")
	}
	say := func(line string) { resp.SendProgress(action.InvokeProgressEvent{Message: line}) }
	job, diags := begin(ctx, cluster, *m.Namespace, m.Name)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	say(job.String() + " has begun")
	if m.Wait != nil && !*m.Wait {
		return
	}
	patience := defaultPatience
	if m.Timeout != nil {
		patience = time.Duration(Seconds(*m.Timeout)) * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = cluster.Wait(ctx, kube.WaitRequest{Objects: []kube.Ref{job}, Progress: say})
	if failed, ok := errors.AsType[*kube.NotReadyError](err); ok {
		resp.Diagnostics.AddError(failed.Diagnosis.Summary, failed.Diagnosis.Detail)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("The run cannot be followed", job.String()+": "+kube.Classify(err).Detail)
		return
	}
	say(job.String() + " has succeeded")
}

// begin makes a Job of a schedule's template.
func begin(ctx context.Context, cluster *kube.Cluster, namespace, name string) (kube.Ref, diag.Diagnostics) {
	var diags diag.Diagnostics
	cronJob := kube.Ref{GroupVersionKind: batchv1.SchemeGroupVersion.WithKind("CronJob"), Namespace: namespace, Name: name}
	live, err := cluster.Get(ctx, cronJob)
	if err != nil {
		diags.AddError("The schedule cannot be read", cronJob.String()+": "+kube.Classify(err).Detail)
		return kube.Ref{}, diags
	}
	if live == nil {
		diags.AddAttributeError(path.Root("name"), "There is no such schedule",
			cronJob.String()+" does not exist. Only what has a schedule can be run now: what has once runs again when one of its triggers changes. Correct name and namespace, "+
				"or apply the resource first.")
		return kube.Ref{}, diags
	}
	job := &unstructured.Unstructured{Object: map[string]any{}}
	for _, field := range []string{"metadata", "spec"} {
		if value, found, _ := unstructured.NestedMap(live.Object, "spec", "jobTemplate", field); found {
			job.Object[field] = value
		}
	}
	job.SetGroupVersionKind(jobKind)
	job.SetNamespace(namespace)
	// The name of a CronJob has at most 52 characters, that of a Job 63.
	job.SetName(name + "-now-" + strings.ToLower(rand.Text()[:5]))
	annotations := job.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["cronjob.kubernetes.io/instantiate"] = "manual"
	job.SetAnnotations(annotations)
	job.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(live, cronJob.GroupVersionKind)})
	created, warnings, err := cluster.Create(ctx, job, false)
	for _, warning := range warnings {
		diags.AddWarning("The API server warns", warning)
	}
	if err != nil {
		diags.AddError("The run cannot begin", kube.RefOf(job).String()+": "+kube.Classify(err).Detail)
		return kube.Ref{}, diags
	}
	return kube.RefOf(created), diags
}
