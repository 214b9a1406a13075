//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestAccCluster makes the cluster that people get, uses it, ends what it is
// made of, and removes it.
func TestAccCluster(t *testing.T) {
	s := newStand(t, firstID)
	before := look(t)
	s.do(t, "up")
	s.start(t)
	isKind := dockerWorks(t.Context())
	t.Run("use", func(t *testing.T) { s.use(t, !isKind) })
	if isKind {
		t.Skip("Docker works, so the local cluster is kind's: how the embedded one starts and ends is not tested")
	}
	t.Run("up again", s.upAgain)
	t.Run("program killed", s.killKubelet)
	t.Run("supervisor killed", s.killSupervisor)
	t.Run("at length", func(t *testing.T) {
		short(t)
		t.Run("every program killed", s.killEach)
		t.Run("everything killed", s.killEverything)
		t.Run("stopped and started", s.stopAndStart)
		t.Run("autoscale", s.autoscale)
	})
	t.Run("removed", func(t *testing.T) {
		processes := nodeProcesses(t, s.cluster.nodePID())
		loops := loopDevices(s.cluster.nodePID())
		if len(processes) < 20 || len(loops) != 1 {
			t.Errorf("the node has %d processes and the loop devices %v: this looks at the wrong place", len(processes), loops)
		}
		if during := look(t); len(during["control groups"]) == 0 || slices.Equal(during["interfaces"], before["interfaces"]) {
			t.Errorf("the cluster is not seen among %v", during)
		}
		s.do(t, "down", "--purge")
		for _, p := range processes {
			if now, _, err := processOf(p.pid); err == nil && now == p {
				t.Errorf("process %d is alive: %s", p.pid, read(t, fmt.Sprintf("/proc/%d/cmdline", p.pid)))
			}
		}
		for device, file := range loops {
			if backingFile(device) == file {
				t.Errorf("%s still has %s", device, file)
			}
		}
		if exists(s.cluster.dir) {
			t.Errorf("%s is still there", s.cluster.dir)
		}
		look(t).sameAs(t, before)
	})
}

// short skips what takes minutes.
func short(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes minutes: make cluster-test does it")
	}
}

// programs is the process of each of the node's programs.
func (s stand) programs(t *testing.T) map[string]int {
	t.Helper()
	states, err := s.cluster.states()
	if err != nil {
		t.Fatal(err)
	}
	pids := map[string]int{}
	for _, state := range states {
		pids[state.Name] = state.PID
	}
	return pids
}

// starts tells pods, and the starts of their containers, apart.
func (s stand) starts(t *testing.T) string {
	t.Helper()
	return s.kubectl(t, "get", "pods", "--all-namespaces", "--sort-by=.metadata.uid",
		"--output=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.status.containerStatuses[*].restartCount}{\"\\n\"}{end}")
}

func (s stand) serves(t *testing.T) {
	t.Helper()
	eventually(t, 90*time.Second, func() error {
		got, err := s.fetch(t.Context(), "friend")
		if err == nil && got != "hello\n" {
			err = fmt.Errorf("got %q", got)
		}
		return err
	})
}

func (s stand) upAgain(t *testing.T) {
	t.Helper()
	supervisor, programs, starts := s.cluster.nodePID(), s.programs(t), s.starts(t)
	var group sync.WaitGroup
	for range 2 { // also two at the same time
		group.Go(func() {
			if out, stderr, err := s.run(t.Context(), nil, "up"); err != nil || out != s.cluster.kubeconfig()+"\n" {
				t.Errorf("got %q, %v\n%s", out, err, stderr)
			}
		})
	}
	group.Wait()
	if s.cluster.nodePID() != supervisor || !maps.Equal(s.programs(t), programs) {
		t.Errorf("what ran was started again: %d %v, then %d %v", supervisor, programs, s.cluster.nodePID(), s.programs(t))
	}
	if now := s.starts(t); now != starts {
		t.Errorf("pods were\n%sand are\n%s", starts, now)
	}
	if out, stderr, err := s.run(t.Context(), nil, "load", busyboxImage); err != nil || strings.Contains(stderr, "loaded") {
		t.Errorf("an image that is there is loaded again: %s%s%v", out, stderr, err)
	}
}

// kill ends one program: status says so, it comes back, and no pod notices.
func (s stand) kill(t *testing.T, name string) {
	t.Helper()
	starts := s.starts(t)
	pid := s.programs(t)[name]
	if err := syscall.Kill(onMachine(t, s.cluster.nodePID(), pid), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, func() error {
		if now := s.programs(t)[name]; now == 0 || now == pid {
			return fmt.Errorf("%s is process %d, before it was %d", name, now, pid)
		}
		return nil
	})
	if out := s.do(t, "status"); !regexp.MustCompile(`(?m)^  ` + name + ` .*; it was ended by signal killed \d+s ago$`).MatchString(out) {
		t.Errorf("status does not name %s:\n%s", name, out)
	}
	if out := s.do(t, "logs", name); !strings.HasSuffix(out, "killed\n") && !strings.Contains(out, name+" was ended by signal killed\n") {
		t.Errorf("the log of %s does not say how it ended:\n%s", name, lastLines(out, 5))
	}
	s.do(t, "up")
	if now := s.starts(t); now != starts {
		t.Errorf("pods were\n%sand are\n%s", starts, now)
	}
}

func (s stand) killKubelet(t *testing.T) {
	t.Helper()
	s.kill(t, "kubelet")
}

