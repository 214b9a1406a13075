package minio

import (
	"testing"
)

func TestTopology(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		servers, drives, size, sets, parity int
		usable                              float64
	}{
		{1, 1, 1, 1, 0, 1},
		{4, 1, 4, 1, 2, 0.5},
		{4, 2, 8, 1, 4, 0.5},
		{4, 4, 16, 1, 4, 0.75},
		{6, 3, 6, 3, 3, 0.5},
		{6, 4, 12, 2, 4, 2.0 / 3},
		{8, 4, 16, 2, 4, 0.75},
		{10, 2, 10, 2, 4, 0.6},
		{18, 1, 9, 2, 4, 5.0 / 9},
	} {
		got, err := newTopology(c.servers, c.drives, gib, nil)
		if err != nil {
			t.Errorf("%d x %d: %v", c.servers, c.drives, err)
			continue
		}
		if got.SetSize != c.size || got.Sets != c.sets || got.Parity != c.parity {
			t.Errorf("%d x %d: got %d sets of %d with parity %d, want %d of %d with %d", c.servers, c.drives, got.Sets, got.SetSize, got.Parity, c.sets, c.size, c.parity)
		}
		share := float64(got.UsableBytes) / float64(got.RawBytes)
		if share < c.usable-0.001 || share > c.usable+0.001 {
			t.Errorf("%d x %d: usable share %.3f, want %.3f", c.servers, c.drives, share, c.usable)
		}
	}
}

func TestTopologyRefused(t *testing.T) {
	for _, c := range [][2]int{{17, 1}, {17, 2}, {19, 1}} {
		if got, err := newTopology(c[0], c[1], 1<<30, nil); err == nil {
			t.Errorf("%d x %d: got %+v, want an error", c[0], c[1], got)
		}
	}
	three := 3
	if _, err := newTopology(4, 1, 1<<30, &three); err == nil {
		t.Error("parity 3 of 4 drives was accepted")
	}
}

func TestTopologyLosses(t *testing.T) {
	four, err := newTopology(4, 1, 1<<30, nil)
	if err != nil {
		t.Fatal(err)
	}
	if four.ReadLosses != 2 || four.WriteLosses != 1 || four.Servers != 1 {
		t.Errorf("got %+v", four)
	}
}
