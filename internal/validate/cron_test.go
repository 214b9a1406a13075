package validate

import (
	"testing"
	"time"
)

func TestCron(t *testing.T) {
	for text, valid := range map[string]bool{
		"0 3 * * *": true, "*/15 8-18 * * 1-5": true, "@daily": true, "0 0 29 2 *": true, "@every 1h": true,
		"": false, "0 3 * *": false, "60 * * * *": false, "0 0 30 2 *": false, "CRON_TZ=UTC 0 3 * * *": false, "TZ=UTC 0 3 * * *": false, "@never": false, "0 3 * * * *": false,
	} {
		if err := Cron().Check(text); (err == nil) != valid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTimeZone(t *testing.T) {
	for text, valid := range map[string]bool{
		"Europe/Berlin": true, "Etc/UTC": true, "UTC": true, "": false, "Local": false, "local": false, "Mars/Olympus": false, "../etc/passwd": false,
	} {
		if err := TimeZone().Check(text); (err == nil) != valid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzCron(f *testing.F) {
	for _, text := range []string{"0 3 * * *", "@every 1h", "TZ=", "*/0 * * * *", "1-", "0 0 31 2 *"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		schedule, err := ParseCron(text)
		if err == nil && schedule.Next(time.Now()).IsZero() {
			t.Errorf("%q never comes and is allowed", text)
		}
	})
}
