package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const mib = 1 << 20

var mount = []*csi.VolumeCapability{{AccessType: &csi.VolumeCapability_Mount{Mount: &csi.VolumeCapability_MountVolume{}}}}

func TestVolumeIsMadeGrownAndRemoved(t *testing.T) {
	d := &driver{dir: t.TempDir(), pretend: true}
	file := filepath.Join(d.dir, "pvc-1.img")
	has := func(want int64) {
		t.Helper()
		st, err := os.Stat(file)
		if err != nil || st.Size() != want {
			t.Errorf("the file has %v bytes, %v, not %d", st, err, want)
		}
	}
	create := func(required int64) (*csi.CreateVolumeResponse, error) {
		return d.CreateVolume(t.Context(), &csi.CreateVolumeRequest{
			Name: "pvc-1", VolumeCapabilities: mount, CapacityRange: &csi.CapacityRange{RequiredBytes: required},
		})
	}
	for range 2 { // a call that was answered may come again
		made, err := create(400 * mib)
		if err != nil || made.Volume.CapacityBytes != 400*mib {
			t.Fatalf("got %v, %v", made, err)
		}
		has(400 * mib)
	}
	if _, err := create(500 * mib); status.Code(err) != codes.AlreadyExists {
		t.Errorf("the same name with another size: %v", err)
	}
	for _, c := range []struct{ asked, want int64 }{{600 * mib, 600 * mib}, {600 * mib, 600 * mib}, {500 * mib, 600 * mib}} {
		grown, err := d.ControllerExpandVolume(t.Context(), &csi.ControllerExpandVolumeRequest{
			VolumeId: "pvc-1", CapacityRange: &csi.CapacityRange{RequiredBytes: c.asked},
		})
		if err != nil || grown.CapacityBytes != c.want {
			t.Errorf("%d bytes: got %v, %v", c.asked, grown, err)
		}
		has(c.want)
	}
	for range 2 {
		if _, err := d.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: "pvc-1"}); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(d.dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := d.ControllerExpandVolume(t.Context(), &csi.ControllerExpandVolumeRequest{VolumeId: "pvc-1"}); status.Code(err) != codes.NotFound {
		t.Errorf("growing what is gone: %v", err)
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct{ required, limit, want int64 }{
		{0, 0, fullSize},
		{1, 0, minSize},
		{400 * mib, 0, 400 * mib},
		{400 * mib, 400 * mib, 400 * mib},
		{1, 100 * mib, 0},
		{0, 500 * mib, 0},
		{maxSize, 0, maxSize},
		{maxSize + 1, 0, 0},
	} {
		got, err := size(&csi.CapacityRange{RequiredBytes: c.required, LimitBytes: c.limit})
		if got != c.want || c.want == 0 && status.Code(err) != codes.OutOfRange {
			t.Errorf("%+v: got %d, %v", c, got, err)
		}
	}
}

func TestRefused(t *testing.T) {
	d := &driver{dir: t.TempDir(), pretend: true}
	for _, name := range []string{"", "..", "../pvc", "a/b", "-a", "a.img"} {
		if _, err := d.CreateVolume(t.Context(), &csi.CreateVolumeRequest{Name: name, VolumeCapabilities: mount}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("a volume called %q: %v", name, err)
		}
		if _, err := d.DeleteVolume(t.Context(), &csi.DeleteVolumeRequest{VolumeId: name}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("removing %q: %v", name, err)
		}
	}
	block := []*csi.VolumeCapability{{AccessType: &csi.VolumeCapability_Block{Block: &csi.VolumeCapability_BlockVolume{}}}}
	if _, err := d.CreateVolume(t.Context(), &csi.CreateVolumeRequest{Name: "pvc-1", VolumeCapabilities: block}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a block device: %v", err)
	}
}
