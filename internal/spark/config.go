package spark

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// Where the jars for S3 come from.
const (
	jarsFromPackages = "packages"
	jarsInImage      = "image"
)

const hadoopPrefix = "spark.hadoop."

// ownConfig is the configuration that follows from the attributes, by key. What a
// key follows from is in ownedBy.
func (a *application) ownConfig() map[string]string {
	m := a.m
	out := map[string]string{
		"spark.app.name": m.Name,
		// Executors are told this address, so it must be the pod's and not 0.0.0.0.
		"spark.driver.host":              podIPReference,
		"spark.driver.port":              strconv.Itoa(driverPort),
		"spark.driver.blockManager.port": strconv.Itoa(blockManagerPort),
		"spark.driver.memory":            mega(a.driver.Heap),
		"spark.driver.cores":             strconv.FormatInt(a.driverSize.cores(), 10),
		"spark.executor.memory":          mega(a.executor.Heap),
		"spark.executor.memoryOverhead":  mega(a.executor.Overhead),
		"spark.executor.cores":           strconv.FormatInt(a.executorSize.cores(), 10),

		"spark.kubernetes.namespace":       a.n.namespace,
		"spark.kubernetes.container.image": a.image,
		// The owner of the executors: they go with it.
		"spark.kubernetes.driver.pod.name":                          podNameReference,
		"spark.kubernetes.executor.podTemplateFile":                 templatePath + "/" + templateFile,
		"spark.kubernetes.executor.podTemplateContainerName":        executorContainer,
		"spark.kubernetes.executor.request.cores":                   a.executorCPU.request,
		"spark.kubernetes.executor.deleteOnTermination":             strconv.FormatBool(a.deletesExecutors()),
		"spark.kubernetes.authenticate.executor.serviceAccountName": a.executorAccount,
		// The driver then needs no rights on ConfigMaps and volume claims.
		"spark.kubernetes.executor.disableConfigMap":         "true",
		"spark.kubernetes.driver.ownPersistentVolumeClaim":   "false",
		"spark.kubernetes.driver.reusePersistentVolumeClaim": "false",
	}
	if a.executorCPU.limit != "" {
		out["spark.kubernetes.executor.limit.cores"] = a.executorCPU.limit
	}
	if a.serves() {
		// Spark chooses a prefix itself: a driver that starts anew in the same pod needs another one.
		connectConfig(out)
	} else {
		out["spark.kubernetes.executor.podNamePrefix"] = podNameReference
	}
	a.allocation(out)
	a.gpuConfig(out)
	a.yunikornConfig(out)
	a.metricsConfig(out)
	setList(out, "spark.jars", m.Jars)
	setList(out, "spark.submit.pyFiles", m.PyFiles)
	setList(out, "spark.files", m.Files)
	setList(out, "spark.archives", m.Archives)
	a.packageConfig(out)
	a.s3Config(out)
	if e := m.EventLog; e != nil {
		out["spark.eventLog.enabled"] = "true"
		out["spark.eventLog.dir"] = a.eventDirectory()
		if e.Rolling != nil {
			out["spark.eventLog.rolling.enabled"] = strconv.FormatBool(*e.Rolling)
		}
	}
	return out
}

// packageConfig adds what is downloaded.
func (a *application) packageConfig(out map[string]string) {
	m := a.m
	packages, exclude := slices.Clone(m.Packages), slices.Clone(m.ExcludePackages)
	if m.S3 != nil && !a.s3InImage() {
		more, without := a.release.s3Packages()
		packages, exclude = append(packages, more...), append(exclude, without...)
	}
	setList(out, "spark.jars.packages", packages)
	setList(out, "spark.jars.excludes", exclude)
	setList(out, "spark.jars.repositories", m.Repositories)
	if len(packages) > 0 {
		out["spark.jars.ivy"] = defaultIvyPath
	}
}

// setList sets a key to a list, where it has elements.
func setList(out map[string]string, key string, values []string) {
	if len(values) > 0 {
		out[key] = strings.Join(values, ",")
	}
}

