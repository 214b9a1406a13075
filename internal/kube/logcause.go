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
	// rHalted is what R says last.
	rHalted = "Execution halted"
)

var (
	exceptionStart = regexp.MustCompile(`^(Traceback \(most recent call last\):|Exception in thread ")`)
	// rErrorStart begins what ends a program in R, where rHalted is behind it. Others write such lines too, and go on.
	rErrorStart = regexp.MustCompile(`^Error( in .*)?: ?`)
	// stackFrame is a line of a Java stack trace, which says less than its exception. R cuts long ones off.
	stackFrame = regexp.MustCompile(`^\s+(at \S+\(.*\)|\.\.\. [0-9]+ more)$|^\tat `)
	// logLine begins as only lines of a log do: with a time.
	logLine = regexp.MustCompile(`^\[?[0-9]{2,4}[-/][0-9]{2}[-/][0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}`)
)

// logCause returns the part of a log that tells why a program ended: from its last
// uncaught exception on, of Python, of Java or of R. found is false where there is none.
func logCause(log string) (cause []string, found bool) {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	halted := false
	for i, start := range slices.Backward(lines) {
		halted = halted || start == rHalted
		if begins := exceptionStart.MatchString(start) || halted && rErrorStart.MatchString(start); !begins {
			continue
		}
		for _, line := range lines[i:] {
			if logLine.MatchString(line) || line == rHalted {
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
