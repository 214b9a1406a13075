package main

import (
	"path/filepath"
	"runtime"
	"strings"
)

// component is a program, or several, built from the module in components/,
// which pins its version and those of all it needs.
type component struct {
	name string
	// alone is for a component whose libraries' versions are not those of the
	// others: it has a module of its own. Those that share one are compiled
	// with the same libraries, which is most of the work, once.
	alone    bool
	packages []string // to build; each gives a program
	ldflags  string
	tags     string
	links    []string // further names of the one program
	note     string   // said when it is built and takes long
	// finish adds to the built programs what else the component needs, from the
	// folder of its module.
	finish func(module, out string) error
}

// The versions that the programs report. The go.mod files decide what
// is built; a test keeps the two together.
const (
	kubernetesVersion = "1.37.2"
	containerdVersion = "2.4.2"
	coreDNSVersion    = "1.15.0"
	metricsVersion    = "0.9.0"
	openTofuVersion   = "1.12.6"
	kedaVersion       = "2.20.2"
	kueueVersion      = "0.17.0"
	yunikornVersion   = "1.8.0"
	statsDVersion     = "0.29.0"
	volcanoVersion    = "1.10.0"

	minioTime   = "2026-02-12T20:18:48Z"
	minioCommit = "7aac2a2c5b7c"
)

var components = []component{
	{
		name:     "kubernetes",
		packages: []string{"./kubernetes"},
		ldflags: setVariables("k8s.io/component-base/version.",
			"gitVersion=v"+kubernetesVersion, "gitMajor=1", "gitMinor="+strings.Split(kubernetesVersion, ".")[1], "gitTreeState=clean"),
		links: []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"},
		note:  "7 to 20 minutes when nothing of it was built before",
	},
	{
		name: "containerd",
		packages: []string{
			"github.com/containerd/containerd/v2/cmd/containerd",
			"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
			"github.com/containerd/containerd/v2/cmd/ctr",
		},
		ldflags: setVariables("github.com/containerd/containerd/v2/version.", "Version="+containerdVersion),
		tags:    "no_btrfs no_devmapper no_zfs",
	},
	{name: "coredns", packages: []string{"./coredns"}},
	{
		name: "csi",
		packages: []string{
			"github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner",
			"github.com/kubernetes-csi/external-resizer/v2/cmd/csi-resizer",
		},
	},
	{name: "volumes", packages: []string{"./volumes"}},
	{name: "netpol", packages: []string{"./netpol"}},
	{name: "pause", packages: []string{"./pause"}},
	{name: "metrics-server", packages: []string{"sigs.k8s.io/metrics-server/cmd/metrics-server"}},
	{
		name:     "statsd-exporter",
		packages: []string{"github.com/prometheus/statsd_exporter"},
		ldflags:  setVariables("github.com/prometheus/common/version.", "Version="+statsDVersion),
	},
	{name: "kwok", packages: []string{"sigs.k8s.io/kwok/cmd/kwok"}, finish: kwokStages},
	{
		name:     "minio",
		alone:    true,
		packages: []string{"github.com/minio/minio"},
		ldflags: setVariables("github.com/minio/minio/cmd.",
			"Version="+minioTime, "ReleaseTag=RELEASE."+strings.ReplaceAll(minioTime, ":", "-"),
			"CommitID="+minioCommit, "ShortCommitID="+minioCommit, "CopyrightYear="+minioTime[:4]),
	},
	{
		name:     "opentofu",
		alone:    true,
		packages: []string{"github.com/opentofu/opentofu/cmd/tofu"},
		ldflags:  setVariables("github.com/opentofu/opentofu/version.", "dev=no"),
	},
	{
		name:  "keda",
		alone: true,
		packages: []string{
			"github.com/kedacore/keda/v2/cmd/operator",
			"github.com/kedacore/keda/v2/cmd/adapter",
			"github.com/kedacore/keda/v2/cmd/webhooks",
		},
		ldflags: setVariables("github.com/kedacore/keda/v2/version.", "Version="+kedaVersion),
		note:    "5 to 15 minutes, for the clients of all that it can ask",
	},
	{
		name:  "volcano",
		alone: true,
		packages: []string{
			"volcano.sh/volcano/cmd/controller-manager",
			"volcano.sh/volcano/cmd/scheduler",
			"volcano.sh/volcano/cmd/webhook-manager",
		},
		ldflags: setVariables("volcano.sh/volcano/pkg/version.", "Version=v"+volcanoVersion),
		note:    "5 to 10 minutes, for a Kubernetes of its own",
	},
	{
		name:     "kueue",
		alone:    true,
		packages: []string{"sigs.k8s.io/kueue/cmd/kueue"},
		ldflags:  setVariables("sigs.k8s.io/kueue/pkg/version.", "GitVersion=v"+kueueVersion),
		note:     "5 to 10 minutes",
	},
	{
		name:     "yunikorn",
		alone:    true,
		packages: []string{"github.com/apache/yunikorn-k8shim/pkg/cmd/shim"},
		ldflags:  setVariables("github.com/apache/yunikorn-k8shim/pkg/conf.", "buildVersion="+yunikornVersion, "isPluginVersion=false"),
		note:     "5 to 10 minutes",
	},
}

func componentNames() []string {
	var names []string
	for _, c := range components {
		names = append(names, c.name)
	}
	return names
}

// setVariables is the linker's flags that give string variables, whose names
// begin with prefix, their values.
func setVariables(prefix string, assignments ...string) string {
	var flags []string
	for _, a := range assignments {
		flags = append(flags, "-X "+prefix+a)
	}
	return strings.Join(flags, " ")
}

// sourceDir is the folder of this program's source, where the components'
// modules are too.
func sourceDir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}
