// Command suite runs the targets of make test one after the other, all of them also when one fails, and ends with a table of what
// passed, what was skipped and why, and how long each took.
//
//	suite TARGET...
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(1)
	}
}

// result is what came of one target.
type result struct {
	target, outcome string
	// notes say what the target ran.
	notes []string
	took  time.Duration
}

func run(targets []string) error {
	dir, err := os.MkdirTemp("", "suite")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	var results []result
	var skips []string
	failed := false
	for _, target := range targets {
		fmt.Printf("\n== %s\n", target)
		skipped, noted := filepath.Join(dir, "skips"), filepath.Join(dir, "notes")
		start := time.Now()
		err := runTarget(target, skipped, noted)
		r := result{target: target, outcome: "passed", took: time.Since(start).Round(time.Second)}
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit):
			r.outcome, failed = "FAILED", true
		case err != nil:
			return err
		}
		lines, err := takeLines(skipped)
		if err != nil {
			return err
		}
		if r.notes, err = takeLines(noted); err != nil {
			return err
		}
		if r.outcome == "passed" && len(lines) > 0 {
			r.outcome = fmt.Sprintf("passed, %d skipped", len(lines))
		}
		for _, l := range lines {
			skips = append(skips, target+": "+l)
		}
		results = append(results, r)
	}
	summarize(results, skips)
	if failed {
		return errors.New("not everything passed")
	}
	return nil
}

// runTarget runs one target of the makefile. Tests that it skips, and what it has to say about those that it ran, are listed in the
// files.
func runTarget(target, skips, notes string) error {
	name := os.Getenv("MAKE")
	if name == "" {
		name = "make"
	}
	cmd := exec.Command(name, "--no-print-directory", "SKIPS="+skips, "NOTES="+notes, target)
	cmd.Dir = ".."
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// takeLines returns the lines of a file and removes it. A file that does not exist has none.
func takeLines(path string) ([]string, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(string(content), "\n"), func(l string) bool { return l == "" }), nil
}

func summarize(results []result, skips []string) {
	fmt.Println("\n== Summary")
	var total time.Duration
	for _, r := range results {
		total += r.took
		fmt.Printf("%-22s %8s  %s\n", r.target, r.took, strings.Join(append([]string{r.outcome}, r.notes...), "; "))
	}
	fmt.Printf("%-22s %8s\n", "total", total)
	if len(skips) == 0 {
		fmt.Println("Nothing was skipped.")
		return
	}
	fmt.Println("Skipped:")
	for _, s := range skips {
		fmt.Println("  " + s)
	}
}
