package validate

import (
	"net"
	"path"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// seed gives the fuzzer the values of the table, of all validators: what one
// allows is what another must refuse.
func seed(f *testing.F) {
	f.Helper()
	for _, c := range texts {
		for _, text := range append(c.allowed, c.refused...) {
			f.Add(text)
		}
	}
}

// No text makes a validator panic, or be refused without a reason.
func FuzzTexts(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		for name, c := range texts {
			if err := c.validator.Check(text); err != nil && err.Error() == "" {
				t.Errorf("%s refuses %q without a reason", name, text)
			}
		}
	})
}

// Amounts that are allowed can be rendered, and come back from the API server with
// the same meaning.
func FuzzQuantities(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		cpu, bytes := CPU().Check(text) == nil, Bytes().Check(text) == nil
		if !cpu && !bytes {
			return
		}
		q, err := resource.ParseQuantity(text)
		if err != nil {
			t.Fatalf("%q is allowed and cannot be parsed: %v", text, err)
		}
		if q.Sign() <= 0 {
			t.Errorf("%q is allowed and not above zero", text)
		}
		again, err := resource.ParseQuantity(q.String())
		if err != nil || again.Cmp(q) != 0 {
			t.Errorf("%q is canonically %q, which is %v (%v)", text, q.String(), again, err)
		}
		list := corev1.ResourceList{corev1.ResourceMemory: q, corev1.ResourceCPU: q}
		if bytes && list.Memory().Value() <= 0 {
			t.Errorf("%q is allowed and no number of bytes", text)
		}
		if cpu && list.Cpu().MilliValue() <= 0 {
			t.Errorf("%q is allowed and no number of cores", text)
		}
	})
}

// Paths that are allowed stay where they are mounted.
func FuzzPaths(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		if MountPath().Check(text) == nil && (!path.IsAbs(text) || path.Clean(text) != text || text == "/") {
			t.Errorf("%q is allowed as a mount path", text)
		}
		if RelativePath().Check(text) == nil && !strings.HasPrefix(path.Join("/volume", text), "/volume/") {
			t.Errorf("%q is allowed and leaves its volume", text)
		}
	})
}

// Addresses and durations that are allowed mean the same to others.
func FuzzForms(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		if IP().Check(text) == nil && net.ParseIP(text) == nil {
			t.Errorf("%q is allowed and no IP address", text)
		}
		if CIDR().Check(text) == nil {
			if ip, network, err := net.ParseCIDR(text); err != nil || !ip.Equal(network.IP) {
				t.Errorf("%q is allowed and no range: %v", text, err)
			}
		}
		if Duration().Check(text) == nil {
			if d, err := time.ParseDuration(text); err != nil || d <= 0 {
				t.Errorf("%q is allowed and no duration: %v", text, err)
			}
		}
	})
}
