package run

import (
	"slices"
	"testing"
	"time"
)

func TestNextRuns(t *testing.T) {
	berlin := &Schedule{Cron: "30 2 * * *", TimeZone: new("Europe/Berlin")}
	// In the night to 2026-03-29, 02:30 does not exist.
	got := berlin.nextRuns(time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC))
	if want := []string{"2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := (&Schedule{Cron: "@daily", Suspend: new(true)}).nextRuns(time.Now()); len(got) != 0 {
		t.Errorf("a suspended schedule comes at %v", got)
	}
	last := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
	hourly := &Schedule{Cron: "@hourly"}
	for after, want := range map[time.Duration]int64{30 * time.Minute: 0, 90 * time.Minute: 1, 3*time.Hour + time.Minute: 3, 24 * 365 * time.Hour: mostMissed} {
		if got := hourly.missed(last, last.Add(after)); got != want {
			t.Errorf("%s after the last run %d were missed, not %d", after, got, want)
		}
	}
}
