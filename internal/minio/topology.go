package minio

import "fmt"

// topology is how MinIO spreads objects over the drives of a pool. It follows
// from the numbers of servers and drives alone, as the server computes it.
type topology struct {
	SetSize, Sets, Parity int
	// UsableBytes of RawBytes hold data, the rest parity.
	RawBytes, UsableBytes int64
	// ReadLosses and WriteLosses are how many drives of a set may be lost while
	// objects can still be read and written.
	ReadLosses, WriteLosses int
	// Servers is how many may be away at once while everything can be written.
	Servers int
}

// Erasure sets have 2 to 16 drives.
const (
	minSetSize = 2
	maxSetSize = 16
)

// setSize returns the size of the erasure sets of a pool, or an error when its
// drives cannot be divided into sets that are spread evenly over its servers.
func setSize(servers, drives int) (int, error) {
	n := servers * drives
	if n == 1 {
		return 1, nil
	}
	var candidates []int
	largest := 0
	for s := minSetSize; s <= maxSetSize; s++ {
		if n%s != 0 {
			continue
		}
		largest = s
		if servers > s && servers%s == 0 || servers <= s && s%servers == 0 {
			candidates = append(candidates, s)
		}
	}
	if len(candidates) == 0 {
		return 0, fmt.Errorf("%d servers with %d drives each make %d drives, which cannot be divided into erasure sets of %d to %d drives "+
			"that are spread evenly over the servers; choose a number of servers that divides, or is divided by, such a size, for instance 4, 8 or 16",
			servers, drives, n, minSetSize, maxSetSize)
	}
	if n < largest {
		return n, nil
	}
	return candidates[len(candidates)-1], nil
}

// defaultParity is MinIO's own for a set of the given size.
func defaultParity(size int) int {
	switch {
	case size == 1:
		return 0
	case size <= 3:
		return 1
	case size <= 5:
		return 2
	case size <= 7:
		return 3
	default:
		return 4
	}
}

// newTopology computes the layout of one pool. parity is nil for the default,
// which only the first pool decides.
func newTopology(servers, drives int, driveBytes int64, parity *int) (topology, error) {
	size, err := setSize(servers, drives)
	if err != nil {
		return topology{}, err
	}
	n := servers * drives
	t := topology{SetSize: size, Sets: n / size, Parity: defaultParity(size), RawBytes: int64(n) * driveBytes}
	if parity != nil {
		t.Parity = *parity
	}
	if t.Parity > size/2 {
		return topology{}, fmt.Errorf("parity %d is more than half of the erasure set of %d drives; at most %d is possible", t.Parity, size, size/2)
	}
	t.UsableBytes = t.RawBytes / int64(size) * int64(size-t.Parity)
	t.ReadLosses = t.Parity
	t.WriteLosses = t.Parity
	if size-t.Parity == t.Parity && t.Parity > 0 {
		// With as much parity as data, writing needs one drive more than half.
		t.WriteLosses = t.Parity - 1
	}
	perServer := max(1, size/servers)
	t.Servers = t.WriteLosses / perServer
	return t, nil
}
