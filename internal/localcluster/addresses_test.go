package main

import (
	"net/netip"
	"testing"
)

func TestAddressesOfClustersDoNotMeet(t *testing.T) {
	type network struct {
		id     int
		prefix netip.Prefix
	}
	var all []network
	for id := range maxID + 1 {
		a := addressesOf(id)
		for _, p := range []netip.Prefix{a.Cable, a.Pods, a.Services} {
			for _, other := range all {
				if p.Overlaps(other.prefix) {
					t.Errorf("%s of cluster %d overlaps with %s of cluster %d", p, id, other.prefix, other.id)
				}
			}
			all = append(all, network{id, p})
		}
		for _, in := range []struct {
			network netip.Prefix
			address netip.Addr
		}{{a.Cable, a.Host}, {a.Cable, a.Node}, {a.Services, a.API}, {a.Services, a.DNS}} {
			if !in.network.Contains(in.address) {
				t.Errorf("cluster %d: %s is not in %s", id, in.address, in.network)
			}
		}
	}
}
