package spark

import (
	"encoding/json"
	"maps"

	batchv1 "k8s.io/api/batch/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	keyJob     = "Job/driver"
	keyCronJob = "CronJob/driver"
)

// defaultKept is how many runs of a schedule stay.
const defaultKept = 3

// once is how the application runs where it has no schedule.
func (m *Model) once() Once {
	if m.Once == nil {
		return Once{}
	}
	return *m.Once
}

// runs says where the runs are found.
func (m *Model) runs() run.Source {
	if s := m.Schedule; s != nil {
		return run.Source{CronJob: keyCronJob, Container: driverContainer, Schedule: run.Schedule{Cron: s.Cron, TimeZone: s.TimeZone, Suspend: s.Suspend}}
	}
	return run.Source{Job: keyJob, Container: driverContainer}
}

// run is the Job of the driver, or the CronJob that makes such Jobs.
func (a *application) run(t pod.Template) workload.Object {
	masks := func(at string) map[string]string {
		out := t.Mask(at)
		maps.Copy(out, a.argumentMasks(len(t.Spec.Spec.Containers[0].Args), at+".spec"))
		return out
	}
	s := a.m.Schedule
	if s == nil {
		once := a.m.once()
		spec := run.JobSpec(t.Spec, once.Retries, once.TimeLimit)
		if once.TTL != nil {
			spec.WithTTLSecondsAfterFinished(int32(run.Seconds(*once.TTL)))
		}
		return workload.Object{
			Key: keyJob, Stage: workload.StageJob, RunKey: a.runKey(), NoWait: !valueOr(once.Wait, true), Mask: masks("spec.template"),
			Manifest: batchv1ac.Job(a.n.resource, a.n.namespace).WithSpec(spec),
		}
	}
	cron := batchv1ac.CronJobSpec().WithSchedule(s.Cron).WithTimeZone(valueOr(s.TimeZone, validate.DefaultTimeZone)).WithSuspend(valueOr(s.Suspend, false)).
		WithConcurrencyPolicy(batchv1.ConcurrencyPolicy(valueOr(s.Concurrency, string(batchv1.ForbidConcurrent)))).
		WithSuccessfulJobsHistoryLimit(int32(valueOr(s.KeepSucceeded, defaultKept))).
		WithFailedJobsHistoryLimit(int32(valueOr(s.KeepFailed, defaultKept))).
		WithJobTemplate(batchv1ac.JobTemplateSpec().WithLabels(a.n.siblings()).WithSpec(run.JobSpec(t.Spec, s.Retries, s.TimeLimit)))
	if s.StartingDeadline != nil {
		cron.WithStartingDeadlineSeconds(run.Seconds(*s.StartingDeadline))
	}
	return workload.Object{
		Key: keyCronJob, Stage: workload.StageLast, NoWait: true, Mask: masks("spec.jobTemplate.spec.template"),
		Manifest: batchv1ac.CronJob(a.n.resource, a.n.namespace).WithSpec(cron),
	}
}

// runKey is all that decides what a run does. Where and how large its pods are is
// no reason to run again.
func (a *application) runKey() string {
	m := a.m
	key, err := json.Marshal([]any{
		a.image, m.Script, m.MainFile, m.MainClass, m.Arguments, m.Jars, m.PyFiles, m.Files, m.Archives, m.Packages, m.ExcludePackages,
		m.SparkConfig, m.HadoopConfig, m.S3, a.driverPods.Env, a.executorPods.Env, m.once().Triggers,
	})
	if err != nil {
		// Texts, lists and maps of texts have a form in JSON.
		panic(err)
	}
	return string(key)
}
