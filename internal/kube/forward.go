package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// forwardRequests numbers the streams of port-forwards; data and error stream of one belong together by it.
var forwardRequests atomic.Int64

// Dial opens a connection to a port of a pod through the API server: over WebSocket, or over SPDY where the server is too old for
// that or a proxy stands in the way. It needs the right to create pods/portforward. Whether anything listens on the port shows with
// the first read.
func (c *Cluster) Dial(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	dialer, err := c.forwardDialer(namespace, pod)
	if err != nil {
		return nil, fmt.Errorf("port-forward to pod %s/%s: %w", namespace, pod, err)
	}

	type dialed struct {
		connection httpstream.Connection
		err        error
	}
	// The dialers take no context: one that comes too late is closed.
	result := make(chan dialed, 1)
	go func() {
		connection, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		result <- dialed{connection, err}
	}()
	select {
	case <-ctx.Done():
		go func() {
			if late := <-result; late.err == nil {
				_ = late.connection.Close()
			}
		}()
		return nil, fmt.Errorf("port-forward to pod %s/%s: %w", namespace, pod, context.Cause(ctx))
	case d := <-result:
		if d.err != nil {
			return nil, fmt.Errorf("port-forward to pod %s/%s: %w", namespace, pod, d.err)
		}
		conn, err := forward(d.connection, namespace, pod, port)
		if err != nil {
			_ = d.connection.Close()
			return nil, fmt.Errorf("port-forward to pod %s/%s: %w", namespace, pod, err)
		}
		return conn, nil
	}
}

func (c *Cluster) forwardDialer(namespace, pod string) (httpstream.Dialer, error) {
	address := c.rest.Post().AbsPath("/api/v1").Namespace(namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	overSPDY := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	overWebSocket, err := portforward.NewSPDYOverWebsocketDialerForStreaming(address, c.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(overWebSocket, overSPDY, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// forward opens the two streams of one forwarded connection and joins them to one end of a pipe, which has the deadlines that the
// streams do not have.
func forward(connection httpstream.Connection, namespace, pod string, port int) (net.Conn, error) {
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(forwardRequests.Add(1), 10))
	failures, err := connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	_ = failures.Close() // it is only read
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}

	near, far := net.Pipe()
	conn := &forwarded{
		Conn:       near,
		connection: connection,
		remote:     forwardAddr(fmt.Sprintf("pod %s/%s port %d", namespace, pod, port)),
		failed:     make(chan struct{}),
	}
	go func() {
		defer close(conn.failed)
		if text, _ := io.ReadAll(io.LimitReader(failures, 64<<10)); len(text) > 0 {
			conn.failure = fmt.Errorf("%s: %s", conn.remote, strings.TrimSpace(string(text)))
			_ = data.Reset() // ends the copying below
		}
	}()
	go func() {
		_, _ = io.Copy(data, far)
		_ = data.Close()
	}()
	go func() {
		_, _ = io.Copy(far, data)
		// The reason, if there is one, comes on the other stream.
		select {
		case <-conn.failed:
		case <-time.After(time.Second):
		}
		_ = far.Close()
		_ = connection.Close()
	}()
	return conn, nil
}

// forwarded is a connection to a port of a pod.
type forwarded struct {
	net.Conn
	connection httpstream.Connection
	remote     forwardAddr
	closeOnce  sync.Once
	failed     chan struct{} // closed when failure is final
	failure    error
}

// Read implements net.Conn. Where the forwarding failed, it says why instead of io.EOF.
func (f *forwarded) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	return n, f.explain(err)
}

// Write implements net.Conn.
func (f *forwarded) Write(p []byte) (int, error) {
	n, err := f.Conn.Write(p)
	return n, f.explain(err)
}

func (f *forwarded) explain(err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	select {
	case <-f.failed:
		if f.failure != nil {
			return f.failure
		}
	default:
	}
	return err
}

// Close implements net.Conn.
func (f *forwarded) Close() error {
	err := f.Conn.Close()
	f.closeOnce.Do(func() { _ = f.connection.Close() })
	return err
}

// RemoteAddr implements net.Conn.
func (f *forwarded) RemoteAddr() net.Addr { return f.remote }

// forwardAddr names the far end of a port-forward.
type forwardAddr string

// Network implements net.Addr.
func (forwardAddr) Network() string { return "portforward" }

// String implements net.Addr.
func (a forwardAddr) String() string { return string(a) }
