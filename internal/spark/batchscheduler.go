package spark

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// BatchScheduler is what decides when and where the pods run, other than Kubernetes'
// own scheduler.
type BatchScheduler struct {
	Name          string  `tfsdk:"name"`
	Queue         *string `tfsdk:"queue"`
	PriorityClass *string `tfsdk:"priority_class"`
	Gang          *bool   `tfsdk:"gang"`
}

// is reports whether it is that scheduler. A nil one is none.
func (b *BatchScheduler) is(name string) bool { return b != nil && b.Name == name }

// Those that have settings of their own.
const (
	volcano  = "volcano"
	yunikorn = "yunikorn"
	kueue    = "kueue"
)

// yunikornPrefixLength is how much of a label's value a UID leaves.
const yunikornPrefixLength = content.LabelValueMaxLength - 36 - len("-")

const (
	kueueQueue    = "kueue.x-k8s.io/queue-name"
	kueuePriority = "kueue.x-k8s.io/priority-class"
	// kueueParent is the annotation by which Kueue admits a pod for itself although the pod's owner is admitted already. kueueManaged is the
	// label that goes with it.
	kueueParent  = "kueue.x-k8s.io/pod-suspending-parent"
	kueueManaged = "kueue.x-k8s.io/managed"
	// volcanoGroup is the annotation that Volcano finds the group of a pod by.
	volcanoGroup  = "scheduling.k8s.io/group-name"
	yunikornQueue = "queue"
	yunikornID    = "yunikorn.apache.org/app-id"
	// yunikornOwnID ends an id that YuniKorn completes with the pod's UID.
	yunikornOwnID  = "-uniqueautogen"
	yunikornGroup  = "yunikorn.apache.org/task-group-name"
	yunikornGroups = "yunikorn.apache.org/task-groups"
)

func batchSchedulerAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Have Volcano, YuniKorn, Kueue or another scheduler than Kubernetes' own decide when and where the pods run. It must be installed.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true, Validators: []validator.String{validate.DNSLabel()},
				MarkdownDescription: "`volcano`, with a PodGroup; `yunikorn`; `kueue`, which admits the driver's Job and each executor, for which its integration `pod` must be on; " +
					"or the name of any scheduler.",
			},
			"queue":          text("Queue of the pods: a Queue of Volcano, a queue of YuniKorn such as `root.etl`, or a LocalQueue of Kueue, which needs one. Default: the scheduler's.", validate.LabelValue()),
			"priority_class": text("PriorityClass of the PodGroup of Volcano, or WorkloadPriorityClass of Kueue. Default: none.", validate.ObjectName()),
			"gang": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "With Volcano and YuniKorn: start no driver before there is room for its executors too, those of `executor.instances` or of `dynamic_allocation.initial_executors`. " +
					"Not with Volcano and `schedule`, whose runs share one PodGroup. Default: `false`.",
			},
		},
	}
}

func checkBatchScheduler(b *BatchScheduler, refuse refusal) {
	if b == nil {
		return
	}
	at := path.Root("batch_scheduler")
	// only refuses what the scheduler has no use for.
	only := func(set bool, attribute string, schedulers ...string) {
		for _, name := range schedulers {
			set = set && b.Name != name
		}
		if set {
			refuse(at.AtName(attribute), "The scheduler has no such setting", fmt.Sprintf("%s takes no %s, but these do: %s. Remove it.", b.Name, attribute, strings.Join(schedulers, ", ")))
		}
	}
	only(b.Queue != nil, "queue", volcano, yunikorn, kueue)
	only(b.PriorityClass != nil, "priority_class", volcano, kueue)
	only(b.Gang != nil, "gang", volcano, yunikorn)
	if b.Name == kueue && b.Queue == nil {
		refuse(at.AtName("queue"), "Kueue needs a queue", "Set queue to the name of a LocalQueue in the namespace.")
	}
}

// firstExecutors is how many executors there are at the start.
func (a *application) firstExecutors() int64 {
	if d := a.m.DynamicAllocation; d != nil {
		return ptr.Deref(d.InitialExecutors, ptr.Deref(d.MinExecutors, 0))
	}
	return a.executors()
}

// schedule has the batch scheduler place the pods of a role.
func (a *application) schedule(role string, t pod.Template) {
	b := a.m.BatchScheduler
	if b == nil {
		return
	}
	labels, annotations := map[string]string{}, map[string]string{}
	switch b.Name {
	case kueue:
		switch {
		case role == roleExecutor:
			// Kueue would take executors for a part of the driver, which owns them, and count nothing for them.
			labels = a.kueueLabels()
			labels[kueueManaged] = "true"
			annotations[kueueParent] = "pod"
		case a.serves():
			// Kueue finds the driver of a Job by the Job.
			labels = a.kueueLabels()
		}
	case volcano:
		annotations[volcanoGroup] = a.n.resource
	case yunikorn:
		if role == roleDriver {
			annotations[yunikornID] = a.yunikornPrefix() + yunikornOwnID
		}
		if b.Queue != nil {
			labels[yunikornQueue] = *b.Queue
		}
		if ptr.Deref(b.Gang, false) {
			annotations[yunikornGroup] = role
			if role == roleDriver {
				annotations[yunikornGroups] = a.taskGroups()
			}
		}
	}
	if b.Name != kueue {
		t.Spec.Spec.WithSchedulerName(b.Name)
	}
	if len(labels) > 0 {
		t.Spec.WithLabels(labels)
	}
	if len(annotations) > 0 {
		t.Spec.WithAnnotations(annotations)
	}
}

