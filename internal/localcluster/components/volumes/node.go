package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.node}, nil
}

func (d *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	resp := &csi.NodeGetCapabilitiesResponse{}
	for _, t := range []csi.NodeServiceCapability_RPC_Type{
		csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME,
		csi.NodeServiceCapability_RPC_EXPAND_VOLUME,
		csi.NodeServiceCapability_RPC_GET_VOLUME_STATS,
	} {
		resp.Capabilities = append(resp.Capabilities, &csi.NodeServiceCapability{
			Type: &csi.NodeServiceCapability_Rpc{Rpc: &csi.NodeServiceCapability_RPC{Type: t}},
		})
	}
	return resp, nil
}

func (d *driver) NodeStageVolume(_ context.Context, req *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	file, err := d.file(req.VolumeId)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(file); err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	d.loops.Lock()
	defer d.loops.Unlock()
	if !mounted(req.StagingTargetPath) {
		// "loop" frees the loop device by itself when the mount ends.
		if err := run("mount", "-t", "xfs", "-o", "loop,discard", file, req.StagingTargetPath); err != nil {
			return nil, err
		}
		// A volume that was enlarged while it was not mounted.
		if err := run("xfs_growfs", req.StagingTargetPath); err != nil {
			return nil, err
		}
	}
	return &csi.NodeStageVolumeResponse{}, nil
}

func (d *driver) NodeUnstageVolume(_ context.Context, req *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	if mounted(req.StagingTargetPath) {
		if err := run("umount", req.StagingTargetPath); err != nil {
			return nil, err
		}
	}
	return &csi.NodeUnstageVolumeResponse{}, nil
}

func (d *driver) NodePublishVolume(_ context.Context, req *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	if err := os.MkdirAll(req.TargetPath, 0o750); err != nil {
		return nil, err
	}
	if !mounted(req.TargetPath) {
		if err := run("mount", "--bind", req.StagingTargetPath, req.TargetPath); err != nil {
			return nil, err
		}
		if req.Readonly {
			if err := run("mount", "-o", "remount,bind,ro", req.TargetPath); err != nil {
				return nil, err
			}
		}
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (d *driver) NodeUnpublishVolume(_ context.Context, req *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	if mounted(req.TargetPath) {
		if err := run("umount", req.TargetPath); err != nil {
			return nil, err
		}
	}
	if err := os.Remove(req.TargetPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

func (d *driver) NodeExpandVolume(_ context.Context, req *csi.NodeExpandVolumeRequest) (*csi.NodeExpandVolumeResponse, error) {
	file, err := d.file(req.VolumeId)
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(file)
	if err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	out, err := exec.Command("losetup", "-n", "-O", "NAME", "-j", file).Output()
	if err != nil {
		return nil, err
	}
	for dev := range strings.FieldsSeq(string(out)) {
		if err := run("losetup", "-c", dev); err != nil {
			return nil, err
		}
	}
	if err := run("xfs_growfs", req.VolumePath); err != nil {
		return nil, err
	}
	return &csi.NodeExpandVolumeResponse{CapacityBytes: st.Size()}, nil
}

func (d *driver) NodeGetVolumeStats(_ context.Context, req *csi.NodeGetVolumeStatsRequest) (*csi.NodeGetVolumeStatsResponse, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(req.VolumePath, &s); err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	b := s.Bsize
	return &csi.NodeGetVolumeStatsResponse{Usage: []*csi.VolumeUsage{
		{Unit: csi.VolumeUsage_BYTES, Total: int64(s.Blocks) * b, Available: int64(s.Bavail) * b, Used: int64(s.Blocks-s.Bfree) * b},
		{Unit: csi.VolumeUsage_INODES, Total: int64(s.Files), Available: int64(s.Ffree), Used: int64(s.Files - s.Ffree)},
	}}, nil
}