// allocation adds how many executors there are.
func (a *application) allocation(out map[string]string) {
	d := a.m.DynamicAllocation
	if d == nil {
		out["spark.executor.instances"] = strconv.FormatInt(a.executors(), 10)
		return
	}
	least := valueOr(d.MinExecutors, 0)
	out["spark.dynamicAllocation.enabled"] = "true"
	out["spark.dynamicAllocation.shuffleTracking.enabled"] = "true"
	out["spark.dynamicAllocation.minExecutors"] = strconv.FormatInt(least, 10)
	out["spark.dynamicAllocation.initialExecutors"] = strconv.FormatInt(valueOr(d.InitialExecutors, least), 10)
	out["spark.dynamicAllocation.maxExecutors"] = strconv.FormatInt(d.MaxExecutors, 10)
	if d.IdleTimeoutSeconds != nil {
		out["spark.dynamicAllocation.executorIdleTimeout"] = seconds(*d.IdleTimeoutSeconds)
	}
	if d.ShuffleTimeoutSeconds != nil {
		out["spark.dynamicAllocation.shuffleTracking.timeout"] = seconds(*d.ShuffleTimeoutSeconds)
	}
	// Executors that go hand their data over.
	out["spark.decommission.enabled"] = "true"
	out["spark.storage.decommission.enabled"] = "true"
	out["spark.storage.decommission.rddBlocks.enabled"] = "true"
	out["spark.storage.decommission.shuffleBlocks.enabled"] = "true"
}

// s3Config adds the connection to S3, without its credentials.
func (a *application) s3Config(out map[string]string) {
	s3 := a.m.S3
	if s3 == nil {
		return
	}
	secure := strings.HasPrefix(s3.Endpoint, "https://")
	for key, value := range map[string]string{
		"fs.s3a.endpoint":                 s3.Endpoint,
		"fs.s3a.endpoint.region":          s3.Region,
		"fs.s3a.path.style.access":        "true",
		"fs.s3a.connection.ssl.enabled":   strconv.FormatBool(secure),
		"fs.s3a.aws.credentials.provider": a.release.credentialsProvider(),
	} {
		out[hadoopPrefix+key] = value
	}
	if a.release.hadoop == "3.5.0" {
		// Its default is a library of its own.
		out[hadoopPrefix+"fs.s3a.input.stream.type"] = "classic"
	}
}

// theResource owns keys that no attribute decides.
const theResource = "the resource"

// ownedKeys has the attribute that each key of Spark's configuration follows from.
var ownedKeys = map[string]string{
	"spark.master": theResource, "spark.submit.deployMode": theResource, "spark.app.name": "name",
	"spark.driver.host": theResource, "spark.driver.bindAddress": theResource, "spark.driver.port": theResource, "spark.driver.blockManager.port": theResource, "spark.blockManager.port": theResource,
	"spark.driver.memory": "driver.memory", "spark.driver.cores": "driver.cores",
	"spark.driver.memoryOverhead": "driver.memory_overhead", "spark.driver.memoryOverheadFactor": "driver.memory_overhead_factor",
	"spark.executor.memory": "executor.memory", "spark.executor.cores": "executor.cores", "spark.executor.instances": "executor.instances",
	"spark.executor.memoryOverhead": "executor.memory_overhead", "spark.executor.memoryOverheadFactor": "executor.memory_overhead_factor",
	"spark.kubernetes.memoryOverheadFactor": "executor.memory_overhead_factor",
	"spark.kubernetes.namespace":            "namespace", "spark.kubernetes.container.image": "image",
	"spark.kubernetes.driver.container.image": "image", "spark.kubernetes.executor.container.image": "image",
	"spark.kubernetes.driver.pod.name": theResource, "spark.kubernetes.executor.podNamePrefix": theResource,
	"spark.kubernetes.executor.podTemplateFile": "executor", "spark.kubernetes.executor.podTemplateContainerName": "executor",
	"spark.kubernetes.executor.request.cores": "executor.resources.requests.cpu", "spark.kubernetes.executor.limit.cores": "executor.resources.limits.cpu",
	"spark.kubernetes.executor.deleteOnTermination": "executor.delete_on_termination",
	"spark.kubernetes.executor.disableConfigMap":    "", "spark.kubernetes.driver.ownPersistentVolumeClaim": theResource, "spark.kubernetes.driver.reusePersistentVolumeClaim": theResource,
	"spark.kubernetes.authenticate.executor.serviceAccountName": "executor.service_account",
	"spark.kubernetes.authenticate.driver.serviceAccountName":   "driver.service_account",
	"spark.dynamicAllocation.enabled":                           "dynamic_allocation", "spark.dynamicAllocation.shuffleTracking.enabled": "dynamic_allocation",
	"spark.dynamicAllocation.minExecutors":     "dynamic_allocation.min_executors",
	"spark.dynamicAllocation.initialExecutors": "dynamic_allocation.initial_executors",
	"spark.dynamicAllocation.maxExecutors":     "dynamic_allocation.max_executors",
	"spark.jars":                               "jars", "spark.submit.pyFiles": "py_files", "spark.files": "files", "spark.archives": "archives",
	"spark.jars.packages": "packages", "spark.jars.excludes": "exclude_packages", "spark.jars.repositories": "repositories", "spark.jars.ivy": "ivy_cache",
	"spark.eventLog.enabled": "event_log", "spark.eventLog.dir": "event_log.directory", "spark.eventLog.rolling.enabled": "event_log.rolling",
	"spark.local.dir": "scratch", "spark.connect.grpc.binding.port": theResource,
}

