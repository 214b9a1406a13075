package script

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	keyJob     = "Job/run"
	keyCronJob = "CronJob/run"
)

// pods are those of a run.
func (r *renderer) pods(t pod.Template) run.Pods {
	t.Spec.Spec.WithRestartPolicy(corev1.RestartPolicyNever)
	return run.Pods{Template: t.Spec, Container: container}
}

func (r *renderer) job(t pod.Template) workload.Object {
	return workload.Object{
		Key: keyJob, Stage: workload.StageJob, RunKey: r.runKey(), Mask: t.Mask("spec.template"), NoWait: r.Once.Wait != nil && !*r.Once.Wait,
		Manifest: r.Once.Job(r.Name, r.env.Namespace, r.pods(t)),
	}
}

func (r *renderer) cronJob(t pod.Template) workload.Object {
	return workload.Object{
		Key: keyCronJob, Stage: workload.StageServer, Mask: t.Mask("spec.jobTemplate.spec.template"),
		Manifest: r.Schedule.CronJob(r.Name, r.env.Namespace, r.selector(), r.pods(t)),
	}
}

// withoutSecrets is a configuration without the values of write-only attributes,
// whose versions stand for them: a plan that does not know them must not differ.
func withoutSecrets(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain data
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(err) // it was just marshalled
	}
	dropWriteOnly(out)
	return out
}

func dropWriteOnly(v any) {
	members, ok := v.(map[string]any)
	if !ok {
		return
	}
	for name, member := range members {
		if strings.HasSuffix(name, "WO") {
			delete(members, name)
			continue
		}
		dropWriteOnly(member)
	}
}
