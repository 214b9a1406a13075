package kube

import (
	"regexp"
	"slices"
	"strings"
)

const (
	// causeTail is how much of a log is searched for an exception, and causeLength how
	// much is shown from it on, in lines.
	causeTail   = 400
	causeLength = 30
)

var (
	exceptionStart = regexp.MustCompile(`^(Traceback \(most recent call last\):|Exception in thread ")`)
	// stackFrame is a line of a Java stack trace, which says less than its exception.
	stackFrame = regexp.MustCompile(`^\s+(at \S+\(.*\)|\.\.\. [0-9]+ more)$`)
	// logLine begins as only lines of a log do: with a time.
	logLine = regexp.MustCompile(`^\[?[0-9]{2,4}[-/][0-9]{2}[-/][0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}`)
)

// logCause returns the part of a log that tells why a program ended: from its last
// uncaught exception on, of Python or of Java. found is false where there is none.
func logCause(log string) (cause []string, found bool) {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	for i, start := range slices.Backward(lines) {
		if !exceptionStart.MatchString(start) {
			continue
		}
		for _, line := range lines[i:] {
			if logLine.MatchString(line) {
				break
			}
			if !stackFrame.MatchString(line) {
				cause = append(cause, line)
			}
		}
		return cause[:min(len(cause), causeLength)], true
	}
	return nil, false
}

// logEnd is the end of a log, as many lines as are asked for.
func logEnd(log string, count int) []string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	return lines[max(0, len(lines)-count):]
}
