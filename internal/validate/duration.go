package validate

import (
	"fmt"
	"time"
)

// Duration validates a length of time above zero.
func Duration() Text {
	return Text{
		Allowed: `a duration such as "90s", "10m" or "1h30m"`,
		Check: func(s string) error {
			d, err := time.ParseDuration(s)
			if err != nil {
				return fmt.Errorf("%q is no duration", s)
			}
			if d <= 0 {
				return fmt.Errorf("%q is not above zero", s)
			}
			return nil
		},
		Forms: [2]string{"1m", "2m"},
	}
}
