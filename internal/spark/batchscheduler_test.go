package spark

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/validate/content"
)

// The other schedulers than the one in the file of all that there is.
func TestBatchSchedulersGolden(t *testing.T) {
	scheduled := s3InImage()
	scheduled.BatchScheduler = &BatchScheduler{Name: "kueue", Queue: new("etl"), PriorityClass: new("night")}
	gang := func(scheduler, queue string) *Model {
		m := minimal()
		m.BatchScheduler = &BatchScheduler{Name: scheduler, Queue: &queue, Gang: new(true)}
		m.Driver = &Driver{GPU: &GPU{Amount: 1}}
		m.Executor = &Executor{GPU: &ExecutorGPU{GPU: GPU{Amount: 2}}}
		return m
	}
	for name, m := range map[string]*Model{"kueue": scheduled, "yunikorn": gang("yunikorn", "root.etl"), "volcano": gang("volcano", "etl")} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := render(m, environment())
			assertGolden(t, name+".yaml", rendering, diags, "requests", m.Requests)
		})
	}
}

// The id of an application is the value of a label, however long the names are.
func TestYuniKornApplicationID(t *testing.T) {
	const uid = "00000000-0000-4000-8000-000000000000"
	for _, n := range []names{
		{namespace: "data", resource: "daily"},
		{namespace: strings.Repeat("n", 63), resource: "daily"},
		{namespace: "data-of-the-whole-company", resource: strings.Repeat("r", 63)},
	} {
		a := &application{n: n}
		if wrong := content.IsLabelValue(a.yunikornPrefix() + "-" + uid); len(wrong) > 0 {
			t.Errorf("%s in %s: %v", n.resource, n.namespace, wrong)
		}
	}
}
