package acctest

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAccWaitsThatCannotEnd applies what cannot become ready. The apply ends long
// before its timeout, and says which pod, why, what happened, and what to do.
func TestAccWaitsThatCannotEnd(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	subtests := map[string]func(*testing.T){}
	for name, test := range map[string]struct {
		attributes string
		says       []string
		limit      time.Duration
		// repair are attributes with which the next apply succeeds.
		repair string
	}{
		"image that cannot be pulled": {
			`image = "registry.invalid/no/such:1"`,
			[]string{"Pod it-", "container main", "ErrImagePull", "registry.invalid/no/such:1", "Last events:", "Failed", "Correct the image's name and tag"},
			90 * time.Second, "",
		},
		"image name that is none": {
			`image = "no such image"`, []string{"Pod it-", "InvalidImageName", "Last events:", "Correct the image's name"}, 40 * time.Second, "",
		},
		"crash loop": {
			"probe = false\nscript = \"sleep 1; echo this is the cause; exit 7\"",
			[]string{"Pod it-", "container main", "exit code 7", "Last events:", "BackOff", "Last log lines of container main:", "this is the cause", "Correct the configuration and apply again"},
			120 * time.Second, "",
		},
		"memory limit": {
			// A text that doubles gets there at once, however busy the machine is.
			"probe = false\nscript = \"exec awk 'BEGIN { s = 1; while (1) s = (s)s }'\"",
			[]string{"Pod it-", "OOMKilled", "raise resources.limits.memory"},
			120 * time.Second, "",
		},
		"missing key of a Secret": {
			`env_from_keys = { PASSWORD = { secret = "absent", key = "password" } }`,
			[]string{"Pod it-", "CreateContainerConfigError", `secret "absent" not found`, "Last events:", "Create the Secret or ConfigMap key"},
			75 * time.Second, "",
		},
		"no StorageClass": {
			`storage = { size = "300Mi", storage_class = "absent" }`,
			[]string{"Pod it-store-0", "its volume data-it-store-0 is not provided", "absent", "storage_class"},
			75 * time.Second,
			`storage = { size = "300Mi" }`,
		},
		"no node": {
			`node_selector = { "example.com/absent" = "true" }`,
			[]string{"Pod it-", "no node takes it", "node affinity/selector", "Last events:", "FailedScheduling", "add nodes"},
			120 * time.Second, "",
		},
		"failed Job": {
			`job = { script = "echo this is the cause; exit 3" }`,
			[]string{"Job", "it-job failed", "Pod it-job-", "exit code 3", "Last log lines of container main:", "this is the cause"},
			40 * time.Second, "",
		},
		"pods that the quota refuses": {
			`replicas = 3`, []string{"Deployment", "its pods are refused", "exceeded quota", "Raise the namespace's quota"}, 75 * time.Second, "",
		},
	} {
		subtests[name] = func(t *testing.T) {
			s := standIn(t, c, c.Namespace(t), "it")
			if name == "pods that the quota refuses" {
				s.cluster.quota(t, s.namespace)
				s.connection += "\nplan_checks = \"off\""
			}
			s.fixture(test.attributes)
			begin := time.Now()
			r := s.Apply().Fails().Says(test.says...)
			if took := time.Since(begin); took > test.limit {
				t.Errorf("it took %s to give up:\n%s", took, r.Output)
			}
			// Nothing is orphaned by it.
			if s.Attributes(address) == nil {
				t.Error("the state does not hold what was begun")
			}
			if test.repair == "" {
				return
			}
			s.fixture(test.repair)
			s.Apply().Succeeds()
			s.PlansNothing()
		}
	}
	atOnce(t, subtests)
}

// quota allows two pods in a namespace.
func (c *Cluster) quota(t *testing.T, namespace string) {
	t.Helper()
	_, err := c.CoreV1().ResourceQuotas(namespace).Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "two"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("2")}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAccCLIRepairInPlace warns instead of failing, and repairs what it has warned of
