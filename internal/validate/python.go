package validate

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	syntaxLimit = 5 * time.Second
	// compileInput exits with 3 for a syntax error, and with nothing else of its own.
	compileInput = "import sys\ntry:\n  compile(sys.stdin.buffer.read(), 'main.py', 'exec', dont_inherit=True)\n" +
		"except (SyntaxError, ValueError) as e:\n  print('line %s: %s' % (getattr(e, 'lineno', '?'), getattr(e, 'msg', e)))\n  sys.exit(3)\n"
)

// OtherPython ends a warning about what PythonSyntax found.
const OtherPython = "python3 on this machine says so; that of the pods may be of another version."

// syntaxErrors has what was found of each program: the CLI asks several times.
var syntaxErrors sync.Map

// PythonSyntax is what python3 says of the syntax of a program, "" where it says
// nothing or there is no python3 on PATH. That of the pods may be of another version, so
// what it says is no error.
func PythonSyntax(ctx context.Context, code string) string {
	if known, ok := syntaxErrors.Load(code); ok {
		return known.(string) //nolint:forcetypeassert // nothing else is stored
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, syntaxLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "-I", "-S", "-c", compileInput)
	cmd.Stdin = strings.NewReader(code)
	out, err := cmd.Output()
	message := ""
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 3 && err != nil {
		message = strings.TrimSpace(string(out))
	}
	syntaxErrors.Store(code, message)
	return message
}
