package acctest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/provider"
)

// Address is the provider's address in configurations.
const Address = provider.Address

// commandTimeout is how long a command may take where the test does not say.
const commandTimeout = 5 * time.Minute

// Workspace is a folder with a configuration and a state, in which the CLI runs
// with the provider as a process of its own.
type Workspace struct {
	t   testing.TB
	Dir string
	// Env is added to the CLI's environment.
	Env []string
	// Timeout is how long a command may take.
	Timeout time.Duration
	// CLI is the path of the terraform or tofu that runs; "" is the CLI under test.
	CLI string
}

// NewWorkspace makes an empty one.
func NewWorkspace(t testing.TB) *Workspace {
	t.Helper()
	w := &Workspace{t: t, Dir: t.TempDir(), Timeout: commandTimeout}
	// OpenTofu completes the addresses of examples with a registry of its own.
	bin := filepath.Dir(ProviderBinary(t))
	config := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n    %q = %q\n  }\n  direct {}\n}\n",
		Address, bin, strings.Replace(Address, "registry.terraform.io", "registry.opentofu.org", 1), bin)
	w.WriteFile("cli.tfrc", config)
	return w
}

// WriteFile writes a file of the workspace.
func (w *Workspace) WriteFile(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, name), []byte(content), 0o600); err != nil { //nolint:gosec // a file of the test
		w.t.Fatal(err)
	}
}

// Copy copies the files of a folder, such as those of an example, into a folder of
// the workspace.
func (w *Workspace) Copy(from, to string) {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(from, "*"))
	if err != nil || len(files) == 0 {
		w.t.Fatalf("%s has no files (%v)", from, err)
	}
	if err := os.MkdirAll(filepath.Join(w.Dir, to), 0o700); err != nil {
		w.t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		w.WriteFile(filepath.Join(to, filepath.Base(file)), string(content))
	}
}

