package airflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/autoscale"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// APIServer are the settings of the servers of an API.
type APIServer struct {
	Component
	Autoscaling *autoscale.Autoscaling `tfsdk:"autoscaling"`
}

// CeleryAutoscaling chooses the number of a group's workers: by how busy they are, or by
// KEDA.
type CeleryAutoscaling struct {
	autoscale.Autoscaling
	KEDA *KEDA `tfsdk:"keda"`
}

// KEDA has KEDA choose the number of workers by how many tasks there are for them.
type KEDA struct {
	PollingInterval *string `tfsdk:"polling_interval"`
	CooldownPeriod  *string `tfsdk:"cooldown_period"`
}

// Defaults of KEDA's settings, in seconds.
const (
	kedaPolling  = 15
	kedaCooldown = 300
)

const (
	// kedaPrefix begins the name that KEDA gives its HorizontalPodAutoscaler, before that of
	// the ScaledObject. KEDA refuses what is longer than a label's value may be.
	kedaPrefix = "keda-hpa-"
	labelValue = 63
	// kedaValidates is the annotation of a HorizontalPodAutoscaler because of which KEDA
	// refuses no ScaledObject for the same workload.
	kedaValidates = "validations.keda.sh/hpa-ownership"
)

func apiServerAttribute() schema.Attribute {
	return withAutoscaling(componentAttribute("The API server, which serves the UI, the REST API and, unless there is an `execution_api_server`, the API of running tasks.",
		"requests of `100m` CPU and `512Mi` memory, and a limit of `2Gi` memory", 1))
}

// withAutoscaling adds the attribute autoscaling, which excludes replicas.
func withAutoscaling(component schema.SingleNestedAttribute) schema.Attribute {
	component.Attributes["autoscaling"] = autoscale.Attribute()
	if replicas, ok := component.Attributes["replicas"].(schema.Int64Attribute); ok {
		replicas.Validators = append(replicas.Validators, autoscale.Replicas())
		component.Attributes["replicas"] = replicas
	}
	return component
}

func celeryAutoscalingAttribute() schema.Attribute {
	attributes := autoscale.Attributes(0)
	attributes["keda"] = schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Choose the number of workers by the tasks that run and wait in their queues, which KEDA counts in the database: as many as have room for all of them. " +
			"KEDA must be installed and reach the database. With it, `min` may be 0, and `cpu_percent` and `memory_percent` have no place.",
		Attributes: map[string]schema.Attribute{
			"polling_interval": schema.StringAttribute{Optional: true, Validators: []validator.String{validate.Duration()}, MarkdownDescription: "How often KEDA looks whether there are tasks, with `min = 0`. Default: `15s`. Between 1 and `max` workers, the cluster asks KEDA for the number of tasks at an interval of its own, 15 s by default."},
			"cooldown_period":  schema.StringAttribute{Optional: true, Validators: []validator.String{validate.Duration()}, MarkdownDescription: "How long there must have been no task before the last worker goes, with `min = 0`. Default: `5m`."},
		},
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Choose the number of workers by how busy they are (HorizontalPodAutoscaler), or by the tasks that there are (KEDA). A worker that goes ends its tasks within `grace_period`.",
		Attributes:          attributes,
	}
}

// scales renders the autoscaler of a server. at is the attribute's path.
func (r *renderer) scales(component string, a autoscale.Autoscaling, annotations map[string]string, at path.Path) {
	o, diags := a.Render(component, r.n.of(component), r.n.env.Namespace, annotations, at)
	r.diags.Append(diags...)
	r.objects = append(r.objects, o)
}

