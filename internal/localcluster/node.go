//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startNode makes the namespaces of the node and starts its supervisor in them.
func (c embedded) startNode(spec nodeSpec) (pid int, err error) {
	for _, file := range []string{"node.sock", "containerd.sock"} {
		if err := os.Remove(c.path(file)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, err
		}
	}
	if err := os.MkdirAll(c.path("log"), 0o755); err != nil {
		return 0, err
	}
	if err := c.makeCgroup(); err != nil {
		return 0, err
	}
	data, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return 0, err
	}
	if err := writeWhole(c.path("node.json"), data); err != nil {
		return 0, err
	}
	// A copy of this program, because "go run" removes the one it made.
	supervisor := c.path("supervisor")
	if err := copySelf(supervisor); err != nil {
		return 0, err
	}
	log, err := os.OpenFile(c.path("log", "node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close() //nolint:errcheck // the node writes it, through its own
	ready, start, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer start.Close() //nolint:errcheck // its end is what the node waits for, if nothing else
	cmd := exec.Command(supervisor, initCommand, c.path("node.json"))
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + systemPath, "HOME=/root"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{ready}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Setsid:     true,
	}
	err = cmd.Start()
	_ = ready.Close()
	if err != nil {
		return 0, fmt.Errorf("making the node's namespaces: %w", err)
	}
	go cmd.Wait() //nolint:errcheck // so that it does not stay as a zombie
	p, _, err := processOf(cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	if err := writeWhole(c.path("node.pid"), []byte(p.String())); err != nil {
		return 0, err
	}
	if err := c.ensureNetwork(p.pid); err != nil {
		return 0, err
	}
	if _, err := start.Write([]byte{1}); err != nil {
		return 0, err
	}
	return p.pid, nil
}

// nodePID is the process id, on this machine, of the supervisor, or 0 where the
// node does not run.
func (c embedded) nodePID() int {
	pid, ending := c.supervisor()
	if ending {
		return 0
	}
	return pid
}

// supervisor is the process id of the supervisor, also while it is ending, or 0.
func (c embedded) supervisor() (pid int, ending bool) {
	data, err := os.ReadFile(c.path("node.pid"))
	if err != nil {
		return 0, false
	}
	var p process
	if _, err := fmt.Sscanf(string(data), "%d %d", &p.pid, &p.start); err != nil {
		return 0, false
	}
	now, ending, err := processOf(p.pid)
	if err != nil || now != p {
		return 0, false
	}
	return p.pid, ending
}

// states asks the supervisor how the node's programs are.
func (c embedded) states() ([]programState, error) {
	conn, err := net.DialTimeout("unix", c.path("node.sock"), 2*time.Second)
	if err != nil {
		return nil, fmt.Errorf("asking the node's supervisor: %w", err)
	}
	defer conn.Close() //nolint:errcheck // nothing is left to be sent
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return nil, err
	}
	var states []programState
	if err := json.NewDecoder(conn).Decode(&states); err != nil {
		return nil, fmt.Errorf("asking the node's supervisor: %w", err)
	}
	return states, nil
}

// process is a process that cannot be mistaken for a later one of the same id.
type process struct {
	pid   int
	start uint64 // in clock ticks since the machine started
}

func (p process) String() string { return fmt.Sprintf("%d %d\n", p.pid, p.start) }

// processOf looks up a process. One that is ending still has to wait: process 1
// of a namespace for all others in it.
func processOf(pid int) (p process, ending bool, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, false, err
	}
	// The second field is the name in parentheses and may contain anything.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 20 {
		return process{}, false, fmt.Errorf("process %d: its state is of an unknown form", pid)
	}
	// The first thread may have ended, and others not yet.
	if fields[0] == "X" || fields[0] == "Z" && fields[17] == "1" {
		return process{}, false, fmt.Errorf("process %d has ended", pid)
	}
	flags, err := strconv.ParseUint(fields[6], 10, 64)
	if err != nil {
		return process{}, false, err
	}
	const exiting = 4 // PF_EXITING
	start, err := strconv.ParseUint(fields[19], 10, 64)
	return process{pid: pid, start: start}, flags&exiting != 0, err
}

// copySelf writes this program to path, whole or not at all.
func copySelf(path string) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close() //nolint:errcheck // only read
	tmp, err := os.CreateTemp(filepath.Dir(path), ".supervisor-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // it was renamed when all went well
	_, err = io.Copy(tmp, self)
	if err := errors.Join(err, tmp.Chmod(0o755), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
