//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Clusters of the tests, far from the numbers that people take.
const (
	firstID  = maxID
	secondID = maxID - 1
)

// built is the path of this program, built once for all tests.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "localcluster-test-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "localcluster")
	_, err = runCommand(context.Background(), nil, "go", "build", "-o", program, ".")
	return program, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("TF_ACC") != "" {
		if program, err := built(); err == nil {
			os.RemoveAll(filepath.Dir(program))
		}
	}
	os.Exit(code)
}

// stand is a cluster that a test works with through this program, as a user does.
type stand struct {
	id      int
	program string
	cluster embedded
}

// newStand gives a test a cluster that was not made yet, and removes it in the
// end, whatever the test left of it.
func newStand(t *testing.T, id int) stand {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance test: set TF_ACC=1")
	}
	if os.Getenv("ANALYTICS_KUBECONFIG") != "" {
		t.Skip("ANALYTICS_KUBECONFIG names a cluster: none is started here")
	}
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := clusterDir(id)
	if err != nil {
		t.Fatal(err)
	}
	s := stand{id: id, program: program, cluster: embedded{id: id, dir: dir}}
	s.do(t, "down", "--purge") // of an earlier run that was killed
	t.Cleanup(func() {
		if t.Failed() {
			logs, _, _ := s.run(context.Background(), nil, "logs")
			t.Logf("the ends of the logs:\n%s", logs)
		}
		if _, stderr, err := s.run(context.Background(), nil, "down", "--purge"); err != nil {
			t.Errorf("down --purge: %v\n%s", err, stderr)
		}
	})
	return s
}

// needEmbedded skips what is about the embedded cluster where there is another.
func needEmbedded(t *testing.T) {
	t.Helper()
	if dockerWorks(t.Context()) {
		t.Skip("Docker works, so the local cluster is kind's, not the embedded one")
	}
}

func (s stand) run(ctx context.Context, stdin []byte, args ...string) (stdout, stderr string, err error) {
	cmd := s.command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func (s stand) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Env = append(os.Environ(), "ANALYTICS_CLUSTER_ID="+strconv.Itoa(s.id), "ANALYTICS_CLUSTER_PROFILE=")
	return cmd
}

// do runs a command that must succeed, and gives its standard output.
func (s stand) do(t *testing.T, args ...string) string {
	t.Helper()
	return s.feed(t, nil, args...)
}

func (s stand) feed(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	stdout, stderr, err := s.run(t.Context(), stdin, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, stdout, stderr)
	}
	if args[0] == "up" {
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		t.Log(lines[len(lines)-1])
	}
	return stdout
}

func (s stand) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return s.do(t, append([]string{"kubectl"}, args...)...)
}

func (s stand) apply(t *testing.T, file string) {
	t.Helper()
	s.kubectl(t, "apply", "--server-side", "-f", filepath.Join("testdata", file))
}

// eventually waits until there is no error.
func eventually(t *testing.T, within time.Duration, try func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %v", within, err)
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// says waits until kubectl prints what it should.
func (s stand) says(t *testing.T, within time.Duration, want string, args ...string) {
	t.Helper()
	eventually(t, within, func() error {
		out, stderr, err := s.run(t.Context(), nil, append([]string{"kubectl"}, args...)...)
		if err == nil && strings.TrimSpace(out) != want {
			err = fmt.Errorf("%s: %q, not %q", strings.Join(args, " "), out, want)
		}
		if err != nil {
			return fmt.Errorf("%w%s", err, stderr)
		}
		return nil
	})
}
