package bench

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
)

// cookie is what a CLI sets for a provider that it starts.
const cookie = "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"

// startUp starts the provider as a CLI does, and asks it for its schema.
func startUp(t testing.TB, binary string) (handshake, schema time.Duration, size int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(os.Environ(), cookie, "PLUGIN_PROTOCOL_VERSIONS=6")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider did not start: %v", err)
	}
	handshake = time.Since(begin)
	// Such as 1|6|unix|/tmp/plugin123|grpc|
	fields := strings.Split(strings.TrimSpace(line), "|")
	if len(fields) < 5 || fields[2] != "unix" || fields[4] != "grpc" {
		t.Fatalf("the provider introduced itself as %q", line)
	}
	conn, err := grpc.NewClient("unix:"+fields[3], grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // the provider is killed next
	var answer []byte
	begin = time.Now()
	if err := conn.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", []byte{}, &answer, grpc.ForceCodecV2(verbatim{})); err != nil {
		t.Fatal(err)
	}
	return handshake, time.Since(begin), len(answer)
}

// verbatim passes messages as they are: the size of the schema is all that is wanted of it.
type verbatim struct{}

// Marshal implements encoding.CodecV2.
func (verbatim) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

// Unmarshal implements encoding.CodecV2.
func (verbatim) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// Name implements encoding.CodecV2.
func (verbatim) Name() string { return "proto" }

// memory watches how much memory the processes of a program take at most. It needs Linux.
type memory struct {
	program string
	mu      sync.Mutex
	peak    int // KiB
}

func watchMemory(t testing.TB, program string) *memory {
	t.Helper()
	m := &memory{program: program}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			m.look()
			time.Sleep(50 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return m
}

func (m *memory) look() {
	programs, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range programs {
		if target, err := os.Readlink(link); err != nil || target != m.program {
			continue
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(link), "status"))
		if err != nil {
			continue
		}
		_, after, _ := strings.Cut(string(status), "VmHWM:")
		fields := strings.Fields(after)
		if len(fields) == 0 {
			continue
		}
		if size, err := strconv.Atoi(fields[0]); err == nil {
			m.mu.Lock()
			m.peak = max(m.peak, size)
			m.mu.Unlock()
		}
	}
}

// take returns the peak since the last call in MB, 0 when no such process was seen.
func (m *memory) take() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	peak := m.peak
	m.peak = 0
	return peak * 1024 / 1000 / 1000
}
