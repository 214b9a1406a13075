package mlflow

import (
	"fmt"

	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const productName = "mlflow"

// serverPort is the port of the servers and of their Service.
const serverPort = 5000

// Components of a resource, which tell their pods apart.
const (
	serverComponent = "server"
	migration       = "migrate"
)

// Keys of objects that others refer to.
const (
	keyService   = "Service/server"
	keyKeys      = "Secret/keys"
	keyAdmin     = "Secret/admin"
	keyArtifacts = "Secret/artifacts"
	keyAuth      = "ConfigMap/auth"
)

const componentLabel = "app.kubernetes.io/component"

// names are those of the Kubernetes objects of one resource, and what all of the
// rendering needs of its environment.
type names struct {
	resource string
	env      workload.Environment
}

func (n names) of(part string) string { return n.resource + "-" + part }

// instance are the labels of all pods of the resource.
func (n names) instance() map[string]string { return workload.InstanceLabels(productName, n.resource) }

// selector are the labels of the pods of one component.
func (n names) selector(component string) map[string]string {
	labels := n.instance()
	labels[componentLabel] = component
	return labels
}

// host is the Service's full name in DNS.
func (n names) host() string {
	return fmt.Sprintf("%s.%s.svc.%s", n.resource, n.env.Namespace, n.env.ClusterDomain)
}

func (m *Model) trackingURI(n names) string {
	return fmt.Sprintf("http://%s:%d%s", n.host(), serverPort, m.prefix())
}

func (m *Model) artifactLocation() string {
	return "s3://" + ptr.Deref(m.Artifacts.Bucket, "") + "/" + m.Name
}

func (m *Model) prefix() string { return ptr.Deref(m.StaticPrefix, "") }

func (m *Model) version() string { return ptr.Deref(m.Version, DefaultVersion) }

func (m *Model) image(env workload.Environment) string {
	if m.Image != nil {
		return *m.Image
	}
	return pod.Image(defaultRepository+":v"+m.version()+"-full", env)
}

// runsJobs reports whether the server runs jobs beside its requests.
func (m *Model) runsJobs() bool { return ptr.Deref(m.JobExecution, false) }

func (m *Model) replicas() int64 {
	if m.runsJobs() {
		return ptr.Deref(m.Replicas, 1)
	}
	return ptr.Deref(m.Replicas, 2)
}
