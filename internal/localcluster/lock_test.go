package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	t.Setenv("ANALYTICS_CACHE", t.TempDir())
	unlock, err := lock(t.Context(), "a", "another")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := lock(t.Context(), "b", "another"); err != nil {
		t.Errorf("another lock: %v", err)
	} else {
		other()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := lock(ctx, "a", "another"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the lock was given twice: %v", err)
	}
	unlock()
	again, err := lock(t.Context(), "a", "another")
	if err != nil {
		t.Fatal(err)
	}
	again()
}
