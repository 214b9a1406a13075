package kube

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// spdyOnly is an API server before WebSocket port-forward: port 80 echoes, port 81 has no listener, port 82 says nothing.
func spdyOnly(t *testing.T) (*Cluster, *atomic.Int32) {
	t.Helper()
	var webSockets atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/api/v1/namespaces/data/pods/minio-0/portforward" {
			http.NotFound(w, req)
			return
		}
		if req.Method == http.MethodGet {
			webSockets.Add(1)
			http.Error(w, "unable to upgrade", http.StatusBadRequest)
			return
		}
		if _, err := httpstream.Handshake(req, w, []string{"portforward.k8s.io"}); err != nil {
			t.Error(err)
			return
		}
		streams := make(chan httpstream.Stream, 2)
		connection := spdy.NewResponseUpgrader().UpgradeResponse(w, req, func(stream httpstream.Stream, _ <-chan struct{}) error {
			streams <- stream
			return nil
		})
		if connection == nil {
			return
		}
		failures, data := <-streams, <-streams
		switch data.Headers().Get("port") {
		case "80":
			_ = failures.Close()
			_, _ = io.Copy(data, data)
			_ = data.Close()
		case "81":
			_, _ = io.WriteString(failures, "dial tcp4 127.0.0.1:81: connect: connection refused")
			_ = failures.Close()
			_ = data.Close()
		}
		<-connection.CloseChan()
	}))
	t.Cleanup(s.Close)
	c, err := New(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c, &webSockets
}

func dial(t *testing.T, c *Cluster, port int) net.Conn {
	t.Helper()
	conn, err := c.Dial(t.Context(), "data", "minio-0", port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestDial(t *testing.T) {
	c, webSockets := spdyOnly(t)

	t.Run("data both ways", func(t *testing.T) {
		conn := dial(t, c, 80)
		text := strings.Repeat("0123456789", 100_000)
		go func() { _, _ = io.WriteString(conn, text) }()
		got := make([]byte, len(text))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
		if webSockets.Load() == 0 {
			t.Error("WebSocket was not tried first")
		}
	})
	t.Run("nothing listens", func(t *testing.T) {
		conn := dial(t, c, 81)
		if _, err := conn.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		conn := dial(t, c, 82)
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("closed while read", func(t *testing.T) {
		conn := dial(t, c, 82)
		time.AfterFunc(20*time.Millisecond, func() { _ = conn.Close() })
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("a read of a closed connection gave no error")
		}
	})
	t.Run("no such pod", func(t *testing.T) {
		if _, err := c.Dial(t.Context(), "data", "other", 80); err == nil || !strings.Contains(err.Error(), "data/other") {
			t.Errorf("got %v", err)
		}
	})
}
