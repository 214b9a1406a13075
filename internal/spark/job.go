package spark

import (
	"encoding/json"
	"maps"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	keyJob     = "Job/driver"
	keyCronJob = "CronJob/driver"
)

// once is how the application runs where it has no schedule.
func (m *Model) once() run.Once {
	if m.Once == nil {
		return run.Once{}
	}
	return *m.Once
}

// runs says where the runs are found.
func (m *Model) runs() run.Source {
	if s := m.Schedule; s != nil {
		return run.Source{CronJob: keyCronJob, Container: driverContainer, Schedule: *s}
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
	pods := run.Pods{Template: t.Spec, Container: driverContainer}
	if s := a.m.Schedule; s != nil {
		labels := a.n.siblings()
		maps.Copy(labels, a.kueueLabels())
		return workload.Object{
			Key: keyCronJob, Stage: workload.StageLast, NoWait: true, Mask: masks("spec.jobTemplate.spec.template"),
			Manifest: s.CronJob(a.n.resource, a.n.namespace, labels, pods),
		}
	}
	once := a.m.once()
	job := once.Job(a.n.resource, a.n.namespace, pods)
	if labels := a.kueueLabels(); labels != nil {
		job.WithLabels(labels)
	}
	return workload.Object{
		Key: keyJob, Stage: workload.StageJob, RunKey: a.runKey(), NoWait: !valueOr(once.Wait, true), Mask: masks("spec.template"),
		Manifest: job,
	}
}

// runKey is all that decides what a run does. Where and how large its pods are is
// no reason to run again.
func (a *application) runKey() string {
	m := a.m
	key, err := json.Marshal([]any{
		a.image, m.Script, m.MainFile, m.MainClass, m.Arguments, m.Jars, m.PyFiles, m.Files, m.Archives, m.Packages, m.ExcludePackages,
		m.SparkConfig, m.HadoopConfig, m.S3, m.MLflow, a.driverPods.Env, a.executorPods.Env, m.once().Triggers,
	})
	if err != nil {
		// Texts, lists and maps of texts have a form in JSON.
		panic(err)
	}
	return string(key)
}
