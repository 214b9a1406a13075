package kube

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestWaitGone(t *testing.T) {
	const path, list = "GET /api/v1/namespaces/data/configmaps/a", "GET /api/v1/namespaces/data/configmaps"
	gone := failure(404, "NotFound", "configmaps", "no")
	there := reply(200, object(configMap, "data", "a"))
	onceThere := func(w http.ResponseWriter, n int) {
		if n == 1 {
			there(w, n)
			return
		}
		gone(w, n)
	}
	for name, test := range map[string]struct {
		answers map[string]func(http.ResponseWriter, int)
		uid     types.UID
		message string
	}{
		"another has its name already": {map[string]func(http.ResponseWriter, int){path: there}, "u-before", ""},
		"gone already":                 {map[string]func(http.ResponseWriter, int){path: gone}, "", ""},
		"deletion seen by the watch": {map[string]func(http.ResponseWriter, int){
			path: onceThere, list: reply(200, `{"type":"DELETED","object":`+object(configMap, "data", "a")+`}`),
		}, "u-a", ""},
		"watch forbidden": {map[string]func(http.ResponseWriter, int){
			path: onceThere, list: failure(403, "Forbidden", "configmaps", `User "x" cannot watch`),
		}, "", ""},
		"another took its name": {map[string]func(http.ResponseWriter, int){
			path: func(w http.ResponseWriter, n int) {
				if n == 1 {
					there(w, n)
					return
				}
				reply(200, strings.Replace(object(configMap, "data", "a"), "u-a", "u-other", 1))(w, n)
			},
			list: reply(200, ""),
		}, "", ""},
		"finalizer": {map[string]func(http.ResponseWriter, int){
			path: reply(200, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"data","name":"a","uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["example.com/hold"]}}`),
			list: reply(200, ""),
		}, "", "example.com/hold"},
	} {
		t.Run(name, func(t *testing.T) {
			c, api := recorded(t, test.answers)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			err := c.WaitGone(ctx, Ref{configMap, "data", "a"}, test.uid)
			if (err == nil) != (test.message == "") || err != nil && !strings.Contains(err.Error(), test.message) {
				t.Errorf("got %v after %q", err, api.asked())
			}
		})
	}
}

func TestLogs(t *testing.T) {
	c, api := recorded(t, map[string]func(http.ResponseWriter, int){
		"GET /api/v1/namespaces/data/pods/a/log": func(w http.ResponseWriter, _ int) { _, _ = w.Write([]byte("one\ntwo\n")) },
	})
	text, err := c.Logs(t.Context(), "data", "a", "main", 20, true)
	if err != nil || text != "one\ntwo\n" {
		t.Errorf("got %q, %v", text, err)
	}
	for _, want := range []string{"container=main", "tailLines=20", "previous=true"} {
		if !strings.Contains(api.asked()[0], want) {
			t.Errorf("%s has no %s", api.asked()[0], want)
		}
	}
}
