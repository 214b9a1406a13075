package main

import (
	"fmt"
	"net"
	"net/netip"
)

const (
	// nodeName is the node's name in the API, and its host name.
	nodeName = "analytics-node"
	// kwokNode is the name of the node that only pretends.
	kwokNode = "analytics-kwok-0"
)

// addresses are a cluster's networks. Those of different numbers do not meet:
// services count upwards from 10.96, pods downwards from 10.244.
type addresses struct {
	Host, Node     netip.Addr   // the two ends of the cable between machine and node
	Cable          netip.Prefix // their network
	Pods, Services netip.Prefix
	API, DNS       netip.Addr // of the Services kubernetes and kube-dns
}

func addressesOf(id int) addresses {
	b := byte(id)
	return addresses{
		Host:     netip.AddrFrom4([4]byte{10, 88, b, 1}),
		Node:     netip.AddrFrom4([4]byte{10, 88, b, 2}),
		Cable:    netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 88, b, 0}), 24),
		Pods:     netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 244 - b, 0, 0}), 16),
		Services: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 96 + b, 0, 0}), 16),
		API:      netip.AddrFrom4([4]byte{10, 96 + b, 0, 1}),
		DNS:      netip.AddrFrom4([4]byte{10, 96 + b, 0, 10}),
	}
}

// server is the API server's address.
func (a addresses) server() string {
	return fmt.Sprintf("https://%s:6443", a.Node)
}

// ipNet is a prefix, with its address and not only its network, as package net
// has it.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
