// Command volumes is a CSI driver for one node. A volume is a sparse file
// with an XFS file system in it, mounted through a loop device: it has its own
// size limit, its own device number, and can grow while it is mounted.
//
// (XFS and not ext4, because growing a mounted ext4 needs CAP_SYS_RESOURCE.)
//
// It registers itself with the kubelet. Provisioning and resizing are driven by
// upstream's csi-provisioner and csi-resizer, which talk to -socket.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const (
	driverName = "loop.csi.analytics.local"
	minSize    = 300 << 20 // the least that mkfs.xfs takes
	fullSize   = 1 << 30   // what a volume gets when nothing is asked
	maxSize    = 15 << 40  // nearly what a file of ext4 can have
)

func main() {
	dir := flag.String("dir", "/var/lib/analytics-volumes", "folder of the volume files")
	node := flag.String("node", "", "name of the node")
	socket := flag.String("socket", "/var/lib/kubelet/plugins/"+driverName+"/csi.sock", "CSI socket")
	pretend := flag.Bool("pretend", false, "there is no kubelet: volumes are bound and grow, but hold no file system")
	register := flag.String("register", "/var/lib/kubelet/plugins_registry", "the kubelet's registration folder")
	flag.Parse()

	d := &driver{dir: *dir, node: *node, pretend: *pretend}
	check(os.MkdirAll(*dir, 0o700))
	if !*pretend {
		go serve(filepath.Join(*register, driverName+"-reg.sock"), func(s *grpc.Server) {
			registration.RegisterRegistrationServer(s, &registrar{endpoint: *socket})
		})
	}
	serve(*socket, func(s *grpc.Server) {
		csi.RegisterIdentityServer(s, d)
		csi.RegisterControllerServer(s, d)
		csi.RegisterNodeServer(s, d)
	})
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// serve answers calls on a socket and does not return.
func serve(socket string, register func(*grpc.Server)) {
	check(os.MkdirAll(filepath.Dir(socket), 0o755))
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		log.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	check(err)
	s := grpc.NewServer(grpc.UnaryInterceptor(logged))
	register(s)
	check(s.Serve(l))
}

// logged notes the calls that failed.
func logged(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	resp, err := next(ctx, req)
	if err != nil {
		log.Printf("%s %v: %v", info.FullMethod, req, err)
	}
	return resp, err
}
