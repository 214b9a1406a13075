// Package bench measures the engine against a plain client-go program that does the same work, on the same API server, in the same
// run: BenchmarkEngine with objects that nothing runs for, BenchmarkAirflow with a real Airflow. Both programs go through a proxy that
// counts their requests; the engine goes through the real CLI.
//
// It prints figures and fails on none of them: a figure depends on the machine and what else runs there. The ratios depend on it
// less, and the numbers of requests not at all.
package bench

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

var (
	rounds = flag.Int("rounds", 3, "how often everything is measured; the median counts")
	count  = flag.Int("resources", 50, "resources of 12 objects each")
	growth = flag.Int("growth", 500, "resources of one more round, which shows the growth; 0 leaves it out")
)

func TestMain(m *testing.M) { acctest.Main(m) }

// work is one kind of work on a number of resources, measured several times.
type work struct {
	name         string
	resources    int
	engine, loop []time.Duration
	// cpu is the time that the CLI and the provider computed.
	cpu                    []time.Duration
	requests, loopRequests requests
	memory                 int // MB at most
}

func median[T int | float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// ratio compares what was measured one right after the other.
func (w *work) ratio() float64 {
	var ratios []float64
	for i := range w.loop {
		ratios = append(ratios, w.engine[i].Seconds()/w.loop[i].Seconds())
	}
	return median(ratios)
}

// bench is one measurement.
type bench struct {
	*testing.B
	cluster *acctest.Cluster
	proxy   *proxy
	memory  *memory
	works   []*work
}

// BenchmarkEngine measures everything and prints it as text and as a table in Markdown.
func BenchmarkEngine(b *testing.B) {
	c := acctest.Connect(b)
	m := &bench{B: b, cluster: c, proxy: newProxy(b, c.Config), memory: watchMemory(b, acctest.ProviderBinary(b))}
	fmt.Println(m.machine())
	m.start()
	for range *rounds {
		m.cli()
		m.round(*count, true)
	}
	if *growth > 0 {
		m.round(*growth, false)
	}
	fmt.Println(m.table())
}

// start measures how long the provider needs before it can be asked anything.
func (m *bench) start() {
	var handshakes, schemas []time.Duration
	var size int
	for range 5 {
		handshake, schema, bytes := startUp(m, acctest.ProviderBinary(m))
		handshakes, schemas, size = append(handshakes, handshake), append(schemas, schema), bytes
	}
	fmt.Printf("start of the provider: %s until it listens, then %s for its schema of %d kB\n", seconds(median(handshakes)), seconds(median(schemas)), size/1000)
}

// cli measures a plan of resources that no provider has a part in: what is left of the engine's time is its own.
func (m *bench) cli() {
	w := acctest.NewWorkspace(m)
	w.WriteFile("main.tf", fmt.Sprintf("resource \"terraform_data\" \"it\" {\n  count = %d\n  input = count.index\n}\n", *count))
	w.Apply().Succeeds()
	m.engine(m.workOf("the CLI alone: plan without changes of `terraform_data`", *count), func() { w.PlansNothing() })
}

// workOf returns the record of a kind of work.
func (m *bench) workOf(name string, resources int) *work {
	for _, w := range m.works {
		if w.name == name && w.resources == resources {
			return w
		}
	}
	w := &work{name: name, resources: resources}
	m.works = append(m.works, w)
	return w
}

// The readiness probe stands for those of real products: a container without one has to prove for some seconds that it goes on.
const configuration = `
provider "analytics" {
  config_path = "proxy.conf"
}

resource "analytics_fixture" "it" {
  count           = %d
  name            = "it-${count.index}"
  namespace       = %q
  deletion_policy = "Delete"
  config_maps     = 7
  script          = %q
  patches = { "Deployment/web" = jsonencode({ spec = { template = { spec = { containers = [
    { name = "main", readinessProbe = { exec = { command = ["true"] } } },
  ] } } } }) }
}
`

// round measures each kind of work once. compared is set where the loop does it too.
func (m *bench) round(resources int, compared bool) {
	namespace := m.cluster.Namespace(m)
	w := acctest.NewWorkspace(m)
	w.WriteFile("proxy.conf", m.proxy.kubeconfig(m))
	var l *loop
	if compared {
		var err error
		if l, err = newLoop(m.proxy, m.cluster.Namespace(m)); err != nil {
			m.Fatal(err)
		}
	}
	measure := func(name string, do func(), same func(sent objects) error) {
		record := m.workOf(name, resources)
		sent := m.engine(record, do)
		if compared {
			m.loop(record, func() error { return same(sent) })
		}
	}
	change := func(name, script string) {
		w.Configure(configuration, resources, namespace, script)
		measure("plan of "+name, func() { w.Plan("-out=plan").Succeeds() },
			func(sent objects) error { return l.check(m.Context(), sent) })
		measure("apply of "+name, func() { w.Run("apply", "-no-color", "plan").Succeeds() },
			func(sent objects) error { return l.apply(m.Context(), sent) })
	}
	change("a creation", "sleep 3600")
	for range 3 {
		measure("plan without changes", func() { w.PlansNothing() },
			func(objects) error { return l.read(m.Context()) })
	}
	change("a change of a script and its Deployment", "sleep 7200")
	measure("destroy", func() { w.Destroy().Succeeds() },
		func(objects) error { return l.destroy(m.Context()) })
	m.clean(namespace)
	if compared {
		m.clean(l.namespace)
	}
}

// engine measures the engine and returns the objects that it sent.
func (m *bench) engine(w *work, do func()) (sent objects) {
	m.proxy.take()
	m.memory.take()
	computed, begin := childrenComputed(), time.Now()
	do()
	took := time.Since(begin)
	cpu := childrenComputed() - computed
	w.engine, w.cpu = append(w.engine, took), append(w.cpu, cpu)
	w.requests, sent = m.proxy.take()
	memory := m.memory.take()
	w.memory = max(w.memory, memory)
	fmt.Printf("%d resources, %s: engine %s, computed %s, %d requests (%s), %d MB, load %s\n",
		w.resources, w.name, seconds(took), seconds(cpu), w.requests.total(), w.requests, memory, load())
	return sent
}

// childrenComputed is the processor time of all processes that were started and have ended.
func childrenComputed() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// loop measures the loop.
func (m *bench) loop(w *work, do func() error) {
	m.proxy.take()
	begin := time.Now()
	if err := do(); err != nil {
		m.Fatal(err)
	}
	took := time.Since(begin)
	w.loop = append(w.loop, took)
	w.loopRequests, _ = m.proxy.take()
	fmt.Printf("%d resources, %s: loop %s, %d requests (%s)\n", w.resources, w.name, seconds(took), w.loopRequests.total(), w.loopRequests)
}

// clean empties the cluster, so that nothing is under way when the next round begins.
func (m *bench) clean(namespace string) {
	if err := m.cluster.CoreV1().Namespaces().Delete(m.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		m.Fatal(err)
	}
	acctest.Eventually(m, 5*time.Minute, func() string {
		list, err := m.cluster.CoreV1().Namespaces().List(m.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + namespace})
		if err != nil {
			return err.Error()
		}
		if len(list.Items) > 0 {
			return "namespace " + namespace + " is still there"
		}
		return ""
	})
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// table is the result in Markdown.
func (m *bench) table() string {
	var out strings.Builder
	out.WriteString("\n| resources | work | engine | CPU time | loop | engine / loop | requests | LISTs | requests of the loop | provider's memory |\n")
	out.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, w := range m.works {
		loop, ratio, theirs, memory := "", "", "", ""
		if len(w.loop) > 0 {
			loop, ratio, theirs = seconds(median(w.loop)), fmt.Sprintf("%.1f", w.ratio()), fmt.Sprint(w.loopRequests.total())
		}
		if w.memory > 0 {
			memory = fmt.Sprintf("%d MB", w.memory)
		}
		fmt.Fprintf(&out, "| %d | %s | %s | %s | %s | %s | %d | %d | %s | %s |\n",
			w.resources, w.name, seconds(median(w.engine)), seconds(median(w.cpu)), loop, ratio,
			w.requests.total(), w.requests.verb("list"), theirs, memory)
	}
	return out.String()
}
