package kube

import (
	"slices"
	"strings"
	"testing"
)

func TestLogCause(t *testing.T) {
	for name, c := range map[string]struct {
		log  string
		want []string
	}{
		"none":  {"started\nTraceback is a word\nended\n", nil},
		"empty": {"", nil},
		"Python": {
			"started\nTraceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nValueError: no rows\nstopping\n",
			[]string{"Traceback (most recent call last):", "  File \"a.py\", line 1, in <module>", "ValueError: no rows", "stopping"},
		},
		"Java": {
			"Exception in thread \"main\" java.lang.IllegalStateException: no rows\n\tat org.example.Main.run(Main.java:7)\n\tat org.example.Main.main(Main.java:3)\nCaused by: java.io.IOException: gone\n\t... 2 more\n",
			[]string{`Exception in thread "main" java.lang.IllegalStateException: no rows`, "Caused by: java.io.IOException: gone"},
		},
		"R": {
			"started\nError in call(rows, \"count\") : \n  java.io.IOException: gone\n\tat org.example.Main.run(Main.java:7)\n\tat org.exa\nCalls: call -> stop\nExecution halted\nstopping\n",
			[]string{`Error in call(rows, "count") : `, "  java.io.IOException: gone", "Calls: call -> stop"},
		},
		"R's short form":                {"Error: no rows\nExecution halted\n", []string{"Error: no rows"}},
		"an error that R goes on after": {"Error in eval(x) : no rows\nended\n", nil},
		"a log after it":                {"Traceback (most recent call last):\nValueError: b\n26/11/25 23:59:01 INFO SparkContext: stopping\n", []string{"Traceback (most recent call last):", "ValueError: b"}},
		"the last of two":               {"Traceback (most recent call last):\nKeyError: 'a'\n\nTraceback (most recent call last):\nValueError: b\n", []string{"Traceback (most recent call last):", "ValueError: b"}},
	} {
		got, found := logCause(c.log)
		if found != (c.want != nil) || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, %t, want %q", name, got, found, c.want)
		}
	}
	long, _ := logCause("Traceback (most recent call last):\n" + strings.Repeat("  line\n", 100))
	if len(long) != causeLength {
		t.Errorf("%d lines of a long exception are shown, want %d", len(long), causeLength)
	}
}

func TestLogEnd(t *testing.T) {
	if got := logEnd("a\nb\nc\n", 2); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("got %q", got)
	}
	if got := logEnd("a\n", 2); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
}
