package spark

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/expose"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	historyClass = "org.apache.spark.deploy.history.HistoryServer"
	// historyPort is Spark's own.
	historyPort      = 18080
	historyContainer = "history-server"
	// historyPatienceSeconds is how long a server may take to start, with the download of
	// its packages, before it is restarted.
	historyPatienceSeconds = 600
)

// renderHistory turns the configuration into objects and fills in what is computed
// from it.
func renderHistory(h *History, env workload.Environment) (workload.Rendering, diag.Diagnostics) {
	diags := checkHistory(h)
	a, more := newApplication(h.model(), env, historyProduct)
	diags.Append(more...)
	own := a.historyConfig(h)
	user, more := mergeConfig(h.SparkConfig, h.HadoopConfig, func(key string) string { return historyOwner(own, key) })
	diags.Append(more...)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	h.URL = new(fmt.Sprintf("http://%s.%s.svc.%s:%d", a.n.resource, a.n.namespace, env.ClusterDomain, historyPort))

	var objects []workload.Object
	revisions := map[string]string{}
	if len(user) > 0 {
		objects = append(objects, configObject(a, user))
		revisions["config"] = keyConfig
	}
	objects = append(objects, a.connectionSecrets(revisions)...)
	template, more := a.historyTemplate(h, own, len(user) > 0, revisions)
	diags.Append(more...)
	if diags.HasError() {
		return workload.Rendering{}, diags
	}
	objects = append(objects, template.Objects...)
	replicas, selector := ptr.Deref(h.Replicas, 1), a.n.siblings()
	objects = append(objects,
		workload.Object{
			Key: "Service/server", Stage: workload.StageIdentity,
			Manifest: h.Service.Render(a.n.resource, a.n.namespace, selector, expose.Port("http", historyPort)),
		},
		workload.Object{
			Key: "Deployment/server", Stage: workload.StageServer, Mask: template.Mask("spec.template"),
			Manifest: appsv1ac.Deployment(a.n.resource, a.n.namespace).WithSpec(appsv1ac.DeploymentSpec().WithReplicas(int32(replicas)).
				WithStrategy(pod.SuccessorFirst()).
				WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector)).WithTemplate(template.Spec)),
		})
	if replicas > 1 {
		objects = append(objects, pod.DisruptionBudget("server", a.n.resource, a.n.namespace, nil, selector))
	}
	if h.Ingress != nil {
		objects = append(objects, workload.Object{
			Key: "Ingress/server", Stage: workload.StageLast, NoWait: true, Manifest: h.Ingress.Render(a.n.resource, a.n.namespace, "http", ""),
		})
	}
	return workload.Rendering{Objects: objects}, diags
}

func checkHistory(h *History) diag.Diagnostics {
	diags := h.Service.Check(path.Root("service"))
	if h.Directory == nil && (h.S3 == nil || h.S3.Bucket == nil) {
		diags.AddAttributeError(path.Root("directory"), "The event logs have no place", "Set directory, or s3 with a bucket.")
	}
	session, refuse := &h.model().Session, func(at path.Path, summary, detail string) { diags.AddAttributeError(at, summary, detail) }
	checkJars(session, refuse)
	checkEnv(session, path.Empty(), h.Env, []string{"SPARK_LOCAL_DIRS"}, refuse)
	return diags
}

// historyConfig is the configuration that follows from the attributes, by key.
func (a *application) historyConfig(h *History) map[string]string {
	out := map[string]string{
		"spark.driver.memory":              mega(a.driver.Heap),
		"spark.history.fs.logDirectory":    a.eventDirectory(),
		"spark.history.ui.port":            strconv.Itoa(historyPort),
		"spark.history.provider":           "org.apache.spark.deploy.history.FsHistoryProvider",
		"spark.history.fs.cleaner.enabled": "false",
	}
	if r := h.Retention; r != nil {
		out["spark.history.fs.cleaner.enabled"] = "true"
		if r.MaxAge != nil {
			out["spark.history.fs.cleaner.maxAge"] = seconds(run.Seconds(*r.MaxAge))
		}
		if r.MaxRuns != nil {
			out["spark.history.fs.cleaner.maxNum"] = strconv.FormatInt(*r.MaxRuns, 10)
		}
		if r.Interval != nil {
			out["spark.history.fs.cleaner.interval"] = seconds(run.Seconds(*r.Interval))
		}
	}
	a.packageConfig(out)
	a.s3Config(out)
	return out
}

