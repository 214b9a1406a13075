//go:build linux

package main

// nodeSpec is what the supervisor of a node is told. It is kept in a file.
type nodeSpec struct {
	Dir      string
	Hostname string
	Programs []program
}

// program is one program that the supervisor keeps running.
type program struct {
	Name string
	Args []string // beginning with the program's path
	// After are what must answer or exist before it starts: https://URL,
	// tcp:HOST:PORT, unix:PATH or file:PATH. Several programs end when what they need is not
	// there yet.
	After []string
}

const csiSocket = "/var/lib/kubelet/plugins/loop.csi.analytics.local/csi.sock"

// spec lists the programs of the node, in the order of their start.
func (c embedded) spec(built builds, profile string) nodeSpec {
	a := c.addresses()
	pki := func(file string) string { return c.path("pki", file) }
	k8s := func(name string, args ...string) []string {
		return append([]string{built.program("kubernetes", name)}, args...)
	}
	const (
		etcd = "tcp:127.0.0.1:2379"
		api  = "https://127.0.0.1:6443/readyz"
	)
	containerd := "unix:" + c.containerdSocket()

	programs := []program{
		{Name: "etcd", Args: k8s("etcd",
			"--data-dir", c.path("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
			"--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379",
			"--listen-peer-urls", "http://127.0.0.1:2380")},
		{Name: "kube-apiserver", After: []string{etcd}, Args: k8s("kube-apiserver",
			"--etcd-servers", "http://127.0.0.1:2379",
			"--advertise-address", a.Node.String(), "--bind-address", "0.0.0.0", "--secure-port", "6443",
			"--tls-cert-file", pki("apiserver.crt"), "--tls-private-key-file", pki("apiserver.key"),
			"--client-ca-file", pki("ca.crt"),
			"--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction",
			"--service-cluster-ip-range", a.Services.String(),
			"--service-account-issuer", "https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file", pki("sa.pub"), "--service-account-signing-key-file", pki("sa.key"),
			"--kubelet-client-certificate", pki("apiserver-kubelet.crt"), "--kubelet-client-key", pki("apiserver-kubelet.key"),
			"--kubelet-certificate-authority", pki("ca.crt"), "--kubelet-preferred-address-types", "InternalIP",
			"--requestheader-client-ca-file", pki("front-proxy-ca.crt"), "--requestheader-allowed-names", "front-proxy-client",
			"--requestheader-username-headers", "X-Remote-User", "--requestheader-group-headers", "X-Remote-Group",
			"--requestheader-extra-headers-prefix", "X-Remote-Extra-",
			"--proxy-client-cert-file", pki("front-proxy.crt"), "--proxy-client-key-file", pki("front-proxy.key"),
			"--allow-privileged=true", "--profiling=false")},
		{Name: "kube-controller-manager", After: []string{api}, Args: k8s("kube-controller-manager",
			"--bind-address", "127.0.0.1", "--leader-elect=false",
			"--kubeconfig", pki("controller-manager.conf"), "--authentication-kubeconfig", pki("controller-manager.conf"),
			"--authorization-kubeconfig", pki("controller-manager.conf"), "--use-service-account-credentials",
			"--root-ca-file", pki("ca.crt"), "--service-account-private-key-file", pki("sa.key"),
			"--cluster-signing-cert-file", pki("ca.crt"), "--cluster-signing-key-file", pki("ca.key"),
			"--cluster-cidr", a.Pods.String(), "--service-cluster-ip-range", a.Services.String())},
		{Name: "kube-scheduler", After: []string{api}, Args: k8s("kube-scheduler",
			"--bind-address", "127.0.0.1", "--leader-elect=false",
			"--kubeconfig", pki("scheduler.conf"), "--authentication-kubeconfig", pki("scheduler.conf"),
			"--authorization-kubeconfig", pki("scheduler.conf"))},
	}
	// Volumes: our CSI driver and upstream's two controllers beside it.
	volumes := []string{built.program("volumes", "volumes"), "--node", nodeName, "--socket", csiSocket}
	if profile == profileAPI {
		volumes = append(volumes, "--pretend")
		programs = append(programs, program{Name: "kwok", After: []string{api}, Args: []string{
			built.program("kwok", "kwok"),
			"--kubeconfig", c.kubeconfig(), "--config", built.program("kwok", "stages.yaml"), "--cidr", a.Pods.String(),
			"--manage-nodes-with-annotation-selector", "kwok.x-k8s.io/node=fake",
			// Without leases the node is not ready every 50 s, and pods that were ready by then stay unready.
			"--node-lease-duration-seconds", "40",
		}})
	} else {
		programs = append(programs,
			program{Name: "containerd", Args: []string{
				built.program("containerd", "containerd"),
				"--config", c.path("config", "containerd.toml"), "--log-level", "warn",
			}},
			program{Name: "kubelet", After: []string{containerd, api, "file:" + c.pauseLoaded()}, Args: k8s("kubelet",
				"--config", c.path("config", "kubelet.yaml"), "--kubeconfig", pki("kubelet.conf"),
				"--hostname-override", nodeName, "--node-ip", a.Node.String())},
			program{Name: "kube-proxy", After: []string{api}, Args: k8s("kube-proxy", "--config", c.path("config", "proxy.yaml"))},
			// NetworkPolicies, of which the bridge plugin knows nothing.
			program{Name: "netpol", After: []string{api}, Args: []string{built.program("netpol", "netpol"), "--kubeconfig", c.kubeconfig()}},
		)
	}
	programs = append(programs,
		program{Name: "volumes", Args: volumes},
		program{Name: "csi-provisioner", After: []string{api, "unix:" + csiSocket}, Args: []string{
			built.program("csi", "csi-provisioner"),
			"--kubeconfig", c.kubeconfig(), "--csi-address", csiSocket, "--volume-name-uuid-length", "10",
		}},
		program{Name: "csi-resizer", After: []string{api, "unix:" + csiSocket}, Args: []string{
			built.program("csi", "csi-resizer"),
			"--kubeconfig", c.kubeconfig(), "--csi-address", csiSocket,
		}},
	)
	return nodeSpec{Dir: c.dir, Hostname: nodeName, Programs: programs}
}

// pauseLoaded is a file that exists once the node has the image of the pods'
// first container, without which the kubelet must not start.
func (c embedded) pauseLoaded() string { return c.path("pause-loaded") }