// without replacing anything, first because its cause went by itself.
func TestAccCLIRepairInPlace(t *testing.T) {
	s := newStand(t)
	const wait = "wait = { on_failure = \"warn\" }\n"
	s.fixture(wait + `env_from_keys = { PASSWORD = { secret = "late", key = "password" } }`)
	s.Apply().Succeeds().Says("Warning: Deployment", "does not become ready", "ready is false; the next apply repairs the resource in place")
	uid := s.deployment(t).UID
	before := s.credential()
	if ready := s.Attributes(address)["ready"]; ready != false {
		t.Errorf("ready is %v", ready)
	}
	plan, _ := s.PlanFile()
	change := plan.ResourceChanges[0].Change
	if !change.Actions.Update() {
		t.Fatalf("the plan is to %v", change.Actions)
	}
	if unknown, _ := change.AfterUnknown.(map[string]any); unknown["ready"] != true {
		t.Errorf("ready is not planned unknown: %v", change.AfterUnknown)
	}

	// The cause goes: nothing of the configuration changes.
	if _, err := s.cluster.CoreV1().Secrets(s.namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "late"}, StringData: map[string]string{"password": "x"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.Apply().Succeeds().SaysNot("Warning: Deployment")
	s.PlansNothing()
	if ready := s.Attributes(address)["ready"]; ready != true {
		t.Errorf("ready is %v", ready)
	}
	if s.deployment(t).UID != uid || s.credential() != before {
		t.Error("the repair replaced the Deployment or the credential")
	}

	// An update that breaks, without on_failure: no taint, and the old pods serve on.
	pods := s.uids("web")
	s.fixture(`env_from_keys = { PASSWORD = { secret = "never", key = "password" } }`)
	s.Apply().Fails().Says("does not become ready")
	for _, uid := range pods {
		if !strings.Contains(strings.Join(s.uids("web"), " "), uid) {
			t.Error("a pod that was ready is gone although no other is ready")
		}
	}
	s.fixture(`replicas = 1`)
	_, r := s.PlanFile()
	r.Says("updated in-place").SaysNot("tainted")
	begin := time.Now()
	s.Apply().Succeeds()
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("the repair took %s", took)
	}
	s.PlansNothing()
}

// TestAccBrokenRevisionOfAStatefulSet repairs a StatefulSet, whose controller waits
// for ever for pods of a revision that cannot start.
func TestAccBrokenRevisionOfAStatefulSet(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	subtests := map[string]func(*testing.T){}
	for name, onDelete := range map[string]string{"rolling": "", "restarted by the engine": ", on_delete = true"} {
		subtests[name] = func(t *testing.T) {
			s := standIn(t, c, c.Namespace(t), "it")
			storage := "storage = { servers = 2, size = \"300Mi\"" + onDelete + " }\n"
			s.fixture(storage)
			s.Apply().Succeeds()
			s.fixture(storage + `env_from_keys = { PASSWORD = { secret = "absent", key = "password" } }`)
			s.Apply().Fails().Says("Pod it-store-", "CreateContainerConfigError")
			s.fixture(storage)
			begin := time.Now()
			s.Apply().Succeeds()
			if took := time.Since(begin); took > 90*time.Second {
				t.Errorf("the repair took %s", took)
			}
			s.PlansNothing()
			if n := len(s.pods("store")); n != 2 {
				t.Errorf("%d pods", n)
			}
		}
	}
	atOnce(t, subtests)
}

// TestAccProgressIsLogged looks for what a long apply is waiting for.
func TestAccProgressIsLogged(t *testing.T) {
	s := newStand(t)
	s.Env = append(s.Env, "TF_LOG_PROVIDER=INFO")
	s.fixture(`job = { script = "sleep 4" }`)
	r := s.Apply().Succeeds()
	for _, line := range []string{"Applying a stage.", "Job " + s.namespace + "/it-job: the Job is running", "Deployment " + s.namespace + "/it: "} {
		found := false
		for logged := range strings.Lines(r.Output) {
			found = found || strings.Contains(logged, "[INFO]") && strings.Contains(logged, line)
		}
		if !found {
			t.Errorf("no line at INFO says %q", line)
		}
	}
}
