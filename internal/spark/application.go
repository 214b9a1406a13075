package spark

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const defaultInstances = 2

// application is a configuration with what follows from it.
type application struct {
	m   *Model
	env workload.Environment
	n   names

	image   string
	release release
	// driver and executor are the memory of their containers.
	driver, executor         memory
	driverSize, executorSize Size
	driverPods, executorPods pod.Settings
	driverCPU, executorCPU   cpu
	executorAccount          string
}

// cpu of a container, as Kubernetes writes it; limit is "" where there is none.
type cpu struct{ request, limit string }

// newApplication works out what a configuration means.
func newApplication(m *Model, env workload.Environment, product string) (*application, diag.Diagnostics) {
	a := &application{m: m, env: env, n: names{product, m.Name, env.Namespace}, image: pod.Image(DefaultImage, env)}
	if m.Image != nil {
		a.image = *m.Image
	}
	release, diags := releaseOf(&m.Session, a.image)
	a.release = release
	diags.Append(m.executorGPU().check(release)...)
	if m.Driver != nil {
		a.driverSize, a.driverPods = m.Driver.Size, m.Driver.Settings
	}
	if m.Executor != nil {
		a.executorSize, a.executorPods = m.Executor.Size, m.Executor.Settings
	}
	offHeap, more := offHeapOf(m.SparkConfig)
	diags.Append(more...)
	python := a.language() != languageJVM
	part := func(size Size, pods *pod.Settings, at path.Path) (memory, cpu) {
		container, cpu, more := containerSize(size, pods.Resources, at.AtName("resources"))
		diags.Append(more...)
		memory, more := size.memoryOf(container, python, offHeap, at)
		diags.Append(more...)
		return memory, cpu
	}
	a.driver, a.driverCPU = part(a.driverSize, &a.driverPods, a.driverAt())
	a.executor, a.executorCPU = part(a.executorSize, &a.executorPods, path.Root("executor"))
	a.executorAccount = a.n.executor()
	if a.executorPods.ServiceAccount != nil {
		a.executorAccount = *a.executorPods.ServiceAccount
	}
	return a, diags
}

// serves reports whether the driver runs until it is stopped, for clients that connect
// to it.
func (a *application) serves() bool { return a.n.product == connectProduct }

// driverAt is where the settings of the driver's pod stand.
func (a *application) driverAt() path.Path {
	if a.n.product == historyProduct {
		return path.Empty()
	}
	return path.Root("driver")
}

// containerSize reads what resources say about a container: Spark requests all the
// memory that it may use.
func containerSize(s Size, r *pod.Resources, at path.Path) (memory *string, out cpu, diags diag.Diagnostics) {
	out.request = fmt.Sprint(s.cores())
	if r == nil {
		return nil, out, nil
	}
	if r.Limits != nil {
		memory = r.Limits.Memory
		if r.Limits.CPU != nil {
			out.limit = *r.Limits.CPU
			out.request = lesser(out.request, out.limit)
		}
	}
	if r.Requests == nil {
		return memory, out, nil
	}
	if r.Requests.CPU != nil {
		out.request = *r.Requests.CPU
	}
	if r.Requests.Memory != nil && (memory == nil || !sameQuantity(*r.Requests.Memory, *memory)) {
		diags.AddAttributeError(at.AtName("requests").AtName("memory"), "Spark requests all the memory that it may use",
			"The request is always as large as the limit. Remove it, and set resources.limits.memory or memory.")
	}
	return memory, out, diags
}

func lesser(a, b string) string {
	x, err := resource.ParseQuantity(a)
	if err != nil {
		return a
	}
	if y, err := resource.ParseQuantity(b); err == nil && y.Cmp(x) < 0 {
		return b
	}
	return a
}

func sameQuantity(a, b string) bool {
	x, errX := validate.ParseQuantity(a)
	y, errY := validate.ParseQuantity(b)
	return errX == nil && errY == nil && x.Cmp(y) == 0
}

func (s Size) cores() int64 { return valueOr(s.Cores, 1) }

type language int

const (
	languageJVM language = iota
	languagePython
	languageR
)

// language is what the application is written in.
func (a *application) language() language {
	switch {
	case a.m.Script != nil, a.serves(), a.m.MainFile != nil && strings.HasSuffix(*a.m.MainFile, ".py"):
		return languagePython
	case a.m.MainFile != nil && strings.HasSuffix(*a.m.MainFile, ".R"):
		return languageR
	default:
		return languageJVM
	}
}

// executors is the largest number of executors.
func (a *application) executors() int64 {
	if d := a.m.DynamicAllocation; d != nil {
		return d.MaxExecutors
	}
	if a.m.Executor != nil {
		return valueOr(a.m.Executor.Instances, defaultInstances)
	}
	return defaultInstances
}

// deletesExecutors reports whether the pods of executors go as soon as these end.
// Those that stay tell why an executor was lost; where many come and go they would
// pile up.
func (a *application) deletesExecutors() bool {
	if a.m.Executor != nil && a.m.Executor.DeleteOnTermination != nil {
		return *a.m.Executor.DeleteOnTermination
	}
	return a.m.DynamicAllocation != nil || a.serves()
}

func (a *application) s3InImage() bool { return valueOr(a.m.S3Jars, jarsFromPackages) == jarsInImage }

// downloads reports whether the driver downloads packages.
func (a *application) downloads() bool {
	return len(a.m.Packages) > 0 || a.m.S3 != nil && !a.s3InImage()
}

// eventDirectory is where the events of runs are written.
func (a *application) eventDirectory() string {
	if a.m.EventLog.Directory != nil {
		return *a.m.EventLog.Directory
	}
	bucket := ""
	if a.m.S3 != nil {
		bucket = valueOr(a.m.S3.Bucket, "")
	}
	return "s3a://" + bucket + "/spark-events"
}

// makesEventDirectory reports whether the directory is made before the driver
// starts: Spark does not, and S3 has no directories that are empty.
func (a *application) makesEventDirectory() bool {
	return a.m.EventLog != nil && a.m.S3 != nil && a.s3InImage() && strings.HasPrefix(a.eventDirectory(), "s3a://")
}

// requests is what the pods ask of the cluster.
func (a *application) requests() *Requests {
	request := func(m memory, c cpu) *Request {
		milli := int64(0)
		if q, err := resource.ParseQuantity(c.request); err == nil {
			milli = q.MilliValue()
		}
		return &Request{MilliCPU: milli, MemoryBytes: m.total() * mebibyte}
	}
	r := &Requests{Driver: request(a.driver, a.driverCPU), Executor: request(a.executor, a.executorCPU), Executors: a.executors()}
	r.Total = &Request{
		MilliCPU:    r.Driver.MilliCPU + r.Executors*r.Executor.MilliCPU,
		MemoryBytes: r.Driver.MemoryBytes + r.Executors*r.Executor.MemoryBytes,
	}
	return r
}
