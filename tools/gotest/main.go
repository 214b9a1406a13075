// Command gotest runs go test and prints what matters: a line for each package and for each test that took a while, the whole
// output of tests that failed, and each test that was skipped with its reason.
//
//	gotest [-dir DIR] [-skips FILE] [--] [arguments of go test]
//
// Its exit code is that of go test.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// slow is how long a test takes, in seconds, to be worth a line of its own.
const slow = 2

func main() {
	dir := flag.String("dir", ".", "directory to run go test in")
	skips := flag.String("skips", "", "file to append a line to for each skipped test")
	flag.Parse()

	code, err := run(*dir, *skips, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		code = 1
	}
	os.Exit(code)
}

// run returns the exit code of go test.
func run(dir, skips string, args []string) (int, error) {
	// make vet looks at tests too, and for more. To do it here as well takes minutes on a new machine.
	cmd := exec.Command("go", append([]string{"test", "-json", "-vet=off"}, args...)...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	r := &report{out: os.Stdout, output: map[string][]string{}}
	readErr := r.read(stdout)
	err = cmd.Wait()
	r.conclude()
	if skips != "" {
		if err := appendLines(skips, r.skipped); err != nil {
			return 0, err
		}
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	case err != nil:
		return 0, err
	}
	return 0, readErr
}

// event is one line of go test -json; go doc test2json describes it.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64 // seconds
}

// report turns events into lines.
type report struct {
	out     io.Writer
	output  map[string][]string // by package and test, until the test ends
	skipped []string
	passed  int
	failed  int
}

// read prints as the events come in. What is no event, such as a message of the go command, is printed as it is.
func (r *report) read(events io.Reader) error {
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(r.out, "%s", line)
			} else {
				r.handle(e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the output of go test: %w", err)
		}
	}
}

func (r *report) handle(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		if e.Test != "" || strings.HasPrefix(e.Output, "panic:") {
			r.output[key] = append(r.output[key], e.Output)
		} else if worthPrinting(e.Output) {
			fmt.Fprint(r.out, e.Output)
		}
	case "pass", "fail", "skip":
		if e.Test != "" {
			r.test(e, key)
		} else if e.Action == "fail" {
			fmt.Fprint(r.out, strings.Join(r.output[key], ""))
		}
		delete(r.output, key)
	}
}

func (r *report) test(e event, key string) {
	took := time.Duration(e.Elapsed * float64(time.Second)).Round(10 * time.Millisecond)
	switch e.Action {
	case "pass":
		r.passed++
		if e.Elapsed >= slow && !strings.Contains(e.Test, "/") {
			fmt.Fprintf(r.out, "    %s passed in %s\n", e.Test, took)
		}
	case "fail":
		r.failed++
		fmt.Fprint(r.out, strings.Join(r.output[key], ""))
	case "skip":
		r.skipped = append(r.skipped, fmt.Sprintf("%s: %s", e.Test, skipReason(r.output[key])))
	}
}

// worthPrinting leaves out the verdicts that are only there because -json implies -v, and packages without tests.
func worthPrinting(line string) bool {
	return line != "PASS\n" && line != "FAIL\n" && !strings.Contains(line, "[no test files]") && !strings.Contains(line, "[no tests to run]") &&
		!strings.HasPrefix(line, "testing: warning: no tests to run")
}

// position is what the testing package puts before a message.
var position = regexp.MustCompile(`^\s*[\w.-]+\.go:\d+: `)

// skipReason is the last message of a skipped test.
func skipReason(output []string) string {
	for i, line := range slices.Backward(output) {
		if !position.MatchString(line) {
			continue
		}
		reason := []string{position.ReplaceAllString(line, "")}
		for _, more := range output[i+1:] {
			if !strings.HasPrefix(strings.TrimSpace(more), "--- ") {
				reason = append(reason, more)
			}
		}
		return strings.Join(strings.Fields(strings.Join(reason, " ")), " ")
	}
	return "no reason given"
}

// conclude prints the totals and what was skipped.
func (r *report) conclude() {
	fmt.Fprintf(r.out, "%d tests passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	for _, s := range r.skipped {
		fmt.Fprintln(r.out, "    skipped", s)
	}
}

func appendLines(path string, lines []string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if _, err := fmt.Fprintln(f, l); err != nil {
			_ = f.Close()
			return err
		}
	}
	return f.Close()
}
