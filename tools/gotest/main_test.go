package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	events := `{"Action":"output","Package":"p","Test":"TestFast","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestFast","Elapsed":0.1}
{"Action":"pass","Package":"p","Test":"TestSlow","Elapsed":12.3}
{"Action":"output","Package":"p","Test":"TestBad","Output":"    bad_test.go:7: got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestBad","Elapsed":0.1}
{"Action":"output","Package":"p","Test":"TestLater","Output":"    later_test.go:9: needs a cluster:\n"}
{"Action":"output","Package":"p","Test":"TestLater","Output":"        set ANALYTICS_KUBECONFIG\n"}
{"Action":"output","Package":"p","Test":"TestLater","Output":"--- SKIP: TestLater (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestLater","Elapsed":0}
{"Action":"output","Package":"p","Output":"FAIL\tp\t1.0s\n"}
{"Action":"fail","Package":"p","Elapsed":1}
go: a message of the go command
`
	var out bytes.Buffer
	r := &report{out: &out, output: map[string][]string{}}
	if err := r.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	r.conclude()
	for _, want := range []string{
		"TestSlow passed in 12.3s", "got 1, want 2", "FAIL\tp\t1.0s", "go: a message of the go command",
		"2 tests passed, 1 failed, 1 skipped", "skipped TestLater: needs a cluster: set ANALYTICS_KUBECONFIG",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing from:\n%s", want, &out)
		}
	}
	for _, noise := range []string{"noise", "TestFast"} {
		if strings.Contains(out.String(), noise) {
			t.Errorf("%q should not be in:\n%s", noise, &out)
		}
	}
}
