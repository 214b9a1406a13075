package acctest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// become makes the proxy another cluster: its kube-system has another uid, and the
// namespace of this name is another one behind it.
func (p *proxy) become(t *testing.T, c *Cluster, namespace, behind string) (identity string) {
	t.Helper()
	system, err := c.CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	identity = strings.Repeat("0", 8) + string(system.UID)[8:]
	if len(namespace) != len(behind) {
		t.Fatalf("the names %s and %s differ in length, so that lengths of contents would be wrong", namespace, behind)
	}
	outside := strings.NewReplacer(behind, namespace, string(system.UID), identity)
	inside := strings.NewReplacer(namespace, behind, identity, string(system.UID))
	reverse := p.forward.(*httputil.ReverseProxy)
	forward := reverse.Rewrite
	reverse.Rewrite = func(r *httputil.ProxyRequest) {
		forward(r)
		r.Out.Header.Del("Accept-Encoding")
		r.Out.URL.Path, r.Out.URL.RawPath = inside.Replace(r.Out.URL.Path), ""
		r.Out.URL.RawQuery = inside.Replace(r.Out.URL.RawQuery)
		if r.Out.Body != nil {
			r.Out.Body = &renamed{lines: bufio.NewReader(r.Out.Body), Closer: r.Out.Body, names: inside}
		}
	}
	reverse.ModifyResponse = func(r *http.Response) error {
		if r.StatusCode != http.StatusSwitchingProtocols {
			r.Body = &renamed{lines: bufio.NewReader(r.Body), Closer: r.Body, names: outside}
		}
		return nil
	}
	return identity
}

// renamed is a body with other names in it, line by line, as watches send them.
type renamed struct {
	io.Closer
	lines *bufio.Reader
	names *strings.Replacer
	rest  bytes.Buffer
}

// Read implements io.Reader.
func (r *renamed) Read(p []byte) (int, error) {
	if r.rest.Len() == 0 {
		line, err := r.lines.ReadString('\n')
		if line == "" {
			return 0, err
		}
		r.rest.WriteString(r.names.Replace(line))
	}
	return r.rest.Read(p)
}

// leadsTo makes the same configuration of the provider lead through a proxy.
func (s *stand) leadsTo(p *proxy) {
	s.t.Helper()
	s.WriteFile("kubeconfig", p.kubeconfig())
	s.connection = fmt.Sprintf("config_path = %q", filepath.Join(s.Dir, "kubeconfig"))
}

