package spark

import "testing"

// The other schedulers than the one in the file of all that there is.
func TestBatchSchedulersGolden(t *testing.T) {
	scheduled := s3InImage()
	scheduled.BatchScheduler = &BatchScheduler{Name: "kueue", Queue: new("etl"), PriorityClass: new("night")}
	gang := minimal()
	gang.BatchScheduler = &BatchScheduler{Name: "yunikorn", Queue: new("root.etl"), Gang: new(true)}
	for name, m := range map[string]*Model{"kueue": scheduled, "yunikorn": gang} {
		t.Run(name, func(t *testing.T) {
			rendering, diags := render(m, environment())
			assertGolden(t, name+".yaml", rendering, diags, "requests", m.Requests)
		})
	}
}
