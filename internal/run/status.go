package run

import (
	"context"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// shownLog is how many lines of a run's log are shown.
const shownLog = 20

var (
	podKind = corev1.SchemeGroupVersion.WithKind("Pod")
	jobKind = batchv1.SchemeGroupVersion.WithKind("Job")
)

// Source says where the runs of a resource are found. It has one of Job and CronJob,
// or none of them where nothing runs to its end.
type Source struct {
	// Job and CronJob are the keys of the objects.
	Job, CronJob string
	// Schedule is that of the CronJob.
	Schedule Schedule
	// Container is the one that runs the program.
	Container string
}

// Status observes the runs. of gives the part of a model that has them, and where
// they are found.
func Status[M any](of func(*M) (*State, Source)) *workload.Status[M] {
	return &workload.Status[M]{
		Attributes: []string{"result", "next_runs", "runs"},
		OfRuns:     []string{"result"},
		Observe: func(ctx context.Context, m, prior *M, reach workload.Reach) error {
			state, source := of(m)
			o := observer{Source: source, State: state, reach: reach}
			if prior != nil {
				was, before := of(prior)
				o.was, o.before = *was, before
			}
			*state = State{}
			switch {
			case source.Job != "":
				return o.observeOnce(ctx)
			case source.CronJob != "":
				return o.observeSchedule(ctx)
			default:
				return nil
			}
		},
	}
}

// observer looks at the runs of one resource.
type observer struct {
	Source
	*State
	reach workload.Reach
	// was is what the state had, and before where it was found.
	was    State
	before Source
}

// observeOnce tells how the run went. Without its Job, what was known of it stays.
func (o *observer) observeOnce(ctx context.Context) error {
	if o.before.Job != "" {
		o.Result = o.was.Result
	}
	live, err := o.reach.Object(ctx, o.Job)
	if err != nil || live == nil {
		return err
	}
	job := &batchv1.Job{}
	if err := decode(live, job); err != nil {
		return err
	}
	result, err := o.resultOf(ctx, job)
	if err != nil {
		return err
	}
	o.Result = result
	return nil
}

// observeSchedule tells how the last run went, and which come next.
func (o *observer) observeSchedule(ctx context.Context) error {
	now := time.Now()
	o.NextRuns = o.Schedule.nextRuns(now)
	if o.before.CronJob != "" {
		o.Result, o.Runs = o.was.Result, o.was.Runs
	}
	live, err := o.reach.Object(ctx, o.CronJob)
	if err != nil || live == nil {
		return err
	}
	cron := &batchv1.CronJob{}
	if err := decode(live, cron); err != nil {
		return err
	}
	active, missed := int64(len(cron.Status.Active)), int64(0)
	if last := cron.Status.LastScheduleTime; last != nil {
		missed = o.Schedule.missed(last.Time, now)
	}
	o.Runs = &Runs{Last: moment(cron.Status.LastScheduleTime), LastSuccess: moment(cron.Status.LastSuccessfulTime), Active: &active, Missed: &missed}
	list, err := o.reach.List(ctx, jobKind, instanceOf(live).String())
	if err != nil {
		return err
	}
	var last *batchv1.Job
	for _, item := range list {
		job := &batchv1.Job{}
		if err := decode(&item, job); err != nil {
			return err
		}
		if metav1.IsControlledBy(job, cron) && later(job, last) {
			last = job
		}
	}
	if last == nil {
		return nil
	}
	o.Result, err = o.resultOf(ctx, last)
	return err
}

// later reports whether a run tells more than another one: one that is over more than
// one that is under way, and a later one more than an earlier one.
func later(job, than *batchv1.Job) bool {
	if than == nil {
		return true
	}
	if over := ending(job) != nil; over != (ending(than) != nil) {
		return over
	}
	return than.CreationTimestamp.Before(&job.CreationTimestamp)
}

// instanceOf selects what the resource of an object has.
func instanceOf(live *unstructured.Unstructured) labels.Set {
	selector := labels.Set{}
	for key := range workload.InstanceLabels("", "") {
		selector[key] = live.GetLabels()[key]
	}
	return selector
}

func decode(live *unstructured.Unstructured, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, into)
}

func moment(t *metav1.Time) *string {
	if t == nil {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}

// resultOf tells how a Job's run went. What is known already is kept: pods go before
// their Jobs.
func (o *observer) resultOf(ctx context.Context, job *batchv1.Job) (*Result, error) {
	r := &Result{Started: moment(job.Status.StartTime)}
	end := ending(job)
	if end != nil {
		succeeded := end.Type == batchv1.JobComplete
		r.Succeeded = &succeeded
		if job.Status.StartTime != nil {
			duration := end.LastTransitionTime.Sub(job.Status.StartTime.Time).Round(time.Second).String()
			r.Duration = &duration
		}
		if end.Reason == batchv1.JobReasonDeadlineExceeded {
			r.Reason = &end.Reason
		}
	}
	list, err := o.reach.List(ctx, podKind, labels.Set{batchv1.JobNameLabel: job.Name}.String())
	if err != nil {
		return nil, err
	}
	var last *corev1.Pod
	for _, item := range list {
		pod := &corev1.Pod{}
		if err := decode(&item, pod); err != nil {
			return nil, err
		}
		if metav1.IsControlledBy(pod, job) && (last == nil || last.CreationTimestamp.Before(&pod.CreationTimestamp)) {
			last = pod
		}
	}
	if last == nil {
		return r.completedBy(o.Result), nil
	}
	o.readPod(ctx, last, r)
	return r, nil
}

// ending is the condition of the Job's end, nil before.
func ending(job *batchv1.Job) *batchv1.JobCondition {
	for i, c := range job.Status.Conditions {
		if c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) {
			return &job.Status.Conditions[i]
		}
	}
	return nil
}

// completedBy takes over what only the pods of the same run have told.
func (r *Result) completedBy(was *Result) *Result {
	if was == nil || !same(was.Started, r.Started) {
		return r
	}
	r.ExitCode, r.Output, r.Log = was.ExitCode, was.Output, was.Log
	if r.Reason == nil {
		r.Reason = was.Reason
	}
	return r
}

func (o *observer) readPod(ctx context.Context, pod *corev1.Pod, r *Result) {
	name := o.Container
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	for _, s := range statuses {
		// The first container that failed is the one that counts; the program is the last.
		t := s.State.Terminated
		if t == nil || s.Name != o.Container && t.ExitCode == 0 {
			continue
		}
		name = s.Name
		code := int64(t.ExitCode)
		r.ExitCode = &code
		if r.Reason == nil {
			reason := t.Reason
			r.Reason = &reason
		}
		if s.Name == o.Container && t.Message != "" {
			message := o.reach.Masked(ctx, pod, t.Message)
			r.Output = &message
		}
		break
	}
	// A log that is gone, or may not be read, is no failure.
	if text, err := o.reach.Logs(ctx, pod, name, shownLog); err == nil {
		text = strings.TrimRight(text, "\n")
		r.Log = &text
	}
}

func same(a, b *string) bool { return a != nil && b != nil && *a == *b }
