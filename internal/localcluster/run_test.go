package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

// An interrupt ends a command though children of its program, which it leaves
// behind, hold on to its output.
func TestRunCommandIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := runCommand(ctx, nil, "sh", "-c", "sleep 20 & wait")
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("the command ended with %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("the command goes on after its interrupt")
	}
}
