package httpjson_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/httpjson"
)

func TestSend(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = fmt.Fprintf(w, "%s %s [%s] [%s] [%s] %s", r.Method, r.URL.Path, r.Header.Get("Accept"), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), body)
	}))
	defer server.Close()
	for name, c := range map[string]struct {
		method, path, authorization string
		body                        any
		status                      int
		want                        string
	}{
		"without a body": {http.MethodGet, "/a", "", nil, 200, "GET /a [application/json] [] [] "},
		"with a body":    {http.MethodPost, "/b", "Bearer x", map[string]int{"n": 1}, 200, `POST /b [application/json] [application/json] [Bearer x] {"n":1}`},
		"no success":     {http.MethodGet, "/refused", "", nil, http.StatusTeapot, "GET /refused [application/json] [] [] "},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer, err := httpjson.Send(t.Context(), server.Client(), c.method, server.URL+c.path, c.authorization, c.body)
			if err != nil || status != c.status || string(answer) != c.want {
				t.Errorf("got %d %q (%v), want %d %q", status, answer, err, c.status, c.want)
			}
		})
	}
	if _, _, err := httpjson.Send(t.Context(), server.Client(), http.MethodPost, server.URL, "", func() {}); err == nil {
		t.Error("a body that is no JSON was sent")
	}
}

func TestSendRefusesEndlessAnswers(t *testing.T) {
	block := bytes.Repeat([]byte("x"), 1<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	_, _, err := httpjson.Send(t.Context(), server.Client(), http.MethodGet, server.URL+"/endless", "", nil)
	if err == nil || !strings.Contains(err.Error(), "GET /endless is longer than 64 MiB") {
		t.Errorf("got %v", err)
	}
}