func (s stand) killEach(t *testing.T) {
	t.Helper()
	for name := range s.programs(t) {
		t.Run(name, func(t *testing.T) { s.kill(t, name) })
	}
	s.serves(t)
}

func (s stand) killSupervisor(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(s.cluster.nodePID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if out := s.do(t, "status"); !strings.Contains(out, "stopped") {
		t.Errorf("status says:\n%s", out)
	}
	s.do(t, "up")
	s.serves(t)
}

func (s stand) killEverything(t *testing.T) {
	t.Helper()
	processes := nodeProcesses(t, s.cluster.nodePID())
	slices.Reverse(processes) // the supervisor last
	for _, p := range processes {
		if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
	s.do(t, "up")
	s.serves(t)
}

func (s stand) stopAndStart(t *testing.T) {
	t.Helper()
	s.do(t, "down")
	s.do(t, "down")
	if _, stderr, err := s.run(t.Context(), nil, "load", busyboxImage); err == nil || !strings.Contains(stderr, "start it with up") {
		t.Errorf("loading into a cluster that is stopped: %v %s", err, stderr)
	}
	s.do(t, "up")
	s.serves(t)
}

// TestAccInterrupted ends up at random moments: the next one completes what it
// began, and down removes whatever there is.
func TestAccInterrupted(t *testing.T) {
	short(t)
	s := newStand(t, firstID)
	needEmbedded(t)
	before := look(t)
	for i := range 12 {
		signal := syscall.SIGKILL
		if i%3 == 2 {
			signal = syscall.SIGTERM
		}
		cmd := s.command(context.WithoutCancel(t.Context()), "up", "--profile", profileAPI)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		delay := rand.N(300 * time.Millisecond)
		if i > 6 {
			delay = rand.N(8 * time.Second)
		}
		time.Sleep(delay)
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		t.Logf("up ended after %s: %v", delay, err)
		if i%4 == 3 {
			s.do(t, "down")
			look(t).sameAs(t, before)
		}
	}
	s.do(t, "up", "--profile", profileAPI)
	s.do(t, "down", "--purge")
	look(t).sameAs(t, before)
}

// TestAccNamesWhatFails breaks a program: up says which one it is, and why.
func TestAccNamesWhatFails(t *testing.T) {
	short(t)
	s := newStand(t, firstID)
	needEmbedded(t)
	before := look(t)
	s.do(t, "up", "--profile", profileAPI)
	s.do(t, "down")
	key := s.cluster.path("pki", "sa.pub")
	good := read(t, key)
	if err := os.WriteFile(key, []byte("no key at all"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stderr, err := s.run(t.Context(), nil, "up")
	for _, want := range []string{"kube-apiserver keeps ending: it ended with status 1", s.cluster.logFile("kube-apiserver"), "sa.pub"} {
		if err == nil || !strings.Contains(stderr, want) {
			t.Errorf("up does not say %q:\n%s", want, stderr)
		}
	}
	if out, stderr, err := s.run(t.Context(), nil, "status"); err == nil || !strings.Contains(stderr, "kube-apiserver keeps ending") {
		t.Errorf("status: %v\n%s%s", err, out, stderr)
	}
	if err := os.WriteFile(key, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, func() error { // what ended too often within a minute is given up
		_, stderr, err := s.run(t.Context(), nil, "up")
		if err != nil {
			return fmt.Errorf("%w: %s", err, stderr)
		}
		return nil
	})
	s.do(t, "down", "--purge")
	look(t).sameAs(t, before)
}

// TestAccTwoAtOnce starts two clusters side by side, without kubelets.
func TestAccTwoAtOnce(t *testing.T) {
	short(t)
	first, second := newStand(t, firstID), newStand(t, secondID)
	needEmbedded(t)
	before := look(t)
	var group sync.WaitGroup
	for _, s := range []stand{first, second} {
		group.Go(func() {
			if _, stderr, err := s.run(t.Context(), nil, "up", "--profile", profileAPI); err != nil {
				t.Errorf("%d: %v\n%s", s.id, err, stderr)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	if _, stderr, err := first.run(t.Context(), nil, "up", "--profile", profileNode); err == nil || !strings.Contains(stderr, `was made with the profile "api"`) {
		t.Errorf("another profile: %v %s", err, stderr)
	}
	stranger := first.command(t.Context(), "down", "--purge")
	stranger.Env = append(stranger.Env, "ANALYTICS_CACHE="+t.TempDir())
	if out, err := stranger.CombinedOutput(); err == nil || !strings.Contains(string(out), "runs from "+first.cluster.dir) {
		t.Errorf("down from another cache: %v %s", err, out)
	}
	first.apply(t, "scale.yaml")
	first.says(t, time.Minute, "20", "get", "statefulset", "many", "--output=jsonpath={.status.readyReplicas}")
	first.kubectl(t, "patch", "pvc", "data-many-7", "--patch", `{"spec": {"resources": {"requests": {"storage": "2Gi"}}}}`)
	first.says(t, time.Minute, "2Gi", "get", "pvc", "data-many-7", "--output=jsonpath={.status.capacity.storage}")
	if out := second.kubectl(t, "get", "statefulsets", "--all-namespaces", "--output=name"); out != "" {
		t.Errorf("the second cluster has %s", out)
	}
	first.do(t, "down", "--purge")
	if out := second.kubectl(t, "get", "nodes", "--output=name"); out != "node/"+kwokNode+"\n" {
		t.Errorf("the second cluster has the nodes %q", out)
	}
	second.do(t, "down", "--purge")
	look(t).sameAs(t, before)
}
