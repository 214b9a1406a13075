package acctest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// seedVariable repeats the moments of an earlier run.
const seedVariable = "ANALYTICS_TEST_SEED"

// seed returns the seed of this run, and prints it.
func seed(t *testing.T) uint64 {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d repeats this run", seedVariable, n)
	return n
}

// A blow ends an apply before it is over.
type blow struct {
	name string
	deal func(cli int) bool // false: there is nothing to be hit yet
}

var blows = []blow{
	{"SIGINT to the CLI", func(cli int) bool { return syscall.Kill(cli, syscall.SIGINT) == nil }},
	{"SIGKILL to the CLI", func(cli int) bool { return syscall.Kill(cli, syscall.SIGKILL) == nil }},
	{"SIGKILL to the provider", func(cli int) bool { return signalProviders(cli, syscall.SIGKILL) }},
	{"SIGINT to the provider", func(cli int) bool { return signalProviders(cli, syscall.SIGINT) }},
	{"SIGINT to both, as Ctrl-C sends it", func(cli int) bool { return syscall.Kill(-cli, syscall.SIGINT) == nil }},
}

// signalProviders sends a signal to the provider processes of a CLI.
func signalProviders(cli int, signal syscall.Signal) bool {
	hit := false
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// "pid (name) state ppid …"; the name is cut at 15 characters.
		before, after, found := strings.Cut(string(text), ") ")
		fields := strings.Fields(after)
		if !found || len(fields) < 2 || fields[1] != strconv.Itoa(cli) || !strings.Contains(before, "(terraform-prov") {
			continue
		}
		pid, _, _ := strings.Cut(before, " ")
		if n, err := strconv.Atoi(pid); err == nil && syscall.Kill(n, signal) == nil {
			hit = true
		}
	}
	return hit
}

// interrupted applies, and deals the blow after a while. It returns what was
// printed until the CLI ended.
func (s *stand) interrupted(b blow, after time.Duration) string {
	s.t.Helper()
	cmd := s.Command("apply", "-auto-approve", "-no-color")
	log, err := os.Create(filepath.Join(s.Dir, "interrupted.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // only read back
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	deadline := time.After(after)
	for dealt := false; ; {
		select {
		case <-ended:
			return s.ReadFile("interrupted.log")
		case <-deadline:
			if !dealt {
				dealt = b.deal(cmd.Process.Pid)
			}
			deadline = nil
			if !dealt {
				deadline = time.After(5 * time.Millisecond)
			}
		case <-time.After(2 * time.Minute):
			killGroup(cmd)
			s.t.Fatalf("the CLI did not end after the blow:\n%s", s.ReadFile("interrupted.log"))
		}
	}
}

// completes fails the test unless the next apply makes all as configured: nothing
// more and nothing less, with the credential of before.
func (s *stand) completes(part string, before string) {
	s.t.Helper()
	r := s.Apply()
	if r.ExitCode != 0 && strings.Contains(flatten(r.Output), "exists already and belongs to") {
		// The blow fell between the claim's last word and the CLI's writing of the
		// state. The diagnostic says what to do then.
		r.Says(fmt.Sprintf("Import it with the id %q", s.namespace+"/"+s.name))
		s.Import(address, s.namespace+"/"+s.name).Succeeds()
		r = s.Apply()
		s.t.Logf("%s: the state was lost at the very end; imported as told", s.name)
	}
	r.Succeeds()
	s.PlansNothing()
	s.has("ConfigMap/"+s.name+"-script", "ConfigMap/"+s.name+"-part-"+part, "Deployment/"+s.name, "Job/"+s.name+"-job", "Secret/"+s.name+"-credentials",
		"Secret/"+s.name+"-env", "Secret/"+s.claimName(), "Service/"+s.name, "ServiceAccount/"+s.name)
	after := s.credential()
	if after == "" || before != "" && after != before {
		s.t.Errorf("the credential was %q and is %q", before, after)
	}
	if phase := s.secret(s.claimName()).Annotations["terraform-provider-analytics/phase"]; phase != "applied" {
		s.t.Errorf("the claim's phase is %q", phase)
	}
}

// momentConfiguration is a configuration of two stages and a wait for each. Each
// part has other objects.
func momentConfiguration(part string) string {
	return fmt.Sprintf("job = { script = \"sleep 1; echo %s\" }\nenv = { PART = %q }\nparts = { %s = \"1\" }", part, part, part)
}

// TestAccInterruptedApplies ends applies at random moments, and the next one has
// to complete what was begun.
func TestAccInterruptedApplies(t *testing.T) {
	c := Connect(t)
	t.Parallel()
	namespace := c.Namespace(t)
	const creations, updates, chains = 15, 15, 3
	random := rand.New(rand.NewPCG(seed(t), 0))

	// How long it takes without a blow.
	whole := standIn(t, c, namespace, "whole")
	begin := time.Now()
	whole.fixture(momentConfiguration("a"))
	whole.Apply().Succeeds()
	creation := time.Since(begin)
	begin = time.Now()
	whole.fixture(momentConfiguration("b"))
	whole.Apply().Succeeds()
	update := time.Since(begin)
	t.Logf("undisturbed, a creation takes %s and an update %s", creation.Round(time.Millisecond), update.Round(time.Millisecond))

	var moments sync.Map
	when := func(whole time.Duration) time.Duration {
		return time.Duration((0.1 + 0.95*random.Float64()) * float64(whole))
	}
	for n := range creations {
		b, after := blows[n%len(blows)], when(creation)
		t.Run(fmt.Sprintf("creation %d", n), func(t *testing.T) {
			t.Parallel()
			s := standIn(t, c, namespace, fmt.Sprintf("c%d", n))
			s.fixture(momentConfiguration("a"))
			output := s.interrupted(b, after)
			before := s.credential()
			moments.Store(s.name, true)
			t.Logf("%s after %s", b.name, after.Round(time.Millisecond))
			s.fixture(momentConfiguration("b"))
			s.completes("b", before)
			if t.Failed() {
				t.Logf("the interrupted apply had said:\n%s", output)
			}
		})
	}
	for chain := range chains {
		var after [updates / chains]time.Duration
		for n := range after {
			after[n] = when(update)
		}
		t.Run(fmt.Sprintf("updates %d", chain), func(t *testing.T) {
			t.Parallel()
			s := standIn(t, c, namespace, fmt.Sprintf("u%d", chain))
			s.fixture(momentConfiguration("start"))
			s.Apply().Succeeds()
			before := s.credential()
			for n := range after {
				b := blows[(n+chain)%len(blows)]
				t.Logf("%s after %s", b.name, after[n].Round(time.Millisecond))
				s.fixture(momentConfiguration(fmt.Sprintf("x%d", n)))
				output := s.interrupted(b, after[n])
				moments.Store(fmt.Sprintf("%s-%d", s.name, n), true)
				s.fixture(momentConfiguration(fmt.Sprintf("y%d", n)))
				s.completes(fmt.Sprintf("y%d", n), before)
				if t.Failed() {
					t.Fatalf("the interrupted apply had said:\n%s", output)
				}
			}
		})
	}
	t.Cleanup(func() {
		count := 0
		moments.Range(func(any, any) bool { count++; return true })
		if !t.Failed() && count != creations+updates {
			t.Errorf("%d moments were tried, not %d", count, creations+updates)
		}
	})
}
