package spark_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// yunikornQueues are one that has room for a driver with two executors, and one that has all that the nodes have.
const yunikornQueues = `
partitions:
  - name: default
    placementrules:
      - name: provided
    queues:
      - name: root
        submitacl: '*'
        queues:
          - name: etl
            resources: { max: { vcore: 500m, memory: 4Gi } }
          - name: wide
`

// TestAccSparkYuniKorn has YuniKorn find room for a driver and its executors before it starts one of them, in each run anew. A gang that the queue or the
// nodes have no room for is told of.
func TestAccSparkYuniKorn(t *testing.T) {
	acctest.Long(t)
	s := newStand(t)
	s.c.YuniKorn(t, yunikornQueues)
	// YuniKorn's placeholders do not meet the standard restricted.
	baseline := []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}`)
	if _, err := s.c.CoreV1().Namespaces().Patch(t.Context(), s.namespace, types.MergePatchType, baseline, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	gang := func(queue, executorCPU, more string) string {
		return inQueue(fmt.Sprintf(`name = "yunikorn", queue = %q, gang = true`, queue), "100m", executorCPU, more)
	}
	script := fmt.Sprintf(squares, 0)

	s.configure("etl", script, gang("root.etl", "150m", ""), "")
	var drivers []string
	for _, run := range []string{"", "# anew\n"} {
		s.WriteFile("job.py", run+script)
		s.Apply().Succeeds()
		s.PlansNothing()
		driver := s.ganged(t, "etl")
		if slices.Contains(drivers, driver) {
			t.Errorf("the changed script did not run: the driver is %s as before", driver)
		}
		drivers = append(drivers, driver)
	}
	s.noPlaceholders(t)

	// An application that was refused does not stand in the way of the next one.
	s.configure("etl", script, gang("root.etl", "600m", ""), "")
	s.WriteFile("job.py", "# too large\n"+script)
	s.Apply().Fails().Says("ApplicationRejected")
	s.configure("etl", script, gang("root.etl", "100m", ""), "")
	s.WriteFile("job.py", "# smaller\n"+script)
	s.Apply().Succeeds()
	s.PlansNothing()
	s.ganged(t, "etl")

	s.configure("etl", script, gang("root.wide", "1000", `timeouts = { create = "40s", update = "40s" }`), "")
	s.WriteFile("job.py", "# more than there is\n"+script)
	s.Apply().Fails().Says("etl", "creating placeholders")
	s.Destroy().Succeeds()
	s.noPlaceholders(t)
}

// ganged returns the name of the driver, and fails the test where YuniKorn did not find room for all pods of the application first.
func (s *stand) ganged(t *testing.T, name string) string {
	t.Helper()
	drivers, executors := s.pods(name, "driver"), s.pods(name, "executor")
	if len(drivers) != 1 || len(executors) == 0 {
		t.Fatalf("there are %d drivers and %d executors", len(drivers), len(executors))
	}
	for name, driver := range drivers {
		acctest.Eventually(t, 30*time.Second, func() string {
			events, err := s.c.CoreV1().Events(s.namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + name})
			if err != nil {
				return err.Error()
			}
			if !slices.ContainsFunc(events.Items, func(e corev1.Event) bool { return strings.Contains(e.Message, "all placeholders are allocated") }) {
				return "YuniKorn did not say that there was room for the gang of " + name
			}
			return ""
		})
		id := driver.Annotations[applicationID]
		id = strings.TrimSuffix(id, "-uniqueautogen") + "-" + string(driver.UID)
		for _, executor := range executors {
			if got := executor.Annotations[applicationID]; got != id || executor.Spec.SchedulerName != "yunikorn" {
				t.Errorf("%s belongs to the application %q and to the scheduler %s, want %s and YuniKorn", executor.Name, got, executor.Spec.SchedulerName, id)
			}
		}
		return name
	}
	return ""
}

const applicationID = "yunikorn.apache.org/app-id"

// noPlaceholders waits until YuniKorn has taken away what kept room.
func (s *stand) noPlaceholders(t *testing.T) {
	t.Helper()
	acctest.Eventually(t, time.Minute, func() string {
		list, err := s.c.CoreV1().Pods(s.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err.Error()
		}
		for _, pod := range list.Items {
			if strings.HasPrefix(pod.Name, "tg-") {
				return pod.Name + " is left of YuniKorn's placeholders"
			}
		}
		return ""
	})
}
