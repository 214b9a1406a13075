package validate

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// URL validates an absolute URL of one of the given schemes, without credentials in
// it: a URL is shown wherever it goes.
func URL(schemes ...string) Text {
	return Text{
		Allowed: "a URL such as " + schemes[0] + "://example.com, without user and password",
		Check: func(s string) error {
			u, err := url.Parse(s)
			switch {
			case err != nil:
				return fmt.Errorf("%q is no URL", s)
			case !slices.Contains(schemes, u.Scheme):
				return fmt.Errorf("%q does not begin with %s://", s, strings.Join(schemes, ":// or "))
			case u.Hostname() == "":
				return fmt.Errorf("%q has no host", s)
			case u.User != nil:
				// The text may hold a password, so it is not repeated.
				return fmt.Errorf("it holds credentials: give these in the attribute that is made for them")
			case strings.ContainsFunc(s, isSpace):
				return fmt.Errorf("%q contains white space", s)
			}
			return nil
		},
		Forms: [2]string{schemes[0] + "://standin-a.invalid", schemes[0] + "://standin-b.invalid"},
	}
}
