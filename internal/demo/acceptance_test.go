package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// Images that the pods of the example use where they reach nothing outside of the cluster.
const (
	indexImage = "localhost/package-index:1"
	sparkImage = "localhost/spark-s3a:4.1.2"
)

// apiSecret is what the API of the example asks for.
const apiSecret = "bearer-Quagmire-1947-Nasturtium"

// platform is the example, in a namespace of its own.
type platform struct {
	*acctest.Workspace
	t         *testing.T
	c         *acctest.Cluster
	cluster   *kube.Cluster
	namespace string
	made      *outputs
	began     time.Time
}

func newPlatform(t *testing.T, cli string) *platform {
	t.Helper()
	c := acctest.Connect(t)
	cluster, err := kube.New(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	w := acctest.NewWorkspace(t)
	w.CLI = cli
	w.Timeout = 20 * time.Minute // it is much for a busy machine
	w.Env = []string{"KUBE_CONFIG_PATH=" + c.Kubeconfig, "TF_VAR_api_token=" + apiSecret}
	w.Copy(filepath.Join("..", "..", source), "")
	claims := c.Namespace(t)
	p := &platform{Workspace: w, t: t, c: c, cluster: cluster, namespace: claims + "-platform", began: time.Now()}
	c.Forget(t, p.namespace)
	values, err := variables(t.Context(), cluster, settings{index: indexImage, spark: sparkImage})
	if err != nil {
		t.Fatal(err)
	}
	values["namespace"], values["claim_namespace"] = p.namespace, claims
	content, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	w.WriteFile("terraform.tfvars.json", string(content))
	return p
}

// say notes what happens, and when.
func (p *platform) say(line string) { p.t.Logf("%4.0f s  %s", time.Since(p.began).Seconds(), line) }

// runs has Airflow run the programs, or waits for the run that it began by itself, and looks for what they should have left.
func (p *platform) runs(trigger bool) *landing {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.Run("output", "-json").Succeeds().Stdout), &p.made); err != nil {
		p.t.Fatal(err)
	}
	ctx := p.t.Context()
	var a *airflow
	id := ""
	acctest.Eventually(p.t, 2*time.Minute, func() string {
		var err error
		if a, err = newAirflow(ctx, p.cluster, p.namespace, p.made.Airflow.Value, p.made.UI.Value["Airflow"].Secret); err == nil && trigger {
			id, err = a.trigger(ctx)
		}
		if err != nil {
			return err.Error()
		}
		return ""
	})
	run, err := a.await(ctx, id, p.say)
	if err != nil {
		p.t.Fatal(err)
	}
	tasks, err := a.tasks(ctx, run.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	p.say("the run took " + run.End.Sub(run.Start).Round(time.Second).String() + "\n" + durations(tasks))
	out, err := landed(ctx, p.cluster, p.namespace, apiSecret, p.made, run, p.say)
	if err != nil {
		p.t.Fatal(err)
	}
	// The earthquakes are always the same ones, by the law that is looked for.
	if out.report.Rows != 2000 || out.report.BValue < 0.9 || out.report.BValue > 1.1 {
		p.t.Errorf("the API was told of %+v", out.report)
	}
	for _, task := range tasks {
		if log, err := a.log(ctx, run.ID, task); err != nil || !strings.Contains(log, "ended as Succeeded") {
			p.t.Errorf("the log of %s is %q (%v)", task.Name, log, err)
		}
	}
	return out
}

// keeps fails the test where a text holds one of the platform's secrets.
func (p *platform) keeps(where, text string) {
	p.t.Helper()
	secrets := map[string]string{"the API's token": apiSecret}
	for name, u := range p.made.UI.Value {
		if u.Secret == "" {
			continue
		}
		values, err := readSecret(p.t.Context(), p.cluster, p.namespace, u.Secret, u.Keys[1])
		if err != nil {
			p.t.Fatal(err)
		}
		secrets["the password of "+name] = values[u.Keys[1]]
	}
	for name, secret := range secrets {
		if form := acctest.Spilled(text, secret); form != "" {
			p.t.Errorf("%s holds %s %s", where, name, form)
		}
	}
}

// edit replaces texts of the configuration, each of which must be there once.
func (p *platform) edit(replacements map[string]string) {
	p.t.Helper()
	for _, file := range []string{"main.tf", "earthquakes.py.tftpl"} {
		text := p.ReadFile(file)
		for before, after := range replacements {
			if strings.Count(text, before) == 1 {
				text = strings.Replace(text, before, after, 1)
				delete(replacements, before)
			}
		}
		p.WriteFile(file, text)
	}
	if len(replacements) > 0 {
		p.t.Fatalf("the example has not once each of %q", slices.Collect(maps.Keys(replacements)))
	}
}

// object is an object of the namespace by kind and name, as "Deployment/api".
type object = string

