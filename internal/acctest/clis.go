package acctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// CLIVariable names the CLI under test; without it terraform on PATH is. SecondCLIVariable names another one, for tests that take each.
const (
	CLIVariable       = "TF_ACC_TERRAFORM_PATH"
	SecondCLIVariable = "ANALYTICS_SECOND_CLI"
)

// EachCLI runs a test with the CLI under test, and then with the second one where there is one. Subtests have the names of the programs.
func EachCLI(t *testing.T, test func(t *testing.T, path string)) {
	t.Helper()
	first := cliPath(t)
	t.Run(filepath.Base(first), func(t *testing.T) { test(t, first) })
	second := os.Getenv(SecondCLIVariable)
	if second == "" {
		t.Logf("no second CLI: set %s to the path of one", SecondCLIVariable)
		return
	}
	t.Run(filepath.Base(second), func(t *testing.T) { test(t, second) })
}

// cliPath finds the CLI under test.
func cliPath(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(CLIVariable); path != "" {
		return path
	}
	path, err := exec.LookPath("terraform")
	if err != nil {
		t.Fatal("there is no CLI to test with: install terraform, or set " + CLIVariable + " to a terraform or tofu program")
	}
	return path
}
