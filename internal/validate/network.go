package validate

import (
	"fmt"
	"net/netip"
	"strings"
)

// IP validates an IPv4 or IPv6 address.
func IP() Text {
	return Text{
		Allowed: `an IP address such as "10.0.0.10" or "fd00::10"`,
		Check: func(s string) error {
			address, err := netip.ParseAddr(s)
			switch {
			case err != nil:
				return fmt.Errorf("%q is no IP address", s)
			case address.Zone() != "":
				return fmt.Errorf("%q has a zone", s)
			case address.Is4In6():
				return fmt.Errorf("%q is an IPv4 address written as IPv6; write %q", s, address.Unmap())
			}
			return nil
		},
		Forms: [2]string{"192.0.2.1", "192.0.2.2"},
	}
}

// CIDR validates a range of IP addresses.
func CIDR() Text {
	return Text{
		Allowed: `a range of IP addresses such as "10.0.0.0/8" or "fd00::/8"`,
		Check: func(s string) error {
			prefix, err := netip.ParsePrefix(s)
			switch {
			case err != nil:
				return fmt.Errorf("%q is no range of IP addresses", s)
			case prefix.Addr().Is4In6():
				return fmt.Errorf("%q is an IPv4 range written as IPv6", s)
			case prefix.Masked() != prefix:
				return fmt.Errorf("%q has bits set beyond its length; write %q", s, prefix.Masked())
			}
			return nil
		},
		Forms: [2]string{"192.0.2.1/32", "192.0.2.2/32"},
	}
}

// HostName validates a DNS name.
func HostName() Text {
	return Text{
		Allowed: "a host name: lower case letters, digits, '-' and '.'",
		Check: func(s string) error {
			// A final dot marks a name as complete.
			return ObjectName().Check(strings.TrimSuffix(s, "."))
		},
		Forms: [2]string{"standin-a", "standin-b"},
	}
}
