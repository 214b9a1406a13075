package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
)

const (
	requestTimeout = 30 * time.Second // of a single request, its answer's body included
	retryFor       = 60 * time.Second // how long after the first attempt another may still begin
	retryAttempts  = 6
	retryWait      = 200 * time.Millisecond // after the first failure; doubles
	retryWaitMax   = 10 * time.Second
)

// retrier repeats requests that failed for a passing reason, and limits the time of each. Only what may be sent twice is repeated:
// reads and server-side applies after any passing failure, everything else only when the server did not begin to process it.
type retrier struct {
	next         http.RoundTripper
	refreshable  bool // the credentials come from a file or a command, so that a new attempt after 401 may carry newer ones
	timeout      time.Duration
	wait         time.Duration
	sleepContext func(context.Context, time.Duration) bool
}

func newRetrier(next http.RoundTripper, refreshable bool) *retrier {
	return &retrier{next: next, refreshable: refreshable, timeout: requestTimeout, wait: retryWait, sleepContext: sleep}
}

// WrappedRoundTripper lets client-go find the transport below.
func (r *retrier) WrappedRoundTripper() http.RoundTripper { return r.next }

// RoundTrip implements http.RoundTripper.
func (r *retrier) RoundTrip(req *http.Request) (*http.Response, error) {
	begin := time.Now()
	for attempt := 1; ; attempt++ {
		try, err := rewound(req, attempt)
		if err != nil {
			return nil, err
		}
		resp, err := r.once(try)
		delay, again := r.again(req, attempt, resp, err)
		again = again && attempt < retryAttempts && time.Since(begin)+delay < retryFor && (req.Body == nil || req.GetBody != nil)
		if !again {
			if resp != nil && resp.StatusCode >= 400 {
				// client-go has retries of its own on this header, also for what must not be sent twice.
				resp.Header.Del("Retry-After")
			}
			return resp, err
		}
		if resp != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
			_ = resp.Body.Close()
		}
		if !r.sleepContext(req.Context(), delay) {
			return nil, context.Cause(req.Context())
		}
	}
}

// rewound is the request for an attempt: from the second on with a fresh body.
func rewound(req *http.Request, attempt int) (*http.Request, error) {
	try := req.Clone(req.Context())
	if attempt > 1 && req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		try.Body = body
	}
	return try, nil
}

// once sends a request, within the time for a single one unless it is a stream.
func (r *retrier) once(req *http.Request) (*http.Response, error) {
	if isStream(req) {
		return r.next.RoundTrip(req)
	}
	slow := &slowError{method: req.Method, host: req.URL.Host, path: req.URL.Path, limit: r.timeout}
	ctx, cancel := context.WithTimeoutCause(req.Context(), r.timeout, slow)
	resp, err := r.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		if errors.Is(context.Cause(ctx), slow) {
			err = slow
		}
		cancel()
		return nil, err
	}
	resp.Body = &limitedBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, slow: slow}
	return resp, nil
}

// isStream tells requests that stay open on purpose: watches, logs, and upgraded connections.
func isStream(req *http.Request) bool {
	query := req.URL.Query()
	watching, _ := strconv.ParseBool(query.Get("watch"))
	return watching || strings.HasSuffix(req.URL.Path, "/log") || req.Header.Get("Upgrade") != ""
}

// again tells whether a failed attempt may be repeated, and after which time.
func (r *retrier) again(req *http.Request, attempt int, resp *http.Response, err error) (time.Duration, bool) {
	delay := min(r.wait<<(attempt-1), retryWaitMax)
	delay += time.Duration(rand.Int64N(int64(delay)/2 + 1)) //nolint:gosec // only so that parallel requests do not come back all at once
	repeatable := isRepeatable(req)
	if err != nil {
		var slow *slowError
		switch {
		case req.Context().Err() != nil, errors.As(err, &slow):
			return 0, false
		case errors.Is(err, syscall.ECONNREFUSED):
			return delay, attempt < 4 // nobody listens: worth a moment for a restart, not more
		case utilnet.IsConnectionReset(err), utilnet.IsProbableEOF(err), utilnet.IsHTTP2ConnectionLost(err),
			errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return delay, repeatable
		}
		return 0, false
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		// Refused before processing, so any request may come again. An eviction that a budget forbids is not an overload.
		if strings.HasSuffix(req.URL.Path, "/eviction") {
			return 0, false
		}
		return max(delay, retryAfter(resp)), true
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return max(delay, retryAfter(resp)), repeatable
	case http.StatusInternalServerError:
		return max(delay, retryAfter(resp)), repeatable && attempt < 4 && isPassing(resp)
	case http.StatusUnauthorized:
		return delay, r.refreshable && attempt == 1
	}
	return 0, false
}

// isRepeatable tells requests that have the same effect when sent twice.
func isRepeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPatch:
		return req.Header.Get("Content-Type") == string(types.ApplyYAMLPatchType)
	}
	return false
}

// isPassing tells an internal error that may heal from one about the request itself: server-side apply answers 500 to a field that
// the schema does not have. It leaves the body readable.
func isPassing(resp *http.Response) bool {
	start, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	resp.Body = &readAgain{Reader: io.MultiReader(bytes.NewReader(start), resp.Body), Closer: resp.Body}
	return err == nil && !bytes.Contains(start, []byte("failed to create typed patch object")) &&
		!bytes.Contains(start, []byte("field not declared in schema"))
}

// readAgain is a body of which a part was read already.
type readAgain struct {
	io.Reader
	io.Closer
}

func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// limitedBody ends the time of a request with its body, and says so where that time is over.
type limitedBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelFunc
	slow   *slowError
}

// Read implements io.Reader.
func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && errors.Is(context.Cause(b.ctx), b.slow) {
		err = b.slow
	}
	return n, err
}

// Close implements io.Closer.
func (b *limitedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// slowError is a single request that took too long, although the operation it belongs to has time left.
type slowError struct {
	method, host, path string
	limit              time.Duration
}

// Error implements error.
func (e *slowError) Error() string {
	return fmt.Sprintf("the API server at %s did not answer %s %s within %s", e.host, e.method, e.path, e.limit)
}

// Timeout implements net.Error.
func (e *slowError) Timeout() bool { return true }

// Temporary implements net.Error.
func (e *slowError) Temporary() bool { return true }
