package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// airflowConfiguration is a small Airflow, as one that is tried out. Its pods ask for as much of a processor as they do by default: with
// less, all else that runs on a busy node would go before them.
const airflowConfiguration = `
provider "analytics" {
  config_path = "proxy.conf"
}

resource "analytics_airflow" "flow" {
  name            = "flow"
  namespace       = %q
  deletion_policy = "Delete"
  resources       = { requests = { memory = "200Mi" } }
  triggerer       = { replicas = 0 }
  database = {
    embedded = { size = "512Mi", resources = { requests = { memory = "64Mi" } } }
    backups  = { size = "300Mi" }
  }
}
`

// airflowLimit is how long one cold start may take.
const airflowLimit = 10 * time.Minute

// BenchmarkAirflow measures how long an Airflow takes from nothing to servers that are ready and an administrator who has signed in: by
// an apply, and by a program that applies the same objects in the same order and waits no longer than it must.
func BenchmarkAirflow(b *testing.B) {
	c := acctest.Connect(b)
	m := &bench{B: b, cluster: c, proxy: newProxy(b, c.Config), memory: watchMemory(b, acctest.ProviderBinary(b))}
	fmt.Println(m.machine())
	record := m.workOf("cold start of an Airflow", 1)
	for range *rounds {
		m.airflow(record)
	}
	fmt.Println(m.table())
	b.ReportMetric(record.ratio(), "ratio")
}

// airflow measures one start of each kind.
func (m *bench) airflow(record *work) {
	namespace := m.cluster.Namespace(m)
	client := m.cluster.Shell(m, namespace)
	w := acctest.NewWorkspace(m)
	w.Timeout = airflowLimit
	w.WriteFile("proxy.conf", m.proxy.kubeconfig(m))
	w.Configure(airflowConfiguration, namespace)
	began := time.Now()
	sent := m.engine(record, func() {
		w.Apply().Succeeds()
		m.signIn(client)
	})
	fmt.Println("engine: " + m.milestones(namespace, began))
	w.Destroy().Succeeds()

	// In the same namespace, since Airflow's variables name it.
	l, err := newLoop(m.proxy, namespace)
	if err != nil {
		m.Fatal(err)
	}
	began = time.Now()
	m.loop(record, func() error {
		if err := l.bringUp(m.Context(), sent); err != nil {
			return err
		}
		m.signIn(client)
		return nil
	})
	fmt.Println("loop: " + m.milestones(namespace, began))
	m.clean(namespace)
}

// signIn signs in as the first administrator from a pod.
func (m *bench) signIn(client *acctest.Shell) {
	m.Helper()
	admin, err := m.cluster.CoreV1().Secrets(client.Namespace).Get(m.Context(), "flow-admin", metav1.GetOptions{})
	if err != nil {
		m.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{"username": string(admin.Data["username"]), "password": string(admin.Data["password"])})
	if err != nil {
		m.Fatal(err)
	}
	out, err := client.Run(m.Context(), nil, "wget", "-q", "-O", "-", "--header", "Content-Type: application/json", "--post-data", string(account), "http://flow:8080/auth/token")
	if err != nil || !strings.Contains(out, "access_token") {
		m.Fatalf("the administrator cannot sign in: %v: %s", err, out)
	}
}

// milestones says how far the start was when, by what Kubernetes has noted, to the second.
func (m *bench) milestones(namespace string, began time.Time) string {
	type milestone struct {
		what string
		at   time.Time
	}
	var all []milestone
	pods, err := m.cluster.CoreV1().Pods(namespace).List(m.Context(), metav1.ListOptions{})
	if err != nil {
		m.Fatal(err)
	}
	for _, p := range pods.Items {
		component := p.Labels["app.kubernetes.io/component"]
		for _, c := range p.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && component != "" {
				all = append(all, milestone{component + " ready", c.LastTransitionTime.Time})
			}
		}
	}
	jobs, err := m.cluster.BatchV1().Jobs(namespace).List(m.Context(), metav1.ListOptions{})
	if err != nil {
		m.Fatal(err)
	}
	for _, j := range jobs.Items {
		if j.Status.CompletionTime != nil {
			all = append(all, milestone{"Job " + j.Name + " done", j.Status.CompletionTime.Time})
		}
	}
	slices.SortFunc(all, func(a, b milestone) int { return a.at.Compare(b.at) })
	var parts []string
	for _, each := range all {
		parts = append(parts, fmt.Sprintf("%s after %.0f s", each.what, each.at.Sub(began).Seconds()))
	}
	return strings.Join(parts, ", ")
}

// bringUp applies objects in the order in which Airflow needs them, and waits for each stage: all that does not run, with the
// database; the migration; the servers.
func (l *loop) bringUp(ctx context.Context, sent objects) error {
	ctx, cancel := context.WithTimeout(ctx, airflowLimit)
	defer cancel()
	var stages [3]objects
	for _, object := range sent {
		switch kind := object.GetKind(); {
		case kind == "Pod":
			// The engine has only asked whether it would be admitted.
		case kind == "Job" && strings.HasSuffix(object.GetName(), "-migrate"):
			stages[1] = append(stages[1], object)
		case kind == "Job" || kind == "Deployment":
			stages[2] = append(stages[2], object)
		default:
			stages[0] = append(stages[0], object)
		}
	}
	for _, stage := range stages {
		if err := l.send(ctx, stage, metav1.ApplyOptions{FieldManager: kube.FieldManager}); err != nil {
			return err
		}
		if err := l.await(ctx, stage); err != nil {
			return err
		}
	}
	return nil
}

// await waits until what runs among the objects is ready, or done.
func (l *loop) await(ctx context.Context, stage objects) error {
	for _, object := range stage {
		kind := object.GetKind()
		if kind != "Job" && kind != "Deployment" && kind != "StatefulSet" {
			continue
		}
		at := l.client.Resource(object.GroupVersionKind().GroupVersion().WithResource(resources[kind])).Namespace(l.namespace)
		for {
			live, err := at.Get(ctx, object.GetName(), metav1.GetOptions{})
			if err != nil {
				return err
			}
			finished, err := done(live)
			if err != nil {
				return fmt.Errorf("%s %s: %w", kind, object.GetName(), err)
			}
			if finished {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s %s: %w", kind, object.GetName(), ctx.Err())
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
	return nil
}

// done reports whether an object is ready, or a Job has succeeded: kstatus takes one that has begun for ready.
func done(live *unstructured.Unstructured) (bool, error) {
	if live.GetKind() == "Job" {
		succeeded, _, err := unstructured.NestedInt64(live.Object, "status", "succeeded")
		if failed, _, _ := unstructured.NestedInt64(live.Object, "status", "failed"); failed > 0 {
			err = fmt.Errorf("%d pods have failed", failed)
		}
		return succeeded > 0, err
	}
	result, err := status.Compute(live)
	if err != nil {
		return false, err
	}
	return result.Status == status.CurrentStatus, nil
}
