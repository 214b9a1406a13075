package validate

import (
	"strings"
	"testing"
)

func TestPythonSyntax(t *testing.T) {
	if PythonSyntax(t.Context(), "x = 1\n") != "" {
		t.Error("a program that can be read is warned of")
	}
	if message := PythonSyntax(t.Context(), "x = (1\nprint(x)\n"); message == "" {
		t.Skip("there is no python3 on PATH")
	} else if !strings.Contains(message, "line 1") && !strings.Contains(message, "line 2") {
		t.Errorf("the warning says %q", message)
	}
}
