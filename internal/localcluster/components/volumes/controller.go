package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (d *driver) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	resp := &csi.ControllerGetCapabilitiesResponse{}
	for _, t := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_EXPAND_VOLUME,
	} {
		resp.Capabilities = append(resp.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: t}},
		})
	}
	return resp, nil
}

var goodID = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]*$`)

// file is the file of a volume.
func (d *driver) file(id string) (string, error) {
	if !goodID.MatchString(id) {
		return "", status.Errorf(codes.InvalidArgument, "bad volume id %q", id)
	}
	return filepath.Join(d.dir, id+".img"), nil
}

// size is how large a volume becomes. What cannot be is out of range, as the protocol wants it: csi-resizer tries that again seldom. Other
// failures it repeats without a pause, by which its back-off grows to five minutes, and then a size that is asked for instead may wait as long.
func size(r *csi.CapacityRange) (int64, error) {
	n := r.GetRequiredBytes()
	if n == 0 {
		n = fullSize
	}
	if n > maxSize {
		return 0, status.Errorf(codes.OutOfRange, "a volume cannot have more than %d bytes", int64(maxSize))
	}
	n = max(n, minSize)
	if limit := r.GetLimitBytes(); limit > 0 && n > limit {
		return 0, status.Errorf(codes.OutOfRange, "the least size is %d bytes", n)
	}
	return n, nil
}

func (d *driver) CreateVolume(_ context.Context, req *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	file, err := d.file(req.Name)
	if err != nil {
		return nil, err
	}
	n, err := size(req.CapacityRange)
	if err != nil {
		return nil, err
	}
	if err := supported(req.VolumeCapabilities); err != nil {
		return nil, err
	}
	done := func(n int64) (*csi.CreateVolumeResponse, error) {
		return &csi.CreateVolumeResponse{Volume: &csi.Volume{VolumeId: req.Name, CapacityBytes: n}}, nil
	}
	if st, err := os.Stat(file); err == nil {
		if st.Size() < n {
			return nil, status.Errorf(codes.AlreadyExists, "%s has %d bytes", req.Name, st.Size())
		}
		return done(st.Size())
	}
	tmp := file + ".new"
	defer os.Remove(tmp) //nolint:errcheck // it was renamed when all went well
	f, err := os.Create(tmp)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	if err := f.Truncate(n); err != nil {
		return nil, err
	}
	if !d.pretend {
		if err := run("mkfs.xfs", "-q", "-f", tmp); err != nil {
			return nil, err
		}
	}
	if err := os.Rename(tmp, file); err != nil {
		return nil, err
	}
	return done(n)
}

// supported refuses what the driver cannot do: block devices.
func supported(caps []*csi.VolumeCapability) error {
	for _, c := range caps {
		if c.GetMount() == nil {
			return status.Error(codes.InvalidArgument, "only file system volumes")
		}
	}
	return nil
}

func (d *driver) DeleteVolume(_ context.Context, req *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	file, err := d.file(req.VolumeId)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return &csi.DeleteVolumeResponse{}, nil
}

func (d *driver) ValidateVolumeCapabilities(_ context.Context, req *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if err := supported(req.VolumeCapabilities); err != nil {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: err.Error()}, nil //nolint:nilerr // this is how the protocol says no
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{
		VolumeCapabilities: req.VolumeCapabilities,
	}}, nil
}

// ControllerExpandVolume makes the file longer; the node grows the file system.
func (d *driver) ControllerExpandVolume(_ context.Context, req *csi.ControllerExpandVolumeRequest) (*csi.ControllerExpandVolumeResponse, error) {
	file, err := d.file(req.VolumeId)
	if err != nil {
		return nil, err
	}
	n, err := size(req.CapacityRange)
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(file)
	if err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	if st.Size() < n {
		if err := os.Truncate(file, n); err != nil {
			return nil, err
		}
	}
	return &csi.ControllerExpandVolumeResponse{CapacityBytes: max(n, st.Size()), NodeExpansionRequired: !d.pretend}, nil
}