// versions tells the objects of the namespace from what they were: by their uid and by their generation, or their version where they
// have none. What others make is left out.
func (p *platform) versions() map[object]string {
	p.t.Helper()
	objects, _, err := p.cluster.Contents(p.t.Context(), p.namespace)
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[object]string{}
	for _, o := range objects {
		if o.Labels[platformLabel] != p.namespace || strings.HasPrefix(o.Name, "analytics.") || slices.Contains([]string{"Job", "PersistentVolumeClaim", "Pod"}, o.Kind) {
			continue
		}
		version := o.ResourceVersion
		if o.Generation > 0 {
			version = strconv.FormatInt(o.Generation, 10)
		}
		out[o.Kind+"/"+o.Name] = string(o.UID) + " " + version
	}
	return out
}

// identities are the uids of all that the namespace holds, other than what Kubernetes makes by itself.
func (p *platform) identities() map[object]string {
	p.t.Helper()
	objects, _, err := p.cluster.Contents(p.t.Context(), p.namespace)
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[object]string{}
	for _, o := range objects {
		out[o.Kind+"/"+o.Name] = string(o.UID)
	}
	return out
}

// changed are the objects that are new or others than before, or gone.
func changed(before, after map[object]string) []object {
	var out []object
	for o, version := range after {
		if before[o] != version {
			out = append(out, o)
		}
	}
	for o := range before {
		if _, there := after[o]; !there {
			out = append(out, o)
		}
	}
	slices.Sort(out)
	return out
}

// planned are the objects of the namespace that a plan changes, and the resources that it does.
func (p *platform) planned() (objects []object, resources []string) {
	p.t.Helper()
	plan, _ := p.PlanFile()
	for _, r := range plan.ResourceChanges {
		if r.Change.Actions.NoOp() {
			continue
		}
		resources = append(resources, r.Address)
		before, after := objectsOf(r.Change.Before), objectsOf(r.Change.After)
		for key, leaves := range after {
			kind, _, _ := strings.Cut(key, "/")
			// A Job that has run stays as it is until it is to run again.
			if name, named := leaves["metadata.name"]; named && kind != "Job" && !maps.Equal(leaves, before[key]) {
				objects = append(objects, kind+"/"+name)
			}
		}
		for key := range before {
			if _, stays := after[key]; !stays {
				p.t.Errorf("the plan takes %s of %s away", key, r.Address)
			}
		}
	}
	slices.Sort(objects)
	slices.Sort(resources)
	return objects, resources
}

// objectsOf are the leaves of each object of a resource, as text.
func objectsOf(resource any) map[string]map[string]string {
	attributes, _ := resource.(map[string]any)
	objects, _ := attributes["objects"].(map[string]any)
	out := map[string]map[string]string{}
	for key, value := range objects {
		leaves, _ := value.(map[string]any)
		out[key] = map[string]string{}
		for path, leaf := range leaves {
			out[key][path] = fmt.Sprint(leaf)
		}
	}
	return out
}