// yunikornPrefix is how the ids of YuniKorn's applications begin. Each driver is one of its own, with its executors: YuniKorn looks for room for a gang once in
// the life of an application, and none begins in one that it has refused.
func (a *application) yunikornPrefix() string {
	prefix := a.n.namespace + "-" + a.n.resource
	// The whole id is the value of a label of the placeholders.
	return strings.TrimRight(prefix[:min(len(prefix), yunikornPrefixLength)], "-.")
}

// yunikornConfig has the executors belong to the application of their driver.
func (a *application) yunikornConfig(out map[string]string) {
	if a.m.BatchScheduler.is(yunikorn) {
		out["spark.kubernetes.executor.annotation."+yunikornID] = a.yunikornPrefix() + "-" + podUIDReference
	}
}

// kueueLabels are those by which Kueue knows what it is to admit; none with another
// scheduler.
func (a *application) kueueLabels() map[string]string {
	b := a.m.BatchScheduler
	if !b.is(kueue) {
		return nil
	}
	out := map[string]string{kueueQueue: ptr.Deref(b.Queue, "")}
	if b.PriorityClass != nil {
		out[kueuePriority] = *b.PriorityClass
	}
	return out
}

// taskGroups are what YuniKorn finds room for before it starts the driver.
func (a *application) taskGroups() string {
	type group struct {
		Name        string            `json:"name"`
		MinMember   int64             `json:"minMember"`
		MinResource map[string]string `json:"minResource"`
	}
	driver, executor := a.room()
	groups := []group{{roleDriver, 1, quantities(driver)}}
	if n := a.firstExecutors(); n > 0 {
		groups = append(groups, group{roleExecutor, n, quantities(executor)})
	}
	text, err := json.Marshal(groups)
	if err != nil {
		// Texts and numbers have a form in JSON.
		panic(err)
	}
	return string(text)
}

// room is what the driver, and what each executor asks of the cluster, its GPUs among it.
func (a *application) room() (driver, executor corev1.ResourceList) {
	of := func(r *Request, g *GPU) corev1.ResourceList {
		out := corev1.ResourceList{
			corev1.ResourceCPU:    *resource.NewMilliQuantity(r.MilliCPU, resource.DecimalSI),
			corev1.ResourceMemory: *resource.NewQuantity(r.MemoryBytes, resource.BinarySI),
		}
		g.limit(out)
		return out
	}
	requests := a.requests()
	driver = of(requests.Driver, a.m.driverGPU())
	if g := a.m.executorGPU(); g != nil {
		return driver, of(requests.Executor, &g.GPU)
	}
	return driver, of(requests.Executor, nil)
}

// quantities are amounts in Kubernetes' notation.
func quantities(of corev1.ResourceList) map[string]string {
	out := map[string]string{}
	for name, quantity := range of {
		out[string(name)] = quantity.String()
	}
	return out
}

// perRun is the Job for each run of which Volcano looks for room anew, "" where no gang needs it. It does so only for a new PodGroup.
func (a *application) perRun() string {
	if a.serves() || a.m.Schedule != nil || !ptr.Deref(a.m.BatchScheduler.Gang, false) {
		return ""
	}
	return keyJob
}

// podGroup is what Volcano knows the pods as; it is nil with another scheduler.
func (a *application) podGroup() []workload.Object {
	b := a.m.BatchScheduler
	if !b.is(volcano) {
		return nil
	}
	spec := map[string]any{"minMember": int64(1)}
	if ptr.Deref(b.Gang, false) {
		room, executor := a.room()
		for name, each := range executor {
			all := room[name]
			each.Mul(a.firstExecutors())
			all.Add(each)
			room[name] = all
		}
		resources := map[string]any{}
		for name, quantity := range quantities(room) {
			resources[name] = quantity
		}
		spec["minResources"] = resources
	}
	if b.Queue != nil {
		spec["queue"] = *b.Queue
	}
	if b.PriorityClass != nil {
		spec["priorityClassName"] = *b.PriorityClass
	}
	return []workload.Object{{
		Key: "PodGroup/application", Stage: workload.StageIdentity, NoWait: true, PerRun: a.perRun(),
		Manifest: map[string]any{
			"apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "PodGroup",
			"metadata": map[string]any{"name": a.n.resource, "namespace": a.n.namespace}, "spec": spec,
		},
	}}
}
