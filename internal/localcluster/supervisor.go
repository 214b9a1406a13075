//go:build linux

package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// runInit is process 1 of a node: it prepares the namespaces, keeps the
// programs of the file spec running, buries orphans, and never returns unless
// the start fails.
func runInit(spec string) error {
	// up sends a byte when it has written down who we are and laid the cable.
	// Without it nobody would find us: end.
	if _, err := io.ReadFull(os.NewFile(3, "start"), make([]byte, 1)); err != nil {
		return fmt.Errorf("up ended before the node was set up: %w", err)
	}
	data, err := os.ReadFile(spec)
	if err != nil {
		return err
	}
	var node nodeSpec
	if err := json.Unmarshal(data, &node); err != nil {
		return err
	}
	if err := prepareNode(node); err != nil {
		return err
	}
	s := &supervisor{dir: node.Dir, ended: map[int]chan syscall.WaitStatus{}}
	for _, p := range node.Programs {
		s.states = append(s.states, &programState{Name: p.Name})
	}
	listener, err := net.Listen("unix", filepath.Join(node.Dir, "node.sock"))
	if err != nil {
		return err
	}
	go s.answer(listener)

	children := make(chan os.Signal, 16)
	signal.Notify(children, syscall.SIGCHLD)
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE)
	for i, p := range node.Programs {
		go s.keep(p, s.states[i])
	}
	for range children {
		s.bury()
	}
	return nil
}

// supervisor keeps programs running.
type supervisor struct {
	dir string

	mu     sync.Mutex
	states []*programState
	ended  map[int]chan syscall.WaitStatus // by process id
}

// programState is what is known about one program.
type programState struct {
	Name string
	// Waiting is what the program waits for before it starts, or empty.
	Waiting string `json:",omitempty"`
	PID     int    `json:",omitempty"` // in the node; 0 while it does not run
	Since   time.Time
	Ends    []end `json:",omitempty"` // the latest ends, oldest first
}

// end is one end of a program.
type end struct {
	Time time.Time
	How  string
}

const (
	keptEnds     = 10
	firstPause   = 500 * time.Millisecond // before a program is started again
	longestPause = 5 * time.Second
	settledAfter = 30 * time.Second // a program that ran so long is healthy
	logLimit     = 20 << 20         // a longer log becomes NAME.log.1 at the next start
)

// keep runs a program again and again.
func (s *supervisor) keep(p program, state *programState) {
	pause := firstPause
	for {
		for _, need := range p.After {
			for !answers(need) {
				s.set(func() { state.Waiting = need })
				time.Sleep(100 * time.Millisecond)
			}
		}
		s.set(func() { state.Waiting = "" })
		begin := time.Now()
		how := s.run(p, state)
		s.set(func() {
			state.PID, state.Since = 0, time.Now()
			state.Ends = append(state.Ends, end{time.Now(), how})
			state.Ends = state.Ends[max(0, len(state.Ends)-keptEnds):]
		})
		if time.Since(begin) > settledAfter {
			pause = firstPause
		}
		time.Sleep(pause)
		pause = min(2*pause, longestPause)
	}
}

// run starts a program and waits for its end.
func (s *supervisor) run(p program, state *programState) (how string) {
	path := filepath.Join(s.dir, "log", p.Name+".log")
	if st, err := os.Stat(path); err == nil && st.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return err.Error()
		}
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err.Error()
	}
	defer log.Close() //nolint:errcheck // the program has its own
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err.Error()
	}
	defer null.Close() //nolint:errcheck // only read

	// The lock keeps bury from meeting a process that is not in ended yet.
	s.mu.Lock()
	pid, err := syscall.ForkExec(p.Args[0], p.Args, &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{"PATH=" + filepath.Dir(p.Args[0]) + ":" + systemPath, "HOME=/root"},
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	ended := make(chan syscall.WaitStatus, 1)
	if err == nil {
		s.ended[pid] = ended
		state.PID, state.Since = pid, time.Now()
	}
	s.mu.Unlock()
	if err != nil {
		how = "could not be started: " + err.Error()
	} else if status := <-ended; status.Signaled() {
		how = "was ended by signal " + status.Signal().String()
	} else {
		how = fmt.Sprintf("ended with status %d", status.ExitStatus())
	}
	fmt.Fprintf(log, "%s %s %s\n", time.Now().UTC().Format(time.RFC3339), p.Name, how)
	return how
}

// bury collects every process that ended, whoever started it.
func (s *supervisor) bury() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if ended, ok := s.ended[pid]; ok {
			ended <- status
			delete(s.ended, pid)
		}
	}
}

func (s *supervisor) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// answer tells whoever connects how the programs are.
func (s *supervisor) answer(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			time.Sleep(time.Second)
			continue
		}
		s.mu.Lock()
		data, err := json.Marshal(s.states)
		s.mu.Unlock()
		if err == nil && conn.SetDeadline(time.Now().Add(5*time.Second)) == nil {
			_, _ = conn.Write(data) // whoever asked may have gone
		}
		_ = conn.Close()
	}
}

// probe asks whether a server is ready. It sends and believes nothing secret,
// so it need not know whose certificate it meets.
var probe = http.Client{
	Timeout:   2 * time.Second,
	Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
}

// answers says whether what a program needs is there.
func answers(need string) bool {
	kind, target, _ := strings.Cut(need, ":")
	switch kind {
	case "file":
		return exists(target)
	case "https":
		resp, err := probe.Get(need)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	conn, err := net.DialTimeout(kind, target, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
