//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// ensureNetwork lays the cable between the machine and the node whose
// supervisor has that process id, and the routes to pods and Services, as far
// as they are missing.
func (c embedded) ensureNetwork(pid int) error {
	a := c.addresses()
	name := c.hostInterface()
	_, err := netlink.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		if err := c.rangesAreFree(); err != nil {
			return err
		}
		veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: "eth0", PeerNamespace: netlink.NsPid(pid)}
		err = netlink.LinkAdd(veth)
	}
	if err != nil {
		return fmt.Errorf("making the interface %s: %w", name, err)
	}

	namespace, err := netns.GetFromPid(pid)
	if err != nil {
		return err
	}
	defer namespace.Close() //nolint:errcheck // only read
	node, err := netlink.NewHandleAt(namespace)
	if err != nil {
		return err
	}
	defer node.Close()
	machine, err := netlink.NewHandle()
	if err != nil {
		return err
	}
	defer machine.Close()

	if err := setUp(node, "lo", netip.Prefix{}); err != nil {
		return err
	}
	if err := setUp(node, "eth0", netip.PrefixFrom(a.Node, a.Cable.Bits())); err != nil {
		return fmt.Errorf("the node's end of %s (another program's interface?): %w", name, err)
	}
	if err := node.RouteReplace(&netlink.Route{Gw: a.Host.AsSlice()}); err != nil {
		return fmt.Errorf("the node's default route: %w", err)
	}
	if err := setUp(machine, name, netip.PrefixFrom(a.Host, a.Cable.Bits())); err != nil {
		return err
	}
	for _, to := range []netip.Prefix{a.Services, a.Pods} {
		if err := machine.RouteReplace(&netlink.Route{Dst: ipNet(to), Gw: a.Node.AsSlice()}); err != nil {
			return fmt.Errorf("the route to %s: %w", to, err)
		}
	}
	return nil
}

// removeInterface removes the machine's end of the cable, and with it the other
// end and the routes.
func (c embedded) removeInterface() error {
	link, err := netlink.LinkByName(c.hostInterface())
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := netlink.LinkDel(link); err != nil && !errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("removing the interface %s: %w", c.hostInterface(), err)
	}
	return nil
}

// setUp switches an interface on, with an address where one is given.
func setUp(h *netlink.Handle, name string, address netip.Prefix) error {
	link, err := h.LinkByName(name)
	if err != nil {
		return fmt.Errorf("the interface %s: %w", name, err)
	}
	if address.IsValid() {
		if err := h.AddrReplace(link, &netlink.Addr{IPNet: ipNet(address)}); err != nil {
			return fmt.Errorf("the address %s of %s: %w", address, name, err)
		}
	}
	if err := h.LinkSetUp(link); err != nil {
		return fmt.Errorf("switching %s on: %w", name, err)
	}
	return nil
}

// rangesAreFree makes sure that no network of the machine has addresses that
// the cluster takes, so that nothing is ever sent to somebody else's.
func (c embedded) rangesAreFree() error {
	a := c.addresses()
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("reading the machine's routes: %w", err)
	}
	for _, r := range routes {
		if r.Dst == nil {
			continue
		}
		ones, _ := r.Dst.Mask.Size()
		addr, ok := netip.AddrFromSlice(r.Dst.IP.To4())
		if !ok || ones == 0 {
			continue
		}
		route := netip.PrefixFrom(addr, ones)
		for _, ours := range []netip.Prefix{a.Cable, a.Pods, a.Services} {
			if ours.Overlaps(route) {
				return fmt.Errorf("this machine has a route to %s, which overlaps with the cluster's %s: take another cluster number (--id or ANALYTICS_CLUSTER_ID)", route, ours)
			}
		}
	}
	return nil
}
