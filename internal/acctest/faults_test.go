package acctest

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// throughProxy leads the provider of a stand through a proxy.
func (s *stand) throughProxy(t *testing.T) *proxy {
	t.Helper()
	p := newProxy(t, s.cluster)
	s.connection = fmt.Sprintf("host = %q\ntoken = \"any\"\ncluster_ca_certificate = %q", p.URL, p.authority())
	return p
}

// TestAccFaults applies changes while the API server fails at random. Whatever the
// CLI says then is true, and the next apply without faults completes it.
func TestAccFaults(t *testing.T) {
	c := Connect(t)
	t.Parallel()
	namespace := c.Namespace(t)
	const stands, rounds = 4, 4
	kinds := []struct {
		name  string
		fault fault
	}{
		{"429", busy}, {"500", broken}, {"503", unavailable}, {"reset", resets}, {"lost answer", loses}, {"lost answer", loses}, {"401", unauthorized}, {"403", forbidden},
	}
	source := seed(t)
	var mu sync.Mutex
	dealt, outcomes := map[string]int{}, map[string]int{}
	for n := range stands {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(source, uint64(n)))
			s := standIn(t, c, namespace, fmt.Sprintf("f%d", n))
			p := s.throughProxy(t)
			hung := n > 0 // one hang in all: it takes the whole 30 s that a request has
			disturb := func(r *http.Request) fault {
				if isWatch(r) || random.Float64() > 0.06 {
					return nil
				}
				kind := kinds[random.IntN(len(kinds))]
				if !hung && r.Method == http.MethodPatch {
					hung = true
					kind.name, kind.fault = "hang", hangs
				}
				mu.Lock()
				dealt[kind.name]++
				mu.Unlock()
				return kind.fault
			}
			credential := ""
			for round := range rounds {
				part := fmt.Sprintf("x%d", round)
				s.fixture(momentConfiguration(part))
				p.set(disturb)
				r := s.Apply()
				p.set(nil)
				if before := s.credential(); credential == "" {
					credential = before
				}
				mu.Lock()
				outcomes[fmt.Sprintf("exit code %d", r.ExitCode)]++
				mu.Unlock()
				if r.ExitCode == 0 && !strings.Contains(flatten(r.Output), "The next apply completes it") {
					// What it calls done has to be done.
					s.PlansNothing()
				} else if round%2 == 1 {
					// Another configuration than the one that failed.
					part = fmt.Sprintf("y%d", round)
					s.fixture(momentConfiguration(part))
				}
				s.completes(part, credential)
				credential = s.credential()
				if t.Failed() {
					t.Fatalf("in round %d the apply with faults had said:\n%s", round, r.Output)
				}
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("faults: %v; applies: %v", dealt, outcomes)
		if !t.Failed() && len(dealt) < 4 {
			t.Errorf("only these faults were tried: %v", dealt)
		}
	})
}

// TestAccReadingThroughFaults plans while every read of an object fails: nothing
// counts as deleted, and the state stays as it was.
func TestAccReadingThroughFaults(t *testing.T) {
	s := newStand(t)
	p := s.throughProxy(t)
	s.fixture(`replicas = 1`)
	s.Apply().Succeeds()
	for name, f := range map[string]fault{"403": forbidden, "401": unauthorized, "404 of a proxy": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		http.Error(w, "<html>no such page</html>", http.StatusNotFound)
	}} {
		for what, about := range map[string]func(r *http.Request) bool{
			"everything": func(*http.Request) bool { return true },
			"objects":    func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/namespaces/"+s.namespace) },
		} {
			p.set(func(r *http.Request) fault {
				if about(r) {
					return f
				}
				return nil
			})
			before := s.ReadFile("terraform.tfstate")
			r := s.Plan("-detailed-exitcode")
			if r.ExitCode != 0 || strings.Contains(flatten(r.Output), "will be created") {
				t.Errorf("%s for %s: exit code %d\n%s", name, what, r.ExitCode, r.Output)
			}
			r.Says("The state stays as it was")
			s.Run("apply", "-refresh-only", "-auto-approve", "-no-color")
			if after := s.ReadFile("terraform.tfstate"); after != before {
				t.Errorf("%s for %s changed the state:\n%s\n%s", name, what, before, after)
			}
		}
	}
	// A role that may read its namespace and not kube-system is no other cluster.
	p.set(func(r *http.Request) fault {
		if strings.HasSuffix(r.URL.Path, "/namespaces/kube-system") {
			return forbidden
		}
		return nil
	})
	s.PlansNothing()
	s.fixture(`replicas = 1
parts = { a = "1" }`)
	s.Apply().Succeeds()
	p.set(nil)
	s.PlansNothing()
}

