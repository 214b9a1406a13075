package run

import (
	"time"

	"github.com/robfig/cron/v3"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// shownRuns is how many of the next runs are shown.
const shownRuns = 3

// times gives the schedule and its time zone; nil where one is not valid, or is a
// stand-in.
func (s *Schedule) times() (cron.Schedule, *time.Location) {
	location, err := time.LoadLocation(ptr.Deref(s.TimeZone, validate.DefaultTimeZone))
	if err != nil {
		return nil, nil
	}
	schedule, err := validate.ParseCron(s.Cron)
	if err != nil {
		return nil, nil
	}
	return schedule, location
}

// nextRuns are the next runs after a moment.
func (s *Schedule) nextRuns(after time.Time) []string {
	schedule, location := s.times()
	if schedule == nil || ptr.Deref(s.Suspend, false) {
		return []string{}
	}
	out := []string{}
	for at := after.In(location); len(out) < shownRuns; {
		if at = schedule.Next(at); at.IsZero() {
			break
		}
		out = append(out, at.Format(time.RFC3339))
	}
	return out
}

// mostMissed is how many missed runs are counted.
const mostMissed = 100

// missed counts the runs that were due between the last one and now.
func (s *Schedule) missed(last, now time.Time) int64 {
	schedule, location := s.times()
	if schedule == nil || ptr.Deref(s.Suspend, false) {
		return 0
	}
	var n int64
	for at := schedule.Next(last.In(location)); !at.IsZero() && at.Before(now) && n < mostMissed; at = schedule.Next(at) {
		n++
	}
	return n
}
