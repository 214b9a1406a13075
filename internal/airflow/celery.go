package airflow

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/autoscale"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// CeleryWorkers are workers of the CeleryExecutor that take tasks from the same
// queues.
type CeleryWorkers struct {
	pod.Settings
	Queues      []string           `tfsdk:"queues"`
	Concurrency *int64             `tfsdk:"concurrency"`
	Replicas    *int64             `tfsdk:"replicas"`
	Autoscaling *CeleryAutoscaling `tfsdk:"autoscaling"`
	GracePeriod *string            `tfsdk:"grace_period"`
}

const (
	// defaultQueue is that of tasks that name none, unless an option says otherwise.
	defaultQueue = "default"
	// defaultGroup is the group of workers where none is configured.
	defaultGroup = "default"
	// celeryConcurrency is how many tasks a worker runs at once.
	celeryConcurrency = 4
	// celeryGrace is how long a worker may go on with its tasks, in seconds.
	celeryGrace = 600
)

var (
	groupName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$`)
	queueName = regexp.MustCompile(`^[A-Za-z0-9_][-A-Za-z0-9_.:]{0,254}$`)
)

func celeryWorkersAttribute() schema.Attribute {
	attributes := pod.Attributes("Default: requests of `100m` CPU and `512Mi` memory, and a limit of `2Gi` memory.")
	maps.Copy(attributes, map[string]schema.Attribute{
		"queues": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Queues from which they take tasks. A task names its queue with its `queue` argument; without, it is in `" + defaultQueue + "`. Default: `[\"" + defaultQueue + "\"]`.",
			Validators: []validator.List{
				listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(),
				listvalidator.ValueStringsAre(stringvalidator.RegexMatches(queueName, "must have letters, digits, '_', '-', '.' and ':'")),
			},
		},
		"concurrency": schema.Int64Attribute{Optional: true, MarkdownDescription: fmt.Sprintf("How many tasks a worker runs at once. Default: %d.", celeryConcurrency), Validators: []validator.Int64{int64validator.Between(1, 1000)}},
		"replicas":    schema.Int64Attribute{Optional: true, MarkdownDescription: "Number of workers. Default: 1.", Validators: []validator.Int64{int64validator.Between(0, 1000), autoscale.Replicas()}},
		"autoscaling": celeryAutoscalingAttribute(),
		"grace_period": schema.StringAttribute{
			Optional: true, Validators: []validator.String{validate.Duration()},
			MarkdownDescription: "How long a worker that is to stop may go on with the tasks that it runs; it takes no new ones. What runs longer is killed, and tried again where the task has retries. Default: `10m`.",
		},
	})
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "The workers of the `CeleryExecutor`, as groups by name. They talk to the API server and the broker; with an embedded `broker` they do not hold the password of the " +
			"database, and in no case the Fernet key. Default: one group of one worker for the queue `" + defaultQueue + "`.",
		Validators: []validator.Map{mapvalidator.SizeAtLeast(1), mapvalidator.KeysAre(
			stringvalidator.RegexMatches(groupName, "must begin with a letter and have at most 20 lower case letters, digits and '-'"))},
		NestedObject: schema.NestedAttributeObject{Attributes: attributes},
	}
}

// usesCelery reports whether tasks run in Celery workers.
func (m *Model) usesCelery() bool { return slices.Contains(m.executors(), celeryExecutor) }

// celeryGroups are the groups of workers by name.
func (m *Model) celeryGroups() map[string]CeleryWorkers {
	if len(m.CeleryWorkers) == 0 {
		return map[string]CeleryWorkers{defaultGroup: {}}
	}
	return m.CeleryWorkers
}

func (w CeleryWorkers) queues() []string {
	if len(w.Queues) == 0 {
		return []string{defaultQueue}
	}
	return w.Queues
}

// checkCelery refuses what only the CeleryExecutor reads where it is not used, and
// warns where nothing takes tasks that name no queue.
func checkCelery(m *Model) diag.Diagnostics {
	diags := checkBroker(m)
	if !m.usesCelery() {
		const summary, detail = "There is no CeleryExecutor", "It belongs to the CeleryExecutor. Add \"CeleryExecutor\" to executors, or remove it."
		if m.CeleryWorkers != nil {
			diags.AddAttributeError(path.Root("celery_workers"), summary, detail)
		}
		if m.Broker != nil {
			diags.AddAttributeError(path.Root("broker"), summary, detail)
		}
		return diags
	}
	queue := defaultQueue
	if option, set := m.Config["operators"]["default_queue"]; set {
		queue = option
	}
	for _, group := range m.celeryGroups() {
		if slices.Contains(group.queues(), queue) {
			return diags
		}
	}
	diags.AddAttributeWarning(path.Root("celery_workers"), "Nothing takes tasks that name no queue",
		fmt.Sprintf("Such tasks are in the queue %q, which no group has among its queues: they would wait for ever. Add it to one.", queue))
	return diags
}

// resultsInDatabase reports whether Celery keeps the results of tasks in the database
// of Airflow: so does an external broker, which may be one that keeps none.
func (m *Model) resultsInDatabase() bool {
	_, configured := m.Config["celery"]["result_backend"]
	return m.Broker.external() != nil && !configured
}

// celeryWorkers renders a Deployment for each group. New workers start beside the old
// ones, which go on with their tasks: an apply does not wait for these.
func (r *renderer) celeryWorkers() {
	groups := r.m.celeryGroups()
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		w := groups[name]
		at := path.Root("celery_workers")
		if len(r.m.CeleryWorkers) > 0 {
			at = at.AtMapKey(name)
		}
		s := server{
			component: "celery-" + name, at: at, settings: w.Settings, replicas: ptr.Deref(w.Replicas, 1),
			args:  []string{"celery", "worker", "--queues", strings.Join(w.queues(), ","), "--concurrency", fmt.Sprint(ptr.Deref(w.Concurrency, celeryConcurrency))},
			plain: r.m.shared(r.n),
			// The key of sessions is that of requests for the logs of running tasks, too.
			secrets: append(r.celerySecrets(), r.sessionKey()),
			memory:  "512Mi", grace: celeryGrace, ports: map[string]int32{"logs": logPort}, dags: true, probes: celeryProbes,
		}
		// The signal to stop is for the worker alone, which lets its tasks end.
		s.plain["DUMB_INIT_SETSID"] = "0"
		if w.GracePeriod != nil {
			s.grace = run.Seconds(*w.GracePeriod)
		}
		if r.m.resultsInDatabase() && r.m.PgBouncer == nil {
			s.secrets = append(s.secrets, r.databaseURL())
		}
		if a := w.Autoscaling; a != nil {
			s.scaled = &a.Autoscaling
			r.scalesWorkers(s.component, w, at.AtName("autoscaling"))
		}
		r.server(s)
	}
}
