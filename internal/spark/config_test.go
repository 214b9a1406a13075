package spark

import (
	"maps"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestProperties(t *testing.T) {
	got := properties(map[string]string{
		"spark.b": " leading, and a \\ and\na line", "spark.a": "x=y:z #!", "spark.c": "",
	})
	want := "spark.a=x=y:z #!\nspark.b=\\ leading, and a \\\\ and\\na line\nspark.c=\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// What is written is what Java reads.
func FuzzProperties(f *testing.F) {
	f.Add("spark.a", "b", "spark.c", "d")
	f.Add("spark.a b", " \\ \t\r\n\f ", "k:=#!", "#")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		config := map[string]string{k1: v1, k2: v2}
		for key, value := range config {
			if key == "" || !utf8.ValidString(key+value) {
				t.Skip()
			}
		}
		if got := readProperties(properties(config)); !maps.Equal(got, config) {
			t.Errorf("got %q, want %q", got, config)
		}
	})
}

// readProperties reads lines without continuation as java.util.Properties does.
func readProperties(text string) map[string]string {
	const blank = " \t\f"
	out := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimLeft(line, blank)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		end, escaped := len(line), false
		for i := range len(line) {
			if !escaped && strings.ContainsRune("=:"+blank, rune(line[i])) {
				end = i
				break
			}
			escaped = !escaped && line[i] == '\\'
		}
		value := strings.TrimLeft(line[end:], blank)
		if value != "" && (value[0] == '=' || value[0] == ':') {
			value = strings.TrimLeft(value[1:], blank)
		}
		out[unescape(line[:end])] = unescape(value)
	}
	return out
}

func unescape(text string) string {
	var out strings.Builder
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			if special, ok := map[rune]rune{'n': '\n', 'r': '\r', 't': '\t', 'f': '\f'}[r]; ok {
				r = special
			}
			out.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
