package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTypesAreThoseOfClientGo(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../types.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("internal/kube/apitypes/types.json is not what this version of client-go knows: run go generate ./internal/kube/apitypes")
	}
}
