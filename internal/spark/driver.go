package spark

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/run"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// driverTemplate renders the pod of the driver. revisions are the objects whose
// change it is to show, by what their annotation is called.
func (a *application) driverTemplate(user map[string]string, revisions map[string]string) (pod.Template, diag.Diagnostics) {
	requests, limits := a.driverResources()
	in := pod.TemplateInput{
		Environment: a.env, At: path.Root("driver"), Name: a.n.driver(), Role: roleDriver,
		Selector: a.n.selector(roleDriver), Siblings: a.n.siblings(), Annotations: revisionAnnotations(revisions),
		Container: corev1ac.Container().WithName(driverContainer).WithImage(a.image).
			WithArgs(a.arguments(len(user) > 0)...).WithEnv(a.driverVariables()...).WithVolumeMounts(a.driverMounts(len(user) > 0)...).
			WithPorts(port("driver", driverPort), port("block-manager", blockManagerPort), port("ui", uiPort)),
		InitContainers: a.preparations(),
		Volumes:        a.driverVolumes(len(user) > 0),
		Requests:       requests, Limits: limits,
		User: sparkUser, ServiceAccount: a.n.driver(), Token: true,
	}
	settings := a.driverPods
	settings.Volumes = a.ivyVolumes(settings.Volumes)
	t, diags := settings.Template(in)
	if diags.HasError() {
		return t, diags
	}
	a.schedule(roleDriver, t)
	if !a.serves() {
		t.Spec.Spec.WithRestartPolicy(corev1.RestartPolicyNever)
	}
	return t, diags
}

// driverResources are those of the driver's container where its settings say nothing
// else.
func (a *application) driverResources() (requests, limits corev1.ResourceList) {
	total := *resource.NewQuantity(a.driver.total()*mebibyte, resource.BinarySI)
	requests = corev1.ResourceList{corev1.ResourceMemory: total}
	if q, err := resource.ParseQuantity(a.driverCPU.request); err == nil {
		requests[corev1.ResourceCPU] = q
	}
	limits = corev1.ResourceList{corev1.ResourceMemory: total}
	a.m.driverGPU().limit(limits)
	return requests, limits
}

// ivyVolumes are the volumes of the user with the one that keeps packages.
func (a *application) ivyVolumes(of map[string]pod.Volume) map[string]pod.Volume {
	out := maps.Clone(of)
	if a.downloads() && a.m.IvyCache != nil {
		if out == nil {
			out = map[string]pod.Volume{}
		}
		out[ivyVolume] = pod.Volume{NewClaim: a.m.IvyCache.NewClaim, Claim: a.m.IvyCache.Claim, Mounts: []pod.Mount{{Path: defaultIvyPath}}}
	}
	return out
}

// revisionAnnotations show the revisions of objects, by what their annotation is
// called.
func revisionAnnotations(objects map[string]string) map[string]string {
	out := map[string]string{}
	for name, key := range objects {
		out[pod.RevisionAnnotation+name] = workload.SecretRevision(key)
	}
	return out
}

func port(name string, number int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithContainerPort(number).WithProtocol(corev1.ProtocolTCP)
}

// arguments are those of the image's entrypoint: spark-submit's, then the
// application with its own.
func (a *application) arguments(hasUserConfig bool) []string {
	args := []string{"driver", "--master=k8s://https://kubernetes.default.svc:443"}
	if hasUserConfig {
		args = append(args, "--properties-file="+configPath+"/"+configFile)
	}
	if a.m.MainClass != nil {
		args = append(args, "--class="+*a.m.MainClass)
	}
	own := a.ownConfig()
	for _, key := range slices.Sorted(maps.Keys(own)) {
		args = append(args, "--conf="+key+"="+own[key])
	}
	if a.m.Script != nil {
		args = append(args, applicationPath+"/"+applicationFile)
	} else {
		args = append(args, valueOr(a.m.MainFile, ""))
	}
	for _, argument := range a.m.Arguments {
		// Kubernetes would put in the values of variables.
		args = append(args, strings.ReplaceAll(argument, "$(", "$$("))
	}
	return args
}

// argumentMasks hides the arguments of the application, which come last.
func (a *application) argumentMasks(total int, at string) map[string]string {
	out := map[string]string{}
	for i := range a.m.Arguments {
		out[fmt.Sprintf("%s.containers[%s].args[%d]", at, driverContainer, total-len(a.m.Arguments)+i)] = fmt.Sprintf("arguments[%d]", i)
	}
	return out
}

// ownVariables are those that env must not set.
var ownVariables = []string{"POD_NAME", "POD_IP", "POD_UID", "SPARK_DRIVER_BIND_ADDRESS", "SPARK_LOCAL_DIRS", "OUTPUT_FILE"}

func (a *application) driverVariables() []*corev1ac.EnvVarApplyConfiguration {
	field := func(name, path string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValueFrom(corev1ac.EnvVarSource().WithFieldRef(corev1ac.ObjectFieldSelector().WithFieldPath(path)))
	}
	out := []*corev1ac.EnvVarApplyConfiguration{
		field("POD_NAME", "metadata.name"),
		field("POD_IP", "status.podIP"),
		field("SPARK_DRIVER_BIND_ADDRESS", "status.podIP"),
		corev1ac.EnvVar().WithName("SPARK_LOCAL_DIRS").WithValue(scratchPath),
	}
	if a.m.BatchScheduler.is(yunikorn) {
		out = append(out, field("POD_UID", "metadata.uid"))
	}
	if !a.serves() {
		out = append(out, run.OutputVariable())
	}
	return append(out, a.connectionVariables()...)
}

