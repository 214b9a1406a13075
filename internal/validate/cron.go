package validate

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // time zones are checked also where the system has no list of them

	"github.com/robfig/cron/v3"
)

// DefaultTimeZone is that of schedules that name none: without one, that of the
// cluster's controller would count.
const DefaultTimeZone = "Etc/UTC"

// Cron validates when a CronJob runs, by the rules of Kubernetes.
func Cron() Text {
	return Text{
		Allowed: `the five fields minute, hour, day of month, month and weekday, such as "0 6 * * 1-5", or @hourly, @daily, @weekly, @monthly, @yearly`,
		Check: func(s string) error {
			_, err := ParseCron(s)
			return err
		},
		Forms: [2]string{"1 1 * * *", "2 2 * * *"},
	}
}

// ParseCron reads a schedule, and refuses one that never comes.
func ParseCron(text string) (schedule cron.Schedule, err error) {
	if strings.Contains(text, "TZ") {
		return nil, errors.New("the time zone has an attribute of its own")
	}
	// The parser trusts what it is given in places.
	defer func() {
		if recover() != nil {
			schedule, err = nil, fmt.Errorf("%q cannot be read", text)
		}
	}()
	if schedule, err = cron.ParseStandard(text); err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	if schedule.Next(time.Now()).IsZero() {
		return nil, fmt.Errorf("%q never comes: no month that it names has such a day", text)
	}
	return schedule, nil
}

// TimeZone validates the name of a time zone.
func TimeZone() Text {
	return Text{
		Allowed: `the name of a time zone in the IANA database, such as "Europe/Berlin" or "Etc/UTC"`,
		Check: func(s string) error {
			if s == "" || strings.EqualFold(s, "local") {
				return fmt.Errorf("%q depends on the machine", s)
			}
			if _, err := time.LoadLocation(s); err != nil {
				return fmt.Errorf("there is no time zone %q", s)
			}
			return nil
		},
		Forms: [2]string{"Etc/UTC", "Europe/Berlin"},
	}
}