// historyOwners has the attribute that each key follows from.
var historyOwners = map[string]string{
	"spark.master": theResource, "spark.driver.memory": "memory", "spark.history.provider": theResource,
	"spark.history.fs.logDirectory": "directory", "spark.history.ui.port": theResource, "spark.history.fs.cleaner.enabled": "retention",
	"spark.history.fs.cleaner.maxAge": "retention.max_age", "spark.history.fs.cleaner.maxNum": "retention.max_runs", "spark.history.fs.cleaner.interval": "retention.interval",
	"spark.jars.packages": "s3_jars", "spark.jars.excludes": "s3_jars", "spark.jars.repositories": "repositories", "spark.jars.ivy": "ivy_cache",
}

// historyOwner says which attribute a key follows from, "" for one that is the user's.
func historyOwner(own map[string]string, key string) string {
	if owner, ok := historyOwners[key]; ok {
		return owner
	}
	if _, ours := own[key]; ours && strings.HasPrefix(key, hadoopPrefix+"fs.s3a.") {
		return "s3"
	}
	return ""
}

// historyTemplate renders the servers' pods.
func (a *application) historyTemplate(h *History, own map[string]string, hasUserConfig bool, revisions map[string]string) (pod.Template, diag.Diagnostics) {
	args := []string{sparkHome + "/bin/spark-submit", "--master=local", "--class=" + historyClass}
	container := corev1ac.Container().WithName(historyContainer).WithImage(a.image).
		WithEnv(a.connectionVariables()...).WithEnv(corev1ac.EnvVar().WithName("SPARK_LOCAL_DIRS").WithValue("/tmp")).
		WithVolumeMounts(mount("work", workPath)).WithPorts(port("http", historyPort)).
		WithStartupProbe(historyProbe().WithPeriodSeconds(2).WithTimeoutSeconds(5).WithFailureThreshold(historyPatienceSeconds / 2)).
		WithReadinessProbe(historyProbe().WithPeriodSeconds(5).WithTimeoutSeconds(10).WithFailureThreshold(3)).
		WithLivenessProbe(historyProbe().WithPeriodSeconds(15).WithTimeoutSeconds(20).WithFailureThreshold(8)).
		// Whoever routes to it learns late that it goes.
		WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().WithSleep(corev1ac.SleepAction().WithSeconds(5))))
	volumes := []*corev1ac.VolumeApplyConfiguration{emptyDir("work")}
	if hasUserConfig {
		args = append(args, "--properties-file="+configPath+"/"+configFile)
		container.WithVolumeMounts(mount("config", configPath).WithReadOnly(true))
		volumes = append(volumes, a.configVolume())
	}
	for _, key := range slices.Sorted(maps.Keys(own)) {
		args = append(args, "--conf="+key+"="+own[key])
	}
	container.WithArgs(append(args, noFile)...)
	settings := h.Settings
	settings.Volumes = a.ivyVolumes(settings.Volumes)
	if a.downloads() && h.IvyCache == nil {
		container.WithVolumeMounts(mount(ivyVolume, defaultIvyPath))
		volumes = append(volumes, emptyDir(ivyVolume))
	}
	requests, limits := a.driverResources()
	return settings.Template(pod.TemplateInput{
		Environment: a.env, Name: a.n.resource, Role: "server", Selector: a.n.siblings(), Annotations: revisionAnnotations(revisions), Container: container,
		InitContainers: a.preparations(), Volumes: volumes, Requests: requests, Limits: limits, User: sparkUser, Replicated: ptr.Deref(h.Replicas, 1) > 1,
	})
}

// historyProbe asks for what costs the server least.
func historyProbe() *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPath("/api/v1/version").WithPort(intstr.FromString("http")))
}