// scalesWorkers renders the autoscaler of a group of Celery workers.
func (r *renderer) scalesWorkers(component string, w CeleryWorkers, at path.Path) {
	a := *w.Autoscaling
	if a.KEDA == nil {
		if a.Min == 0 {
			r.diags.AddAttributeError(at.AtName("min"), "Only KEDA can go without workers",
				"A HorizontalPodAutoscaler cannot see that there is work when nothing runs. Set min = 1 or more, or keda = {} where KEDA is installed.")
		}
		// So that the plan of a change to KEDA can ask KEDA, while this one is still there.
		r.scales(component, a.Autoscaling, map[string]string{kedaValidates: "false"}, at)
		return
	}
	r.diags.Append(a.Check(at)...)
	r.diags.Append(a.KEDA.check(kedaPrefix+r.n.of(component), a.Min, at.AtName("keda"))...)
	for name, percent := range map[string]*int64{"cpu_percent": a.CPU, "memory_percent": a.Memory} {
		if percent != nil {
			r.diags.AddAttributeError(at.AtName(name), "KEDA counts tasks", "With keda, how busy the workers are has no say. Remove "+name+", or keda.")
		}
	}
	// KEDA has no certificates to compare the server's with, so it can only encrypt.
	mode := r.database.SSLMode
	if strings.HasPrefix(mode, "verify-") {
		mode = "require"
	}
	name := r.n.of(component)
	object := func(kind string, stage workload.Stage, spec map[string]any) {
		r.objects = append(r.objects, workload.Object{
			Key: kind + "/" + component, Stage: stage, NoWait: true,
			Manifest: map[string]any{"apiVersion": "keda.sh/v1alpha1", "kind": kind, "metadata": map[string]any{"name": name, "namespace": r.n.env.Namespace}, "spec": spec},
		})
	}
	object("TriggerAuthentication", workload.StageIdentity, map[string]any{
		"secretTargetRef": []any{map[string]any{"parameter": "password", "name": r.database.Secret, "key": postgres.KeyPassword}},
	})
	spec := map[string]any{
		"scaleTargetRef": map[string]any{"name": name}, "minReplicaCount": a.Min, "maxReplicaCount": a.Max,
		"triggers": []any{map[string]any{
			"type": "postgresql", "authenticationRef": map[string]any{"name": name},
			"metadata": map[string]any{
				"host": r.database.Host, "port": fmt.Sprint(r.database.Port), "dbName": r.database.Name, "userName": r.database.User, "sslmode": mode,
				"query": r.m.workersNeeded(w), "targetQueryValue": "1",
			},
		}},
	}
	if a.Min == 0 {
		spec["pollingInterval"], spec["cooldownPeriod"] = seconds(a.KEDA.PollingInterval, kedaPolling), seconds(a.KEDA.CooldownPeriod, kedaCooldown)
	}
	object("ScaledObject", workload.StageLast, spec)
}

func seconds(text *string, fallback int64) int64 {
	if text == nil {
		return fallback
	}
	return run.Seconds(*text)
}

// check refuses what KEDA would refuse, or not read. autoscaler is the name of its
// HorizontalPodAutoscaler, least the smallest number of workers.
func (k *KEDA) check(autoscaler string, least int64, at path.Path) diag.Diagnostics {
	var diags diag.Diagnostics
	if over := len(autoscaler) - labelValue; over > 0 {
		diags.AddAttributeError(at, "The name is too long for KEDA", fmt.Sprintf("KEDA makes a HorizontalPodAutoscaler %q, and refuses names of more than %d characters. "+
			"Give the group, or the resource, a name that has %d characters less.", autoscaler, labelValue, over))
	}
	if least == 0 {
		return diags
	}
	for name, value := range map[string]*string{"polling_interval": k.PollingInterval, "cooldown_period": k.CooldownPeriod} {
		if value != nil {
			diags.AddAttributeError(at.AtName(name), "There is always a worker", fmt.Sprintf("It is about the first worker to come and the last to go, which stays with min = %d. Remove %s, or set min = 0.", least, name))
		}
	}
	return diags
}

// workersNeeded is the query of how many workers of the group the tasks need that run or
// wait in its queues, without those of other executors.
func (m *Model) workersNeeded(w CeleryWorkers) string {
	queues := make([]string, 0, len(w.queues()))
	for _, queue := range slices.Sorted(slices.Values(w.queues())) {
		queues = append(queues, "'"+queue+"'")
	}
	ours := "executor like '%" + celeryExecutor + "'"
	if m.executors()[0] == celeryExecutor {
		ours = "(executor is null or " + ours + ")"
	}
	return fmt.Sprintf("select ceil(count(*)::decimal / %d) from task_instance where state in ('queued', 'running') and queue in (%s) and %s",
		ptr.Deref(w.Concurrency, celeryConcurrency), strings.Join(queues, ", "), ours)
}