// TestAccOtherCluster leads the same configuration to another cluster: an error, and
// the state stays as it is, until the change is allowed.
func TestAccOtherCluster(t *testing.T) {
	s := newStand(t)
	there := standIn(t, s.cluster, s.cluster.Namespace(t), s.name)
	home, other := newProxy(t, s.cluster), newProxy(t, s.cluster)
	identity := other.become(t, s.cluster, s.namespace, there.namespace)
	const configuration = "replicas = 0\nparts = { a = \"1\" }"
	s.leadsTo(home)
	s.fixture(configuration)
	s.Apply().Succeeds()
	before, state, credential := s.versions(), s.ReadFile("terraform.tfstate"), s.credential()
	was, _ := s.Attributes(address)["cluster"].(string)

	untouched := func(after string) {
		t.Helper()
		s.unwritten(before, after)
		there.has()
		if now := s.ReadFile("terraform.tfstate"); now != state {
			t.Errorf("%s changed the state:\n%s\n%s", after, state, now)
		}
	}
	refusal := []string{"The provider's configuration leads to another cluster", "it was created in cluster " + was, "this is " + identity, "apply allow_cluster_change = true"}
	s.leadsTo(other)
	s.Plan().Fails().Says(refusal...)
	s.Plan("-refresh=false").Fails().Says(refusal...)
	s.fixture("replicas = 0\nparts = { b = \"1\" }")
	s.Apply().Fails().Says(refusal...)
	s.Destroy().Fails().Says(refusal...)
	s.Run("apply", "-refresh-only", "-auto-approve", "-no-color").Succeeds().Says("is in another cluster", "nothing counts as deleted")
	untouched("another cluster")

	// Not known at plan, and another one at apply.
	s.connection = fmt.Sprintf("host = terraform_data.cluster.output\ntoken = \"any\"\ncluster_ca_certificate = %q", other.authority())
	s.fixture(configuration, fmt.Sprintf("resource \"terraform_data\" \"cluster\" {\ninput = %q\n}", other.URL))
	s.Apply().Fails().Says("Plan: 1 to add, 1 to change", refusal[0], refusal[1], refusal[2])
	s.unwritten(before, "another cluster at apply")
	there.has()
	if now := s.Attributes(address)["cluster"]; now != was {
		t.Errorf("the state names the cluster %v", now)
	}

	// The right one at apply: all is made sure of, which no refresh could do.
	s.deletes(configMaps, "it-part-a")
	s.connection = fmt.Sprintf("host = terraform_data.cluster.output\ntoken = \"any\"\ncluster_ca_certificate = %q", home.authority())
	s.fixture(configuration, fmt.Sprintf("resource \"terraform_data\" \"cluster\" {\ninput = %q\n}", home.URL))
	s.Apply().Succeeds().Says("0 to add, 2 to change")
	s.PlansNothing()
	s.has("ConfigMap/it-part-a", "ConfigMap/it-script", "Deployment/it", "Secret/analytics.fixture.it", "Secret/it-credentials", "Service/it", "ServiceAccount/it")
	before = s.versions()

	s.leadsTo(other)
	s.fixture(configuration + "\nallow_cluster_change = true")
	s.Apply().Succeeds().Says("creates 6 objects")
	s.unwritten(before, "the move to another cluster")
	there.has("ConfigMap/it-part-a", "ConfigMap/it-script", "Deployment/it", "Secret/analytics.fixture.it", "Secret/it-credentials", "Service/it", "ServiceAccount/it")
	if now := s.Attributes(address)["cluster"]; now != identity {
		t.Errorf("the state names the cluster %v, not %s", now, identity)
	}
	if there.credential() == "" || there.credential() == credential {
		t.Errorf("the credential of the other cluster is %q", there.credential())
	}
	s.PlansNothing()

	// What is in another cluster than the state says is not deleted.
	s.leadsTo(home)
	s.Destroy().Succeeds().Says("The cluster was replaced", "only forgotten")
	s.unwritten(before, "a destroy that leads home again")
	if s.Attributes(address) != nil {
		t.Error("the state still holds the resource")
	}
}

// TestAccClusterGone destroys what is in a cluster that is not there any more.
func TestAccClusterGone(t *testing.T) {
	s := newStand(t)
	s.fixture("replicas = 0")
	s.Apply().Succeeds()
	before, state := s.versions(), s.ReadFile("terraform.tfstate")
	kept := func(after string) {
		t.Helper()
		s.unwritten(before, after)
		if s.Attributes(address) == nil {
			t.Errorf("%s: the state has lost the resource", after)
		}
	}

	// Not gone: it answers, or something on the way to it does not.
	p := newProxy(t, s.cluster)
	s.leadsTo(p)
	s.fixture("replicas = 0")
	p.set(func(*http.Request) fault { return unauthorized })
	s.Destroy().Fails().Says("does not accept the credentials")
	kept("401")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	leading := s.connection
	s.connection += fmt.Sprintf("\nproxy_url = %q", "http://"+nobody)
	s.fixture("replicas = 0")
	s.Destroy().Fails().Says("cannot be reached")
	kept("a proxy that is gone")

	// Away for a moment only, as during a restart.
	gone := newProxy(t, s.cluster)
	gone.Close()
	s.WriteFile("kubeconfig", strings.ReplaceAll(gone.kubeconfig(), gone.URL, "https://"+nobody))
	s.connection = leading
	s.fixture("replicas = 0")
	s.PlansNothing().Says("cannot be reached", "The state stays as it was")
	if now := s.ReadFile("terraform.tfstate"); now != state {
		t.Errorf("a plan without the cluster changed the state:\n%s\n%s", state, now)
	}
	begin := time.Now()
	s.Destroy().Succeeds().Says("The cluster is gone", "was only forgotten", fmt.Sprintf("import the resource with the id %q", s.namespace+"/it"))
	if took := time.Since(begin); took < 20*time.Second {
		t.Errorf("the destroy believed after %s that the cluster is gone", took)
	}
	s.unwritten(before, "a destroy without the cluster")
	if s.Attributes(address) != nil {
		t.Error("the state still holds the resource")
	}

	// It was not gone for ever.
	s.connection = fmt.Sprintf("config_path = %q", s.cluster.Kubeconfig)
	s.fixture("replicas = 0")
	s.Import(address, s.namespace+"/it").Succeeds()
	s.PlansNothing()
}