// wreck kills all pods, and deletes objects by hand, which it returns.
func (p *platform) wreck(refs ...kube.Ref) []object {
	p.t.Helper()
	now := int64(0)
	var out []object
	for _, ref := range refs {
		out = append(out, ref.Kind+"/"+ref.Name)
		if err := p.cluster.Delete(p.t.Context(), ref, kube.DeleteOptions{}); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := p.c.CoreV1().Pods(p.namespace).DeleteCollection(p.t.Context(), metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{}); err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// ref names an object of the namespace.
func (p *platform) ref(group, version, kind, name string) kube.Ref {
	return kube.Ref{GroupVersionKind: schema.GroupVersionKind{Group: group, Version: version, Kind: kind}, Namespace: p.namespace, Name: name}
}

// TestAccPlatform takes the platform of the example through what may become of one: it is made, each of its products is changed, it is
// wrecked and repaired, and it is destroyed. Each time but the last, Airflow has all programs run, and what they leave is looked at.
// Both CLIs do this, one after the other.
func TestAccPlatform(t *testing.T) {
	acctest.Long(t)
	t.Parallel()
	acctest.Connect(t) // or skip, before a CLI is looked for
	acctest.EachCLI(t, testPlatform)
}

func testPlatform(t *testing.T, cli string) {
	p := newPlatform(t, cli)
	p.say("created:\n" + lastLine(p.Apply().Succeeds()))
	p.PlansNothing()
	first := p.runs(false)
	p.keeps("the plan", p.PlansNothing().Output)
	p.keeps("the state", p.ReadFile("terraform.tfstate"))

	// A change in each product. The plan says which objects change; these do, and no others.
	p.edit(map[string]string{
		`{ role = "editor" } }`:                         `{ role = "editor" }, ci = { role = "viewer" } }`,
		`    tables = {}` + "\n":                        `    tables = {}` + "\n" + `    exports = {}` + "\n",
		`default_permission = "NO_PERMISSIONS"`:         `default_permission = "READ"`,
		`instances = 1,`:                                `instances = 2,`,
		`limits = { memory = "512Mi" } }` + "\n}":       `limits = { memory = "640Mi" } }` + "\n}",
		`args      = ["gutenberg-richter"]`:             `args      = ["gutenberg-richter"]` + "\n" + `  env       = { PYTHONDEVMODE = "0" }`,
		`max_age = "720h"`:                              `max_age = "360h"`,
		`parallelism = "4"`:                             `parallelism = "3"`,
		`tags=["platform"]`:                             `tags=["platform", "nightly"]`,
		`readiness = { path = "/" } }`:                  `readiness = { path = "/", period_seconds = 3 } }`,
		`args      = ["frequencies", "earthquakes", "g`: `args      = ["frequencies/", "earthquakes", "g`,
	})
	before := p.versions()
	want, resources := p.planned()
	if len(resources) != 10 {
		t.Errorf("the plan changes %v", resources)
	}
	p.say("changed:\n" + lastLine(p.Run("apply", "-no-color", "plan").Succeeds()))
	if changed := changed(before, p.versions()); !slices.Equal(changed, want) {
		t.Errorf("changed are\n%s\nand the plan says\n%s", strings.Join(changed, "\n"), strings.Join(want, "\n"))
	}
	p.PlansNothing()
	second := p.runs(true)
	if second.report.Version <= first.report.Version {
		t.Errorf("after version %d of the model came version %d", first.report.Version, second.report.Version)
	}

	// A wrecked one is repaired by the next apply: what was deleted is back, all else is as it was, and nothing that it held is lost.
	before = p.versions()
	wrecked := p.wreck(
		p.ref("", "v1", "Service", "tracking"), p.ref("apps", "v1", "Deployment", "flow-scheduler"), p.ref("", "v1", "ConfigMap", "flow-dags"),
		p.ref("batch", "v1", "CronJob", "train"), p.ref("apps", "v1", "StatefulSet", "lake-pool-0"), p.ref("", "v1", "Secret", "count-config"))
	p.say("repaired:\n" + lastLine(p.Apply().Succeeds()))
	if changed := changed(before, p.versions()); !slices.Equal(changed, wrecked) {
		t.Errorf("changed are\n%s\nand deleted were\n%s", strings.Join(changed, "\n"), strings.Join(wrecked, "\n"))
	}
	p.PlansNothing()
	third := p.runs(true)
	if third.report.Version <= second.report.Version || third.logs <= second.logs {
		t.Errorf("after version %d of the model and %d logs came version %d and %d logs", second.report.Version, second.logs, third.report.Version, third.logs)
	}
	p.PlansNothing()

	// Volumes and generated credentials stay as they were, and the namespace with what protects it. All else goes.
	before = p.identities()
	p.Destroy().Succeeds().Says("Namespace " + p.namespace + " stays")
	p.say("destroyed")
	left := p.identities()
	if names := slices.Sorted(maps.Keys(left)); !slices.Equal(names, kept) {
		t.Errorf("left are\n%s\nand to be kept were\n%s", strings.Join(names, "\n"), strings.Join(kept, "\n"))
	}
	for o, uid := range left {
		if before[o] != uid {
			t.Errorf("%s is not what it was before the destroy", o)
		}
	}
}

// kept are what a destroy of the example leaves: what guards the namespace, volumes, generated credentials, and the
// claims of the resources that these belong to.
var kept = []object{
	"LimitRange/workspace",
	"NetworkPolicy/workspace-egress", "NetworkPolicy/workspace-ingress", "NetworkPolicy/workspace-isolation",
	"PersistentVolumeClaim/data-flow-database-0", "PersistentVolumeClaim/data-tracking-database-0",
	"PersistentVolumeClaim/drive-0-lake-pool-0-0", "PersistentVolumeClaim/drive-0-lake-pool-0-1",
	"PersistentVolumeClaim/drive-0-lake-pool-0-2", "PersistentVolumeClaim/drive-0-lake-pool-0-3",
	"PersistentVolumeClaim/flow-backups", "PersistentVolumeClaim/tracking-backups",
	"Secret/analytics.airflow.flow", "Secret/analytics.minio.lake", "Secret/analytics.mlflow.tracking",
	"Secret/flow-admin", "Secret/flow-database", "Secret/flow-keys",
	"Secret/lake-root", "Secret/lake-user-airflow", "Secret/lake-user-land", "Secret/lake-user-mlflow", "Secret/lake-user-operator",
	"Secret/lake-user-spark", "Secret/lake-user-train",
	"Secret/tracking-admin", "Secret/tracking-database", "Secret/tracking-keys", "Secret/tracking-user-report", "Secret/tracking-user-train",
}

// lastLine is the one in which a command says what it did.
func lastLine(r *acctest.Result) string {
	lines := strings.Split(strings.TrimSpace(r.Output), "\n")
	for _, line := range slices.Backward(lines) {
		if strings.HasPrefix(line, "Apply complete!") {
			return line
		}
	}
	return lines[len(lines)-1]
}
