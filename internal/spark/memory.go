package spark

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/validate"
)

const (
	mebibyte = 1 << 20
	// defaultHeap is Spark's, in MiB.
	defaultHeap = 1024
	// leastHeap is what Spark starts with: it refuses less than 450 MiB, and a JVM
	// reports less than it was given.
	leastHeap = 512
	// leastOverhead is Spark's, in MiB.
	leastOverhead = 384
)

// Spark's own factors: Python runs beside the JVM and needs more.
const (
	factorJVM    = 0.1
	factorOthers = 0.4
)

// memory is that of a container, in MiB.
type memory struct {
	Heap, Overhead, OffHeap int64
}

func (m memory) total() int64 { return m.Heap + m.Overhead + m.OffHeap }

// overheadOf is Spark's formula.
func overheadOf(heap int64, factor float64) int64 {
	return max(int64(factor*float64(heap)), leastOverhead)
}

// heapWithin is the largest heap that fits into a container with its overhead, in
// MiB. It is below leastHeap where none does.
func heapWithin(container int64, factor float64) int64 {
	heap := min(container-leastOverhead, int64(float64(container)/(1+factor)))
	for heap+1+overheadOf(heap+1, factor) <= container {
		heap++
	}
	for heap > 0 && heap+overheadOf(heap, factor) > container {
		heap--
	}
	return heap
}

// memoryOf computes the memory of a driver or of an executor, from the size of its
// heap or of its container.
func (s *Size) memoryOf(container *string, python bool, offHeap int64, at path.Path) (memory, diag.Diagnostics) {
	var diags diag.Diagnostics
	factor := factorJVM
	if python {
		factor = factorOthers
	}
	if s.MemoryOverheadFactor != nil {
		factor = *s.MemoryOverheadFactor
	}
	m := memory{Heap: defaultHeap, OffHeap: offHeap}
	if s.MemoryOverhead != nil {
		m.Overhead = mebibytes(*s.MemoryOverhead, at.AtName("memory_overhead"), &diags)
	}
	from := at.AtName("memory")
	switch {
	case s.Memory != nil && container != nil:
		diags.AddAttributeError(from, "Memory is given twice",
			"memory is the heap of the JVM, resources.limits.memory the whole container, and each follows from the other. Remove one of them.")
	case s.Memory != nil:
		m.Heap = mebibytes(*s.Memory, from, &diags)
	case container != nil:
		from = at.AtName("resources").AtName("limits").AtName("memory")
		size := mebibytes(*container, from, &diags) - offHeap
		if s.MemoryOverhead == nil {
			m.Heap = heapWithin(size, factor)
			m.Overhead = size - m.Heap
		} else {
			m.Heap = size - m.Overhead
		}
	}
	if s.MemoryOverhead == nil && container == nil {
		m.Overhead = overheadOf(m.Heap, factor)
	}
	if !diags.HasError() && m.Heap < leastHeap {
		diags.AddAttributeError(from, "The heap is too small",
			fmt.Sprintf("It leaves %d MiB of heap, beside %d MiB of overhead and %d MiB off the heap, and Spark does not start with less than %d MiB. Give it more memory.",
				m.Heap, m.Overhead, m.OffHeap, leastHeap))
	}
	return m, diags
}

// mebibytes parses a quantity of bytes, and rounds it down.
func mebibytes(text string, at path.Path, diags *diag.Diagnostics) int64 {
	q, err := validate.ParseQuantity(text)
	if err != nil {
		// Its validator said so, unless the value was not known then.
		diags.AddAttributeError(at, "Invalid quantity", "The value must be an amount such as \"2Gi\": "+err.Error()+".")
		return 0
	}
	return q.Value() / mebibyte
}

// offHeapOf is the memory off the heap that Spark's configuration asks for, in MiB.
func offHeapOf(config map[string]string) (int64, diag.Diagnostics) {
	var diags diag.Diagnostics
	const enabled, size = "spark.memory.offHeap.enabled", "spark.memory.offHeap.size"
	if !strings.EqualFold(config[enabled], "true") {
		return 0, nil
	}
	at := path.Root("spark_config").AtMapKey(size)
	text, ok := config[size]
	if !ok {
		diags.AddAttributeError(path.Root("spark_config").AtMapKey(enabled), "Memory off the heap has no size", "Set "+size+" too, for instance to \"1g\".")
		return 0, diags
	}
	bytes, err := parseJavaBytes(text)
	if err != nil {
		diags.AddAttributeError(at, "Invalid size", size+" must be a size in Spark's notation, for instance \"512m\" or \"1g\": "+err.Error()+".")
	}
	return (bytes + mebibyte - 1) / mebibyte, diags
}

var javaUnits = map[string]int64{
	"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30, "t": 1 << 40, "tb": 1 << 40, "p": 1 << 50, "pb": 1 << 50,
}

// parseJavaBytes parses a size in Spark's notation, such as "512m", into bytes.
func parseJavaBytes(text string) (int64, error) {
	lower := strings.ToLower(strings.TrimSpace(text))
	digits := strings.TrimRight(lower, "abcdefghijklmnopqrstuvwxyz")
	unit, ok := javaUnits[lower[len(digits):]]
	if !ok {
		return 0, fmt.Errorf("%q is no unit: it has b, k, m, g, t and p", lower[len(digits):])
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number of bytes", digits)
	}
	if n > uint64(math.MaxInt64/unit) {
		return 0, fmt.Errorf("%s is too large", text)
	}
	return int64(n) * unit, nil
}
