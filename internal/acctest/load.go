package acctest

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Load is a client in the cluster that asks a URL again and again, by a connection of its own each time.
type Load struct {
	t     testing.TB
	shell *Shell
	done  chan struct{}
	out   string
	err   error
}

// loaded is what came of a load.
type loaded struct {
	Requests int
	// Failed is how many requests failed, and Failures what the first ones said.
	Failed   int
	Failures []string
	Answers  map[string]int
	// Seconds is how long all of it took.
	Seconds float64
}

// newLoad starts a pod that a load can come from.
func (c *Cluster) newLoad(t testing.TB, namespace string) *Load {
	t.Helper()
	l := &Load{t: t, shell: c.Shell(t, namespace), done: make(chan struct{})}
	l.shell.Install("httpload")
	return l
}

// begin begins to ask.
func (l *Load) begin(flags ...string) {
	go func() {
		defer close(l.done)
		l.out, l.err = l.shell.Run(context.Background(), nil, append([]string{"/tmp/httpload"}, flags...)...)
	}()
}

// wait waits for the end of the load. It fails the test if a request failed.
func (l *Load) wait(what string) loaded {
	l.t.Helper()
	<-l.done
	var result loaded
	if err := json.Unmarshal([]byte(l.out), &result); err != nil || l.err != nil {
		l.t.Fatalf("%s: the load ended with %v and printed %q", what, l.err, l.out)
	}
	l.t.Logf("%s: %d requests, %d failed", what, result.Requests, result.Failed)
	if result.Failed > 0 {
		l.t.Errorf("%s: requests failed:\n%s", what, strings.Join(result.Failures, "\n"))
	}
	return result
}

// StartLoad begins to ask a URL from a pod of its own, ten times a second.
func (c *Cluster) StartLoad(t testing.TB, namespace, url string) *Load {
	t.Helper()
	l := c.newLoad(t, namespace)
	l.begin("-limit", "15m", "-pause", "100ms", "-url", url)
	return l
}

// End stops the load, and returns how often each answer came. It fails the test if a request failed, or where they were fewer than least, which
// would prove nothing. what says what happened under the load.
func (l *Load) End(what string, least int) map[string]int {
	l.t.Helper()
	if _, err := l.shell.Run(l.t.Context(), nil, "touch", "/tmp/stop"); err != nil {
		l.t.Fatal(err)
	}
	result := l.wait(what)
	if result.Requests < least {
		l.t.Errorf("%s: %d requests prove nothing, %d are the least", what, result.Requests, least)
	}
	return result.Answers
}

// RequestsPerSecond measures how many requests a second are answered to so many clients, each of which asks again as soon as it has its
// answer. It fails the test if a request failed.
func (c *Cluster) RequestsPerSecond(t testing.TB, namespace, url string, clients int, lasting time.Duration) float64 {
	t.Helper()
	l := c.newLoad(t, namespace)
	l.begin("-limit", lasting.String(), "-pause", "0s", "-clients", strconv.Itoa(clients), "-url", url)
	result := l.wait("a measurement")
	return float64(result.Requests) / result.Seconds
}
