package script

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

// maxCode is what a ConfigMap may hold, in bytes.
const maxCode = 1 << 20

func codeSize() validate.Text {
	return validate.Text{
		Allowed: "a program of at most 1 MiB",
		Check: func(s string) error {
			if len(s) > maxCode {
				return fmt.Errorf("it has %d bytes. Put it into an image, or let it fetch what is large", len(s))
			}
			if strings.TrimSpace(s) == "" {
				return fmt.Errorf("it is empty")
			}
			return nil
		},
		Forms: [2]string{"standin = 'a'", "standin = 'b'"},
	}
}

// pythonSyntax warns of Python that cannot be read, where a Python is at hand that
// can tell. It may be of another version than the one of the pods, so it is no error.
type pythonSyntax struct{}

var _ validator.String = pythonSyntax{}

// Description says what is looked at.
func (pythonSyntax) Description(context.Context) string {
	return "Python's syntax is checked where python3 is on PATH"
}

// MarkdownDescription says what is looked at.
func (v pythonSyntax) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString warns of a program that Python cannot read.
func (pythonSyntax) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	code := req.ConfigValue.ValueString()
	if isExecutable(code) || len(code) > maxCode {
		return
	}
	if message := syntaxError(ctx, code); message != "" {
		resp.Diagnostics.AddAttributeWarning(req.Path, "Python cannot read the script", message+"\n\npython3 on this machine says so; that of the pods may be of another version.")
	}
}

const (
	syntaxLimit = 5 * time.Second
	// compileInput exits with 3 for a syntax error, and with nothing else of its own.
	compileInput = "import sys\ntry:\n  compile(sys.stdin.buffer.read(), 'main.py', 'exec', dont_inherit=True)\n" +
		"except (SyntaxError, ValueError) as e:\n  print('line %s: %s' % (getattr(e, 'lineno', '?'), getattr(e, 'msg', e)))\n  sys.exit(3)\n"
)

// syntaxErrors has what was found of each program: the CLI asks several times.
var syntaxErrors sync.Map

// syntaxError is what python3 says of a program, "" where it says nothing or there is
// none.
func syntaxError(ctx context.Context, code string) string {
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
