package acctest

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Spilled returns the form in which a text holds a secret, "" when it does not.
func Spilled(text, secret string) string {
	for form, written := range map[string]string{"in clear": secret, "in hex": hex.EncodeToString([]byte(secret))} {
		if strings.Contains(text, written) {
			return form
		}
	}
	// Within something longer, what base64 makes of it depends on where it begins;
	// the first and the last characters depend on the neighbours too.
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			encoded := encoding.EncodeToString(append(make([]byte, before), secret...))
			if strings.Contains(text, encoded[before+min(before, 1):len(encoded)-1]) {
				return "in base64"
			}
		}
	}
	return ""
}
