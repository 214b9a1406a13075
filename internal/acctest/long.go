package acctest

import "testing"

// Long skips a test that takes minutes under `go test -short`, which `make test` asks for so that it ends within the hour.
// `make e2e` runs it.
func Long(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes minutes: make e2e runs it")
	}
}