// TestAccCredentialsAreReadAgain lets the token expire in the middle of an apply.
func TestAccCredentialsAreReadAgain(t *testing.T) {
	t.Parallel()
	for name, user := range map[string]string{
		"token file": `{"tokenFile": %q}`,
		"exec": `{"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "sh", "args": ["-c",` +
			` "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%%s\"}}' \"$(cat \"$0\")\"", %q]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			p := newProxy(t, s.cluster)
			token := filepath.Join(s.Dir, "token")
			s.WriteFile("token", "one")
			s.WriteFile("kubeconfig", fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "it",
				"contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
				"clusters": [{"name": "it", "cluster": {"server": %q, "certificate-authority-data": %q}}],
				"users": [{"name": "it", "user": %s}]}`, p.URL, base64.StdEncoding.EncodeToString(p.authority()), fmt.Sprintf(user, token)))
			s.connection = fmt.Sprintf("config_path = %q", filepath.Join(s.Dir, "kubeconfig"))
			valid, refused := "one", 0
			p.set(func(r *http.Request) fault {
				if r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/jobs/") && !strings.Contains(r.URL.RawQuery, "dryRun") && valid == "one" {
					// As soon as the first object of the second stage is there.
					valid = "two"
					if err := os.WriteFile(token, []byte("two"), 0o600); err != nil {
						return broken
					}
					return nil
				}
				if r.Header.Get("Authorization") != "Bearer "+valid {
					refused++
					return unauthorized
				}
				return nil
			})
			s.fixture(`job = { script = "sleep 2" }`)
			s.Apply().Succeeds()
			if refused == 0 {
				t.Error("the old token was never refused: the test proves nothing")
			}
			s.PlansNothing()
		})
	}
}

// TestAccCLIUnknownHost plans while the address of the cluster is not known, and
// applies with none: no local address is asked instead.
func TestAccCLIUnknownHost(t *testing.T) {
	s := newStand(t)
	asked := make(chan string, 100)
	listening := 0
	for _, at := range []string{"127.0.0.1:80", "127.0.0.1:443", "127.0.0.1:6443", "127.0.0.1:8080", "127.0.0.1:8443"} {
		listener, err := listen(t, at, asked)
		if err != nil {
			t.Logf("not watched: %v", err)
			continue
		}
		listening++
		t.Cleanup(func() { _ = listener.Close() })
	}
	if listening == 0 {
		t.Fatal("no local address could be watched")
	}
	quiet := func() {
		t.Helper()
		time.Sleep(200 * time.Millisecond)
		for len(asked) > 0 {
			t.Errorf("the provider asked %s", <-asked)
		}
	}
	s.connection = "host = terraform_data.cluster.output\ntoken = \"any\""
	s.fixture("replicas = 1", fmt.Sprintf("resource \"terraform_data\" \"cluster\" {\ninput = %q\n}", "https://cluster.invalid:6443"))
	s.Plan().Succeeds().Says("will be created")
	quiet()
	s.connection = ""
	s.fixture("replicas = 1")
	r := s.Run("apply", "-auto-approve", "-no-color").Fails().Says("no cluster is configured", "set host")
	r.SaysNot("localhost", "127.0.0.1")
	quiet()
	if s.Attributes(address) != nil {
		t.Error("the state holds what was never created")
	}
	s.connection = "host = \"\"\ntoken = \"any\""
	s.fixture("replicas = 1")
	s.Apply().Fails().SaysNot("localhost", "127.0.0.1")
	quiet()

	// Known at apply: plan and apply in one run.
	config := s.cluster.Config
	s.connection = fmt.Sprintf("host = terraform_data.cluster.output\ncluster_ca_certificate = base64decode(%q)\nclient_certificate = base64decode(%q)\nclient_key = base64decode(%q)",
		encoded(t, config.CAData, config.CAFile), encoded(t, config.CertData, config.CertFile), encoded(t, config.KeyData, config.KeyFile))
	s.fixture("replicas = 1", fmt.Sprintf("resource \"terraform_data\" \"cluster\" {\ninput = %q\n}", config.Host))
	s.Apply().Succeeds()
	s.PlansNothing()
	quiet()
}

// encoded returns PEM data, of a file where it stands in one.
func encoded(t testing.TB, data []byte, file string) string {
	t.Helper()
	if len(data) == 0 {
		var err error
		if data, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return base64.StdEncoding.EncodeToString(data)
}
