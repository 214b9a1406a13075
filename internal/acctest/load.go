package acctest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// Load is a client in the cluster that asks a URL again and again, by a connection of its own each time.
type Load struct {
	t     testing.TB
	shell *Shell
	done  chan struct{}
	out   string
	err   error
}

// StartLoad begins to ask a URL from a pod of its own, ten times a second.
func (c *Cluster) StartLoad(t testing.TB, namespace, url string) *Load {
	t.Helper()
	l := &Load{t: t, shell: c.Shell(t, namespace), done: make(chan struct{})}
	l.shell.Install("httpload")
	go func() {
		defer close(l.done)
		l.out, l.err = l.shell.Run(context.Background(), nil, "/tmp/httpload", "-limit", "15m", "-pause", "100ms", "-url", url)
	}()
	return l
}

// End stops the load, and returns how often each answer came. It fails the test if a request failed, or where they were fewer than least, which
// would prove nothing. what says what happened under the load.
func (l *Load) End(what string, least int) map[string]int {
	l.t.Helper()
	if _, err := l.shell.Run(l.t.Context(), nil, "touch", "/tmp/stop"); err != nil {
		l.t.Fatal(err)
	}
	<-l.done
	var result struct {
		Requests int
		Failures []string
		Answers  map[string]int
	}
	if err := json.Unmarshal([]byte(l.out), &result); err != nil || l.err != nil {
		l.t.Fatalf("%s: the load ended with %v and printed %q", what, l.err, l.out)
	}
	l.t.Logf("%s: %d requests, %d failed", what, result.Requests, len(result.Failures))
	if len(result.Failures) > 0 {
		l.t.Errorf("%s: requests failed:\n%s", what, strings.Join(result.Failures, "\n"))
	}
	if result.Requests < least {
		l.t.Errorf("%s: %d requests prove nothing, %d are the least", what, result.Requests, least)
	}
	return result.Answers
}
