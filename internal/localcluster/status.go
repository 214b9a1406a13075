//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func (c embedded) status(_ context.Context, w io.Writer) error {
	profile, err := c.profile()
	if err != nil {
		return err
	}
	pid := c.nodePID()
	if pid == 0 {
		if profile == "" {
			fmt.Fprintf(w, "embedded cluster %d: not made yet\n", c.id)
		} else {
			fmt.Fprintf(w, "embedded cluster %d, profile %s: stopped; its data is in %s\n", c.id, profile, c.dir)
		}
		return nil
	}
	states, err := c.states()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "embedded cluster %d, profile %s: running; process %d holds its namespaces\n", c.id, profile, pid)
	fmt.Fprintf(w, "kubeconfig: %s\n", c.kubeconfig())
	for _, s := range states {
		fmt.Fprintln(w, s)
	}
	return c.failing()
}

func (s programState) String() string {
	line := fmt.Sprintf("  %-24s ", s.Name)
	switch {
	case s.PID != 0:
		line += fmt.Sprintf("running for %s", time.Since(s.Since).Round(time.Second))
	case s.Waiting != "":
		line += "waits for " + s.Waiting
	default:
		line += "not running"
	}
	if n := len(s.Ends); n > 0 {
		last := s.Ends[n-1]
		line += fmt.Sprintf("; it %s %s ago", last.How, time.Since(last.Time).Round(time.Second))
	}
	return line
}

func (c embedded) logFile(component string) string { return c.path("log", component+".log") }

// logs prints a component's whole log, or the last lines of each.
func (c embedded) logs(_ context.Context, component string, w io.Writer) error {
	files, err := filepath.Glob(c.logFile("*"))
	if err != nil {
		return err
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".log"))
	}
	if len(names) == 0 {
		return fmt.Errorf("cluster %d has no logs: it was not started", c.id)
	}
	if component == "" {
		for _, name := range names {
			fmt.Fprintf(w, "==> %s\n%s\n", name, c.logEnd(name, 10))
		}
		return nil
	}
	if !slices.Contains(names, component) {
		return fmt.Errorf("there is no log of %q; there are: %s", component, strings.Join(names, ", "))
	}
	f, err := os.Open(c.logFile(component))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	_, err = io.Copy(w, f)
	return err
}

// logEnd is the last lines of a component's log.
func (c embedded) logEnd(component string, lines int) string {
	f, err := os.Open(c.logFile(component))
	if errors.Is(err, os.ErrNotExist) {
		return "(empty)"
	}
	if err != nil {
		return err.Error()
	}
	defer f.Close() //nolint:errcheck // only read
	const window = 64 << 10
	if st, err := f.Stat(); err == nil && st.Size() > window {
		if _, err := f.Seek(-window, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return lastLines(string(data), lines)
}
