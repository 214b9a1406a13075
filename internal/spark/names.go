package spark

import (
	"maps"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// Names of the resources, without the provider's prefix.
const (
	productName    = "spark_job"
	connectProduct = "spark_connect"
	historyProduct = "spark_history_server"
)

// Roles of the pods, as their labels and the keys of objects have them.
const (
	roleDriver   = "driver"
	roleExecutor = "executor"
)

const (
	driverContainer = "driver"
	// executorContainer is the name that Spark looks for in the template.
	executorContainer = "spark-kubernetes-executor"
	componentLabel    = "app.kubernetes.io/component"
	// sparkUser is the uid, gid and fsGroup that Spark's image is made for.
	sparkUser = 185
)

// Ports of the driver.
const (
	driverPort       = 7078
	blockManagerPort = 7079
	uiPort           = 4040
)

// Paths in the containers.
const (
	sparkHome        = "/opt/spark"
	workPath         = sparkHome + "/work-dir"
	applicationPath  = "/etc/spark/application"
	applicationFile  = "application.py"
	configPath       = "/etc/spark/config"
	configFile       = "spark.properties"
	templatePath     = "/etc/spark/executor"
	templateFile     = "executor.yaml"
	scratchPath      = "/var/lib/spark/scratch"
	defaultIvyPath   = "/var/lib/spark/ivy"
	scratchVolume    = "spark-local-dir-1" // Spark takes volumes of this prefix for its scratch space
	ivyVolume        = "ivy-cache"
	keyConfig        = "Secret/config"
	keyApplication   = "ConfigMap/application"
	keyTemplate      = "ConfigMap/executor-template"
	keyS3            = "Secret/s3"
	keyMLflow        = "Secret/mlflow"
	podNameReference = "$(POD_NAME)"
	podIPReference   = "$(POD_IP)"
	podUIDReference  = "$(POD_UID)"
)

// names are those of the Kubernetes objects of one resource.
type names struct{ product, resource, namespace string }

func (n names) driver() string      { return n.resource + "-driver" }
func (n names) executor() string    { return n.resource + "-executor" }
func (n names) config() string      { return n.resource + "-config" }
func (n names) application() string { return n.resource + "-application" }
func (n names) template() string    { return n.resource + "-executor-template" }
func (n names) s3() string          { return n.resource + "-s3" }
func (n names) mlflow() string      { return n.resource + "-mlflow" }

// siblings are the labels of all pods of the application.
func (n names) siblings() map[string]string { return workload.InstanceLabels(n.product, n.resource) }

func (n names) selector(role string) map[string]string {
	out := maps.Clone(n.siblings())
	out[componentLabel] = role
	return out
}

// Spark makes the name of an executor of the pod's name, "-exec-" and a number of
// up to ten digits, and so gives the pod's name 47 characters. Kubernetes adds 6
// to the name of a Job, and the minute of the run, at least 9, to that of a
// CronJob.
const (
	longestPodName = 47
	podSuffix      = 6
	runSuffix      = 9
)

// longestName is how long the resource's name may be.
func longestName(scheduled bool) int {
	if scheduled {
		return longestPodName - podSuffix - runSuffix
	}
	return longestPodName - podSuffix
}