func mount(volume, path string) *corev1ac.VolumeMountApplyConfiguration {
	return corev1ac.VolumeMount().WithName(volume).WithMountPath(path)
}

func (a *application) driverMounts(hasUserConfig bool) []*corev1ac.VolumeMountApplyConfiguration {
	out := []*corev1ac.VolumeMountApplyConfiguration{
		mount("work", workPath), mount(scratchVolume, scratchPath), mount("executor-template", templatePath).WithReadOnly(true),
	}
	if a.m.Script != nil {
		out = append(out, mount("application", applicationPath).WithReadOnly(true))
	}
	if hasUserConfig {
		out = append(out, mount("config", configPath).WithReadOnly(true))
	}
	if a.downloads() && a.m.IvyCache == nil {
		out = append(out, mount(ivyVolume, defaultIvyPath))
	}
	return out
}

func emptyDir(name string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).WithEmptyDir(corev1ac.EmptyDirVolumeSource())
}

func (a *application) driverVolumes(hasUserConfig bool) []*corev1ac.VolumeApplyConfiguration {
	out := []*corev1ac.VolumeApplyConfiguration{
		emptyDir("work"), a.scratch(),
		corev1ac.Volume().WithName("executor-template").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(a.n.template())),
	}
	if a.m.Script != nil {
		out = append(out, corev1ac.Volume().WithName("application").WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(a.n.application())))
	}
	if hasUserConfig {
		out = append(out, a.configVolume())
	}
	if a.downloads() && a.m.IvyCache == nil {
		out = append(out, emptyDir(ivyVolume))
	}
	return out
}

// configVolume holds the user's configuration.
func (a *application) configVolume() *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName("config").WithSecret(corev1ac.SecretVolumeSource().WithSecretName(a.n.config()))
}

// scratch is the volume of Spark's scratch space.
func (a *application) scratch() *corev1ac.VolumeApplyConfiguration {
	out := corev1ac.Volume().WithName(scratchVolume)
	s := a.m.Scratch
	if s == nil || s.Ephemeral == nil {
		dir := corev1ac.EmptyDirVolumeSource()
		if s != nil && s.EmptyDir != nil {
			if s.EmptyDir.Medium != nil {
				dir.WithMedium(corev1.StorageMedium(*s.EmptyDir.Medium))
			}
			if s.EmptyDir.SizeLimit != nil {
				// Its validator has refused what is no quantity.
				if q, err := resource.ParseQuantity(*s.EmptyDir.SizeLimit); err == nil {
					dir.WithSizeLimit(q)
				}
			}
		}
		return out.WithEmptyDir(dir)
	}
	spec := corev1ac.PersistentVolumeClaimSpec()
	for _, mode := range s.Ephemeral.AccessModes {
		spec.WithAccessModes(corev1.PersistentVolumeAccessMode(mode))
	}
	if len(s.Ephemeral.AccessModes) == 0 {
		spec.WithAccessModes(corev1.ReadWriteOnce)
	}
	if q, err := resource.ParseQuantity(s.Ephemeral.Size); err == nil {
		spec.WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: q}))
	}
	if s.Ephemeral.StorageClass != nil {
		spec.WithStorageClassName(*s.Ephemeral.StorageClass)
	}
	return out.WithEphemeral(corev1ac.EphemeralVolumeSource().WithVolumeClaimTemplate(corev1ac.PersistentVolumeClaimTemplate().WithSpec(spec)))
}

// preparations run before the driver: what they find missing is told before Spark
// has started.
func (a *application) preparations() []*corev1ac.ContainerApplyConfiguration {
	var out []*corev1ac.ContainerApplyConfiguration
	if a.m.S3 != nil && a.s3InImage() {
		out = append(out, corev1ac.Container().WithName("s3-jars").WithCommand("bash", "-c", fmt.Sprintf(
			`compgen -G "%s/jars/hadoop-aws-*.jar" >/dev/null || { echo "The image has no hadoop-aws jar in %s/jars. `+
				`Use one that has it in version %s, or set s3_jars to \"packages\"." >&2; exit 1; }`, sparkHome, sparkHome, a.release.hadoop)))
	}
	if a.makesEventDirectory() {
		// Hadoop's shell insists on a configuration file. Spark's scripts would start a
		// JVM more to find out how to start it.
		command := []string{"bash", "-ec", `mkdir /tmp/hadoop
echo "<configuration/>" >/tmp/hadoop/core-site.xml
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:TieredStopAtLevel=1 -cp "/tmp/hadoop:$0/jars/*" org.apache.hadoop.fs.FsShell "$@"`, sparkHome}
		config := map[string]string{}
		a.s3Config(config)
		for _, key := range slices.Sorted(maps.Keys(config)) {
			command = append(command, "-D", strings.TrimPrefix(key, hadoopPrefix)+"="+config[key])
		}
		out = append(out, corev1ac.Container().WithName("event-log").WithCommand(append(command, "-mkdir", "-p", a.eventDirectory())...))
	}
	return out
}
