package airflow

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const productName = "airflow"

// Ports of the servers.
const (
	apiPort    = 8080
	logPort    = 8793
	healthPort = 8974
)

// Keys of objects that others refer to.
const (
	keyService     = "Service/api-server"
	keyKeys        = "Secret/keys"
	keyConfig      = "Secret/config"
	keyLogs        = "Secret/logs"
	keyAdmin       = "Secret/admin"
	keyPodTemplate = "ConfigMap/pod-template"
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

// origin is the URL of the Service, without a path.
func (n names) origin() string {
	return fmt.Sprintf("http://%s.%s.svc.%s:%d", n.resource, n.env.Namespace, n.env.ClusterDomain, apiPort)
}

// prefix is the path of the base URL: Airflow serves everything below it.
func (m *Model) prefix() string {
	if m.BaseURL == nil {
		return ""
	}
	u, err := url.Parse(*m.BaseURL)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

func (m *Model) baseURL(n names) string {
	switch {
	case m.BaseURL != nil:
		return strings.TrimSuffix(*m.BaseURL, "/")
	case m.Ingress != nil:
		return m.Ingress.URL()
	default:
		return n.origin()
	}
}

func (m *Model) version() string {
	if m.Version != nil {
		return *m.Version
	}
	return DefaultVersion
}

func (m *Model) image(env workload.Environment) string {
	if m.Image != nil {
		return *m.Image
	}
	return pod.Image(defaultRepository+":"+m.version(), env)
}
