package kube

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server answers the nth request by the nth handler, and the rest by the last one. The counter tells how many came.
func server(t *testing.T, handlers ...http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var count atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := min(int(count.Add(1)), len(handlers))
		handlers[n-1](w, r)
	}))
	t.Cleanup(s.Close)
	return s, &count
}

func answer(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestRetry(t *testing.T) {
	const apply, merge = "application/apply-patch+yaml", "application/merge-patch+json"
	ok := answer(200, "fine")
	for name, test := range map[string]struct {
		method, contentType string
		handlers            []http.HandlerFunc
		requests            int32
		code                int // 0 is an error
	}{
		"fine":                      {"GET", "", []http.HandlerFunc{ok}, 1, 200},
		"busy read":                 {"GET", "", []http.HandlerFunc{answer(429, ""), answer(429, ""), ok}, 3, 200},
		"busy create":               {"POST", "", []http.HandlerFunc{answer(429, ""), ok}, 2, 200},
		"unavailable apply":         {"PATCH", apply, []http.HandlerFunc{answer(503, ""), ok}, 2, 200},
		"unavailable create":        {"POST", "", []http.HandlerFunc{answer(503, ""), ok}, 1, 503},
		"unavailable merge":         {"PATCH", merge, []http.HandlerFunc{answer(503, ""), ok}, 1, 503},
		"internal error":            {"PATCH", apply, []http.HandlerFunc{answer(500, "etcdserver: leader changed"), ok}, 2, 200},
		"internal error for ever":   {"GET", "", []http.HandlerFunc{answer(500, "x")}, 4, 500},
		"unknown field":             {"PATCH", apply, []http.HandlerFunc{answer(500, ".spec.x: field not declared in schema"), ok}, 1, 500},
		"reset read":                {"GET", "", []http.HandlerFunc{reset, ok}, 2, 200},
		"reset apply":               {"PATCH", apply, []http.HandlerFunc{reset, ok}, 2, 200},
		"reset create":              {"POST", "", []http.HandlerFunc{reset, ok}, 1, 0},
		"expired":                   {"POST", "", []http.HandlerFunc{answer(401, ""), ok}, 2, 200},
		"wrong credentials":         {"GET", "", []http.HandlerFunc{answer(401, "")}, 2, 401},
		"busy for ever":             {"GET", "", []http.HandlerFunc{answer(429, "")}, retryAttempts, 429},
		"not found is not repeated": {"GET", "", []http.HandlerFunc{answer(404, ""), ok}, 1, 404},
	} {
		t.Run(name, func(t *testing.T) {
			s, count := server(t, append([]http.HandlerFunc{}, wantBody(t, test.method, test.handlers)...)...)
			r := newRetrier(&http.Transport{DisableKeepAlives: true}, true)
			r.wait = time.Millisecond
			var slept []time.Duration
			r.sleepContext = func(_ context.Context, d time.Duration) bool { slept = append(slept, d); return true }
			var body io.Reader
			if test.method != "GET" {
				body = strings.NewReader("body")
			}
			req, err := http.NewRequest(test.method, s.URL+"/api", body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", test.contentType)
			resp, err := r.RoundTrip(req)
			code := 0
			if err == nil {
				defer resp.Body.Close() //nolint:errcheck // the body is read
				code = resp.StatusCode
				if text, _ := io.ReadAll(resp.Body); code == 500 && len(text) == 0 {
					t.Error("the body of the error is gone")
				}
				if code >= 400 && resp.Header.Get("Retry-After") != "" {
					t.Error("client-go would repeat it once more")
				}
			}
			if code != test.code || count.Load() != test.requests {
				t.Errorf("got %d (%v) after %d requests", code, err, count.Load())
			}
			if strings.HasPrefix(name, "busy") && slept[0] < 3*time.Second {
				t.Errorf("Retry-After is not heeded: %v", slept)
			}
		})
	}
}

// wantBody lets the handlers check that each attempt has the whole body.
func wantBody(t *testing.T, method string, handlers []http.HandlerFunc) []http.HandlerFunc {
	t.Helper()
	var checked []http.HandlerFunc
	for _, handler := range handlers {
		checked = append(checked, func(w http.ResponseWriter, r *http.Request) {
			if text, _ := io.ReadAll(r.Body); method != "GET" && string(text) != "body" {
				t.Errorf("the request came with the body %q", text)
			}
			handler(w, r)
		})
	}
	return checked
}

func TestRetryTimeLimit(t *testing.T) {
	hang := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "start")
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(400 * time.Millisecond):
			_, _ = io.WriteString(w, " end")
		}
	}
	for path, limited := range map[string]bool{
		"/api/v1/pods": true, "/api/v1/pods?watch=true": false, "/api/v1/namespaces/a/pods/b/log?follow=true": false,
	} {
		t.Run(path, func(t *testing.T) {
			s, _ := server(t, hang)
			r := newRetrier(http.DefaultTransport, false)
			r.timeout = 100 * time.Millisecond
			resp, err := (&http.Client{Transport: r}).Get(s.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close() //nolint:errcheck // the body is read
			text, err := io.ReadAll(resp.Body)
			var slow *slowError
			if limited != errors.As(err, &slow) || !limited && string(text) != "start end" {
				t.Errorf("read %q, %v", text, err)
			}
		})
	}
	t.Run("no answer at all", func(t *testing.T) {
		s, count := server(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		r := newRetrier(http.DefaultTransport, false)
		r.timeout = 50 * time.Millisecond
		_, err := (&http.Client{Transport: r}).Get(s.URL) //nolint:bodyclose // there is none
		var slow *slowError
		if !errors.As(err, &slow) || count.Load() != 1 || Classify(err).Verdict != Transient {
			t.Errorf("got %v after %d requests", err, count.Load())
		}
	})
	t.Run("cancelled while it waits", func(t *testing.T) {
		s, _ := server(t, answer(429, ""))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = newRetrier(http.DefaultTransport, false).RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) { //nolint:bodyclose // there is none
			t.Errorf("got %v", err)
		}
	})
}