// ReadFile reads a file of the workspace, for instance terraform.tfstate.
func (w *Workspace) ReadFile(name string) string {
	w.t.Helper()
	content, err := os.ReadFile(filepath.Join(w.Dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(content)
}

// Configure writes the configuration: the given text after the block that says
// where the provider comes from.
func (w *Workspace) Configure(format string, args ...any) {
	w.t.Helper()
	w.WriteFile("main.tf", fmt.Sprintf("terraform {\n  required_providers {\n    analytics = {\n      source = %q\n    }\n  }\n}\n\n", Address)+
		fmt.Sprintf(format, args...))
}

// Result is the end of a command.
type Result struct {
	t        testing.TB
	command  string
	ExitCode int
	Stdout   string
	// Output is all that was printed, without colours.
	Output string
}

// Command returns the CLI, ready to start. It leads a process group, which the
// end of the test ends: the provider is in it too.
func (w *Workspace) Command(args ...string) *exec.Cmd {
	w.t.Helper()
	path := w.CLI
	if path == "" {
		path = cliPath(w.t)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = w.Dir
	cmd.Env = append(cleanEnvironment(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.Dir, "cli.tfrc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	cmd.Env = append(cmd.Env, w.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	w.t.Cleanup(func() { killGroup(cmd) })
	return cmd
}

// killGroup ends whatever is left of a command.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// Run runs the CLI to its end.
func (w *Workspace) Run(args ...string) *Result {
	w.t.Helper()
	cmd := w.Command(args...)
	var stdout, all bytes.Buffer
	var mu sync.Mutex
	cmd.Stdout = lockedWriter{&mu, []*bytes.Buffer{&stdout, &all}}
	cmd.Stderr = lockedWriter{&mu, []*bytes.Buffer{&all}}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	timer := time.AfterFunc(w.Timeout, func() { killGroup(cmd) })
	err := cmd.Wait()
	if !timer.Stop() {
		w.t.Errorf("%s took longer than %s", strings.Join(args, " "), w.Timeout)
	}
	r := &Result{t: w.t, command: strings.Join(args, " "), Stdout: stdout.String(), Output: all.String()}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		r.ExitCode = exit.ExitCode()
	} else if err != nil {
		w.t.Fatal(err)
	}
	return r
}

type lockedWriter struct {
	mu *sync.Mutex
	to []*bytes.Buffer
}

// Write implements io.Writer.
func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.to {
		b.Write(p)
	}
	return len(p), nil
}

// Succeeds fails the test unless the command did well.
func (r *Result) Succeeds() *Result {
	r.t.Helper()
	if r.ExitCode != 0 {
		r.t.Fatalf("%s: exit code %d\n%s", r.command, r.ExitCode, r.Output)
	}
	return r
}

// Fails fails the test unless the command failed.
func (r *Result) Fails() *Result {
	r.t.Helper()
	if r.ExitCode == 0 {
		r.t.Fatalf("%s succeeded, which it must not\n%s", r.command, r.Output)
	}
	return r
}

// Says fails the test unless the output has all of these texts. Line breaks and
// the frames of diagnostics count as spaces.
func (r *Result) Says(texts ...string) *Result {
	r.t.Helper()
	flat := flatten(r.Output)
	for _, text := range texts {
		if !strings.Contains(flat, flatten(text)) {
			r.t.Fatalf("%s does not say %q:\n%s", r.command, text, r.Output)
		}
	}
	return r
}

// SaysNot fails the test if the output has one of these texts.
func (r *Result) SaysNot(texts ...string) *Result {
	r.t.Helper()
	flat := flatten(r.Output)
	for _, text := range texts {
		if strings.Contains(flat, flatten(text)) {
			r.t.Fatalf("%s says %q:\n%s", r.command, text, r.Output)
		}
	}
	return r
}

// flatten undoes the line breaks and frames that the CLI gives its messages.
func flatten(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(text)), " ")
}

// Apply applies the configuration.
func (w *Workspace) Apply(args ...string) *Result {
	w.t.Helper()
	return w.Run(append([]string{"apply", "-auto-approve", "-no-color"}, args...)...)
}

// Destroy destroys all that is in the state.
func (w *Workspace) Destroy(args ...string) *Result {
	w.t.Helper()
	return w.Run(append([]string{"destroy", "-auto-approve", "-no-color"}, args...)...)
}

// Import imports a resource into the state.
func (w *Workspace) Import(address, id string) *Result {
	w.t.Helper()
	return w.Run("import", "-no-color", address, id)
}

// Plan plans. With -detailed-exitcode, the exit code of a plan with changes is 2.
func (w *Workspace) Plan(args ...string) *Result {
	w.t.Helper()
	return w.Run(append([]string{"plan", "-no-color"}, args...)...)
}

// PlansNothing fails the test unless a plan is empty.
func (w *Workspace) PlansNothing(args ...string) *Result {
	w.t.Helper()
	r := w.Plan(append([]string{"-detailed-exitcode"}, args...)...)
	if r.ExitCode != 0 {
		w.t.Fatalf("the plan should be empty and is not (exit code %d):\n%s", r.ExitCode, r.Output)
	}
	return r
}

// PlanFile plans into the file "plan" and returns the plan as data.
func (w *Workspace) PlanFile(args ...string) (*tfjson.Plan, *Result) {
	w.t.Helper()
	r := w.Plan(append([]string{"-out=plan"}, args...)...).Succeeds()
	shown := w.Run("show", "-json", "plan").Succeeds()
	var plan tfjson.Plan
	if err := json.Unmarshal([]byte(shown.Stdout), &plan); err != nil {
		w.t.Fatal(err)
	}
	return &plan, r
}

// State returns the state as data.
func (w *Workspace) State() *tfjson.State {
	w.t.Helper()
	shown := w.Run("show", "-json").Succeeds()
	var state tfjson.State
	if err := json.Unmarshal([]byte(shown.Stdout), &state); err != nil {
		w.t.Fatal(err)
	}
	return &state
}

// Attributes returns the attributes of a resource in the state, nil when it is
// not there.
func (w *Workspace) Attributes(address string) map[string]any {
	w.t.Helper()
	state := w.State()
	if state.Values == nil {
		return nil
	}
	for _, r := range state.Values.RootModule.Resources {
		if r.Address == address {
			return r.AttributeValues
		}
	}
	return nil
}

// cleanEnvironment is this process's, without what would change what the CLI does
// or lead the provider to another cluster.
func cleanEnvironment() []string {
	var out []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "TF_") || strings.HasPrefix(name, "KUBE") || name == RenderingVariable {
			continue
		}
		out = append(out, entry)
	}
	return out
}

// build is the one build of the provider under test for all tests of a package.
var build struct {
	once sync.Once
	dir  string
	err  error
}

// ProviderBinary builds the provider under test, once for all tests of a package, and returns its path.
func ProviderBinary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		if build.dir, build.err = os.MkdirTemp("", "analytics-acctest-"); build.err != nil { //nolint:usetesting // it outlives the first test
			return
		}
		const command = "github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest/cmd/terraform-provider-analytics"
		if out, err := exec.Command("go", "build", "-o", build.dir, command).CombinedOutput(); err != nil {
			build.err = fmt.Errorf("the provider cannot be built: %w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return filepath.Join(build.dir, "terraform-provider-analytics")
}

// Main runs the tests of a package in a clean environment, and removes the
// provider that was built for them. Call it from TestMain.
func Main(m *testing.M) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "TF_CLI") || strings.HasPrefix(name, "KUBE") {
			_ = os.Unsetenv(name)
		}
	}
	code := m.Run()
	if build.dir != "" {
		_ = os.RemoveAll(build.dir)
	}
	os.Exit(code)
}
