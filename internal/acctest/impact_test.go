package acctest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// fate is what a change does to the pods of a component.
type fate string

const (
	goOn     fate = "the same pods, none of them restarted"
	roll     fate = "other pods, and never fewer ready than before"
	oneByOne fate = "other pods, and never more than one away"
	allAway  fate = "other pods, after all were away"
	grow     fate = "the same pods and more"
	shrink   fate = "some of the same pods"
	vanish   fate = "no pods"
)

// TestAccImpact changes one thing after another, and compares what impact says
// with what happens to the pods.
func TestAccImpact(t *testing.T) {
	s := newStand(t)
	attributes := map[string]string{
		"replicas": "2", "storage": `{ servers = 2, size = "300Mi" }`, "job": `{ script = "true" }`, "parts": `{ one = "1" }`,
	}
	apply := func(changed map[string]string) *Result {
		maps.Copy(attributes, changed)
		var text strings.Builder
		for _, name := range slices.Sorted(maps.Keys(attributes)) {
			fmt.Fprintf(&text, "%s = %s\n", name, attributes[name])
		}
		s.fixture(text.String())
		return s.Apply()
	}
	apply(nil).Succeeds()
	for _, step := range []struct {
		name       string
		change     map[string]string
		impact     []string
		web, store fate
		runs       bool // the Job
	}{
		{
			"only metadata, a Service and a ConfigMap that no pod reads",
			map[string]string{"annotations": `{ note = "x" }`, "service": "{ port = 81 }", "parts": `{ one = "2" }`},
			[]string{
				"updates ConfigMap/part-one in place", "updates ConfigMap/script in place", "updates Deployment/web in place", "Job/run does not run again",
				"updates Secret/credentials in place", "updates Service/web in place", "updates ServiceAccount/pods in place", "updates StatefulSet/store in place",
			},
			goOn, goOn, false,
		},
		{
			"a ConfigMap that pods read, and the script of a Job",
			map[string]string{"script": `"# another one\ntrap 'exit 0' TERM INT\nwhile :; do sleep 3600 & wait $!; done"`, "job": `{ script = "sleep 1" }`},
			[]string{
				"updates ConfigMap/script in place", "rolls the 2 pods of Deployment/web, each replaced when its successor is ready", "Job/run runs again",
			},
			roll, goOn, true,
		},
		{
			"a Secret that pods read",
			map[string]string{"credentials": `{ plain = "x" }`},
			[]string{"rolls the 2 pods of Deployment/web, each replaced when its successor is ready", "updates Secret/credentials in place"},
			roll, goOn, false,
		},
		{
			"all pods",
			map[string]string{"pod_annotations": `{ note = "x" }`},
			[]string{
				"rolls the 2 pods of Deployment/web, each replaced when its successor is ready", "Job/run does not run again",
				"restarts the 2 pods of StatefulSet/store one by one",
			},
			roll, oneByOne, false,
		},
		{
			"more pods, and how they are updated",
			map[string]string{"replicas": "3", "storage": `{ servers = 2, size = "300Mi", on_delete = true }`},
			[]string{"Deployment/web goes from 2 to 3 pods", "updates StatefulSet/store in place"},
			grow, goOn, false,
		},
		{
			"an autoscaler",
			map[string]string{"replicas": "null", "autoscaling": "{ min_replicas = 2, max_replicas = 5 }"},
			[]string{"leaves the number of pods of Deployment/web to its autoscaler", "creates HorizontalPodAutoscaler/web"},
			goOn, goOn, false,
		},
		{
			"no autoscaler any more",
			map[string]string{"replicas": "1", "autoscaling": "null"},
			[]string{"Deployment/web goes to 1 pod", "deletes HorizontalPodAutoscaler/web"},
			shrink, goOn, false,
		},
		{
			"what needs all pods of a StatefulSet to restart at once",
			map[string]string{"image": `"busybox:1.37"`},
			[]string{
				"rolls the 1 pod of Deployment/web, each replaced when its successor is ready",
				"Job/run does not run again", "restarts all 2 pods of StatefulSet/store at once: the fixture stops",
			},
			roll, allAway, false,
		},
		{
			"what the engine restarts",
			map[string]string{"pod_annotations": `{ note = "y" }`},
			[]string{
				"rolls the 1 pod of Deployment/web, each replaced when its successor is ready", "Job/run does not run again",
				"restarts the 2 pods of StatefulSet/store one by one",
			},
			roll, oneByOne, false,
		},
		{
			"fewer pods, and a Service without an address",
			map[string]string{"storage": `{ servers = 1, size = "300Mi", on_delete = true }`, "service": "{ port = 81, headless = true }"},
			[]string{
				"replaces Service/web: it is away for a moment, and its address changes",
				"StatefulSet/store goes from 2 to 1 pod; the volumes of those that go stay",
			},
			goOn, shrink, false,
		},
		{
			"parts that go",
			map[string]string{"storage": "null", "parts": "null"},
			[]string{"deletes ConfigMap/part-one", "deletes StatefulSet/store and stops its 1 pod; the volumes stay"},
			goOn, vanish, false,
		},
	} {
		job := s.jobUID(t)
		web, store := s.witness(t, "web"), s.witness(t, "store")
		r := apply(step.change)
		web.stop()
		store.stop()
		r.Succeeds()
		impact, _ := s.Attributes(address)["impact"].([]any)
		var got []string
		for _, line := range impact {
			got = append(got, fmt.Sprint(line))
		}
		if !slices.Equal(got, step.impact) {
			t.Errorf("%s: impact is\n  %s\nand should be\n  %s", step.name, strings.Join(got, "\n  "), strings.Join(step.impact, "\n  "))
		}
		web.saw(step.name, step.web)
		store.saw(step.name, step.store)
		if runs := s.jobUID(t) != job; runs != step.runs {
			t.Errorf("%s: that the Job runs is %t", step.name, runs)
		}
	}
	s.PlansNothing()
	if got := len(s.sizes()); got != 2 {
		t.Errorf("%d volumes are left, not 2", got)
	}
}

