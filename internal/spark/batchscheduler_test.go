package spark

import "testing"

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
