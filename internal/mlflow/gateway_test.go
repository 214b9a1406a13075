package mlflow

import (
	"strings"
	"testing"
)

// TestOrigin looks at what tells whether an API key is to be sent again: all that decides its values, in a length that MLflow keeps.
func TestOrigin(t *testing.T) {
	long := strings.Repeat("é", 150)
	seen := map[string]APIKey{}
	for _, k := range []APIKey{
		{Secret: "llm"},
		{Secret: "llm", Version: new("2")},
		{Secret: "other"},
		{Secret: "llm", Keys: map[string]string{"api_key": "token"}},
		{Secret: "llm", Keys: map[string]string{"api_key": "token", "region": "region"}},
		{Secret: "llm", Version: new(long)},
		{Secret: "llm", Version: new(long + "2")},
	} {
		origin := k.origin()
		if other, there := seen[origin]; there {
			t.Errorf("%+v and %+v have the origin %q", k, other, origin)
		}
		seen[origin] = k
		if len(origin) > originLimit || strings.ToValidUTF8(origin, "") != origin {
			t.Errorf("the origin %q has %d bytes", origin, len(origin))
		}
	}
	if again := (APIKey{Secret: "llm", Version: new("1")}).origin(); again != (APIKey{Secret: "llm"}).origin() {
		t.Errorf("the default version makes %q", again)
	}
}