// conditionalOwners are the attributes that keys follow from only where they are set, by
// what the keys begin with.
var conditionalOwners = []struct{ prefix, attribute string }{
	{hadoopPrefix + "fs.s3a.", "s3"},
	{"spark.driver.resource.", "driver.gpu"},
	{"spark.executor.resource.", "executor.gpu"},
	{"spark.task.resource.", "executor.gpu.per_task"},
	{"spark.ui.", "metrics"},
	{"spark.metrics.", "metrics"},
}

// ownedBy says which attribute a key of Spark's configuration follows from, "" for
// one that is the user's.
func (a *application) ownedBy(key string) string {
	if owner, ok := ownedKeys[key]; ok {
		return owner
	}
	if strings.HasPrefix(key, "spark.kubernetes.driver.") {
		// Spark reads these only where it makes the driver's pod itself.
		return roleDriver
	}
	// These follow from an attribute only where it is set.
	if _, ours := a.ownConfig()[key]; !ours {
		return ""
	}
	for _, owner := range conditionalOwners {
		if strings.HasPrefix(key, owner.prefix) {
			return owner.attribute
		}
	}
	return "dynamic_allocation"
}

// userConfig is the user's configuration, by the keys that Spark has for it.
func (a *application) userConfig() (map[string]string, diag.Diagnostics) {
	return mergeConfig(a.m.SparkConfig, a.m.HadoopConfig, a.ownedBy)
}

// mergeConfig makes one configuration of spark_config and hadoop_config. ownedBy says
// which attribute a key follows from, "" for one that is the user's.
func mergeConfig(spark, hadoop map[string]string, ownedBy func(key string) string) (map[string]string, diag.Diagnostics) {
	var diags diag.Diagnostics
	out := map[string]string{}
	take := func(attribute, prefix string, config map[string]string) {
		for _, key := range slices.Sorted(maps.Keys(config)) {
			at := path.Root(attribute).AtMapKey(key)
			owner := ownedBy(prefix + key)
			_, twice := out[prefix+key]
			switch {
			case owner == theResource:
				diags.AddAttributeError(at, "The resource sets this key itself", key+" has to be what connects driver and executors. Remove it.")
			case owner != "":
				diags.AddAttributeError(at, "The key is set by an attribute of its own", fmt.Sprintf("%s follows from %s. Remove it, and set %s instead.", key, owner, owner))
			case twice:
				diags.AddAttributeError(at, "The key is set twice", fmt.Sprintf("%s of hadoop_config is %s%s of spark_config. Remove one of them.", key, prefix, key))
			case prefix == "" && !strings.HasPrefix(key, "spark."):
				diags.AddAttributeError(at, "The key is none of Spark's", "Spark ignores keys that do not begin with \"spark.\". Put keys of Hadoop into hadoop_config.")
			}
			out[prefix+key] = config[key]
		}
	}
	take("spark_config", "", spark)
	take("hadoop_config", hadoopPrefix, hadoop)
	return out, diags
}

// properties writes configuration as a file of Java properties, sorted by key.
func properties(config map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(config)) {
		b.WriteString(escapeKey.Replace(key) + "=" + escapeValue(config[key]) + "\n")
	}
	return b.String()
}

var (
	escapeKey  = strings.NewReplacer(`\`, `\\`, " ", `\ `, ":", `\:`, "=", `\=`, "#", `\#`, "!", `\!`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\f", `\f`)
	escapeText = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\f", `\f`)
)

// escapeValue keeps blanks at the beginning, which the format would drop.
func escapeValue(value string) string {
	trimmed := strings.TrimLeft(value, " ")
	return strings.Repeat(`\ `, len(value)-len(trimmed)) + escapeText.Replace(trimmed)
}

func mega(mebibytes int64) string { return strconv.FormatInt(mebibytes, 10) + "m" }

func seconds(n int64) string { return strconv.FormatInt(n, 10) + "s" }

func valueOr[T any](value *T, fallback T) T {
	if value == nil {
		return fallback
	}
	return *value
}
