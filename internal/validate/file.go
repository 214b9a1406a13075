package validate

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// MountPath validates where a volume is mounted: an absolute path in its shortest
// form.
func MountPath() Text {
	return Text{
		Allowed: `an absolute path such as "/data", without ".", "..", ":" or a slash at its end`,
		Check: func(s string) error {
			switch {
			case !path.IsAbs(s):
				return fmt.Errorf("%q does not begin with a slash", s)
			case s == "/":
				return fmt.Errorf("a volume at / would hide the whole image")
			case strings.ContainsAny(s, ":\x00"):
				return fmt.Errorf("%q contains a character that a mount path cannot have", s)
			case path.Clean(s) != s:
				return fmt.Errorf("%q is not in its shortest form, which is %q", s, path.Clean(s))
			}
			return nil
		},
		Forms: [2]string{"/standin-a", "/standin-b"},
	}
}

// RelativePath validates a path within a volume.
func RelativePath() Text {
	return Text{
		Allowed: `a path within the volume such as "jobs/daily", without ".." or a slash at its beginning`,
		Check: func(s string) error {
			switch {
			case s == "":
				return fmt.Errorf("it is empty")
			case path.IsAbs(s):
				return fmt.Errorf("%q begins with a slash", s)
			case path.Clean(s) != s || s == "." || s == ".." || strings.HasPrefix(s, "../"):
				return fmt.Errorf("%q is not in its shortest form, or leaves the volume", s)
			case strings.ContainsAny(s, ":\x00"):
				return fmt.Errorf("%q contains a character that the path cannot have", s)
			}
			return nil
		},
		Forms: [2]string{"standin-a", "standin-b"},
	}
}

var fileMode = regexp.MustCompile(`^0[0-7]{3}$`)

// FileMode validates permissions in octal notation.
func FileMode() Text {
	return Text{
		Allowed: `permissions as four octal digits beginning with 0, such as "0440"`,
		Check: func(s string) error {
			if !fileMode.MatchString(s) {
				return fmt.Errorf("%q is not", s)
			}
			return nil
		},
		Forms: [2]string{"0400", "0440"},
	}
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == 0 }