// jobUID is that of the resource's Job.
func (s *stand) jobUID(t *testing.T) types.UID {
	t.Helper()
	job, err := s.cluster.BatchV1().Jobs(s.namespace).Get(t.Context(), s.name+"-job", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return job.UID
}

// witness looks at the pods of a component while something is applied.
type witness struct {
	*stand
	t         *testing.T
	component string
	before    map[string]corev1.Pod
	// least is the smallest number of ready pods that was seen.
	least int
	end   func()
}

func (s *stand) witness(t *testing.T, component string) *witness {
	t.Helper()
	w := &witness{stand: s, t: t, component: component, before: s.pods(component)}
	w.least = len(w.before)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	w.end = func() { cancel(); <-done }
	go func() {
		defer close(done)
		options := s.selector()
		options.LabelSelector += ",app.kubernetes.io/component=" + component
		for ctx.Err() == nil {
			if list, err := s.cluster.CoreV1().Pods(s.namespace).List(ctx, options); err == nil {
				w.least = min(w.least, Ready(list.Items))
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	return w
}

func (w *witness) stop() { w.end() }

// saw fails the test unless the pods had the given fate. "" is any.
func (w *witness) saw(step string, want fate) {
	w.t.Helper()
	var after map[string]corev1.Pod
	// The controller counts the pods that go as gone before they are marked.
	Eventually(w.t, 30*time.Second, func() string {
		after = w.pods(w.component)
		// So does the garbage collector take its time.
		if want == vanish && len(after) > 0 || want == shrink && len(after) >= len(w.before) {
			return fmt.Sprintf("%s: %d pods of %s are there", step, len(after), w.component)
		}
		if n := Ready(slices.Collect(maps.Values(after))); n != len(after) {
			return fmt.Sprintf("%s: %d of %d pods of %s are ready", step, n, len(after), w.component)
		}
		return ""
	})
	same := 0
	for _, pod := range after {
		for _, old := range w.before {
			if old.UID == pod.UID && restarts(old) == restarts(pod) {
				same++
			}
		}
	}
	n, m := len(w.before), len(after)
	fits := map[fate]bool{
		"":       true,
		goOn:     same == n && m == n && w.least == n,
		roll:     same == 0 && m == n && w.least == n,
		oneByOne: same == 0 && m == n && w.least == n-1,
		allAway:  same == 0 && m == n && w.least == 0,
		grow:     same == n && m > n && w.least == n,
		shrink:   same == m && m < n && w.least == m,
		vanish:   m == 0,
	}
	if !fits[want] {
		w.t.Errorf("%s: %d pods of %s became %d, of which %d are the same, and at least %d were ready all the time; that should be: %s",
			step, n, w.component, m, same, w.least, want)
	}
}

func restarts(pod corev1.Pod) int32 {
	n := int32(0)
	for _, s := range pod.Status.ContainerStatuses {
		n += s.RestartCount
	}
	return n
}
