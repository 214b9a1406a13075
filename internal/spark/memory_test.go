package spark

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
)

// The sizes are what Spark itself requests.
func TestMemory(t *testing.T) {
	for name, c := range map[string]struct {
		size      Size
		container *string
		python    bool
		offHeap   int64
		want      memory
	}{
		"default of Python":         {Size{}, nil, true, 0, memory{1024, 409, 0}},
		"default of a jar":          {Size{}, nil, false, 0, memory{1024, 384, 0}},
		"small heap":                {Size{Memory: new("512Mi")}, nil, true, 0, memory{512, 384, 0}},
		"large heap of a jar":       {Size{Memory: new("4Gi")}, nil, false, 0, memory{4096, 409, 0}},
		"overhead":                  {Size{Memory: new("2Gi"), MemoryOverhead: new("1Gi")}, nil, true, 0, memory{2048, 1024, 0}},
		"factor":                    {Size{Memory: new("4Gi"), MemoryOverheadFactor: new(0.25)}, nil, true, 0, memory{4096, 1024, 0}},
		"off the heap":              {Size{Memory: new("1Gi")}, nil, true, 512, memory{1024, 409, 512}},
		"container":                 {Size{}, new("4Gi"), true, 0, memory{2926, 1170, 0}},
		"container of a jar":        {Size{}, new("4Gi"), false, 0, memory{3712, 384, 0}},
		"large container of a jar":  {Size{}, new("44Gi"), false, 0, memory{40960, 4096, 0}},
		"container with overhead":   {Size{MemoryOverhead: new("1Gi")}, new("4Gi"), true, 0, memory{3072, 1024, 0}},
		"container, off the heap":   {Size{}, new("4608Mi"), true, 512, memory{2926, 1170, 512}},
		"part of a MiB":             {Size{Memory: new("1000M")}, nil, true, 0, memory{953, 384, 0}},
		"smallest container":        {Size{}, new("896Mi"), true, 0, memory{512, 384, 0}},
		"smallest container of jar": {Size{}, new("896Mi"), false, 0, memory{512, 384, 0}},
	} {
		got, diags := c.size.memoryOf(c.container, c.python, c.offHeap, path.Root("driver"))
		if diags.HasError() || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, diags, c.want)
		}
	}
}

func TestMemoryRefused(t *testing.T) {
	for name, c := range map[string]struct {
		size      Size
		container *string
		at, says  string
	}{
		"heap":      {Size{Memory: new("511Mi")}, nil, "driver.memory", "The heap is too small"},
		"container": {Size{}, new("895Mi"), "driver.resources.limits.memory", "511 MiB of heap, beside 384 MiB of overhead"},
		"overhead":  {Size{MemoryOverhead: new("3Gi")}, new("2Gi"), "driver.resources.limits.memory", "The heap is too small"},
		"both":      {Size{Memory: new("1Gi")}, new("2Gi"), "driver.memory", "Memory is given twice"},
	} {
		_, diags := c.size.memoryOf(c.container, true, 0, path.Root("driver"))
		if !refused(diags, c.at, c.says) {
			t.Errorf("%s: got %v", name, diags)
		}
	}
}

func TestOffHeap(t *testing.T) {
	const enabled, size = "spark.memory.offHeap.enabled", "spark.memory.offHeap.size"
	for _, c := range []struct {
		config map[string]string
		want   int64
		says   string
	}{
		{map[string]string{}, 0, ""},
		{map[string]string{size: "1g"}, 0, ""},
		{map[string]string{enabled: "true", size: "1g"}, 1024, ""},
		{map[string]string{enabled: "TRUE", size: "1048577"}, 2, ""},
		{map[string]string{enabled: "true"}, 0, "Memory off the heap has no size"},
		{map[string]string{enabled: "true", size: "1x"}, 0, "Invalid size"},
	} {
		got, diags := offHeapOf(c.config)
		if diags.HasError() != (c.says != "") || c.says == "" && got != c.want || c.says != "" && !strings.Contains(diags[0].Summary(), c.says) {
			t.Errorf("%v: got %d, %v", c.config, got, diags)
		}
	}
}

// A heap within a container fits with its overhead, and one MiB more does not.
func FuzzHeapWithin(f *testing.F) {
	f.Add(int64(4096), 0.4)
	f.Add(int64(896), 0.1)
	f.Add(int64(0), 0.0)
	f.Fuzz(func(t *testing.T, container int64, factor float64) {
		if container < 0 || container > 1<<24 || !(factor >= 0 && factor <= 10) {
			t.Skip()
		}
		heap := heapWithin(container, factor)
		if container < leastOverhead {
			if heap > 0 {
				t.Fatalf("%d MiB of heap in a container of %d MiB", heap, container)
			}
			return
		}
		if heap+overheadOf(heap, factor) > container {
			t.Fatalf("%d MiB of heap do not fit into %d MiB with factor %v", heap, container, factor)
		}
		if heap+1+overheadOf(heap+1, factor) <= container {
			t.Fatalf("more than %d MiB of heap fit into %d MiB with factor %v", heap, container, factor)
		}
	})
}

func FuzzJavaBytes(f *testing.F) {
	for _, text := range []string{"512m", "1g", "2T", "1024", "1kb", "-1", "", "1.5g", "9223372036854775807", "9999999999p", "g"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		bytes, err := parseJavaBytes(text)
		if err == nil && bytes < 0 {
			t.Fatalf("%q is %d bytes", text, bytes)
		}
		if double, err2 := parseJavaBytes(text + "x"); err2 == nil {
			t.Fatalf("%qx is %d bytes", text, double)
		}
	})
}
