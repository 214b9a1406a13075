package acctest

import (
	"maps"
	"slices"
	"strings"
)

const sparkStandard = `  script = "print(1)"`

// within puts the cases of an attribute's own attributes into it, beside the
// standard configuration. change says what they change instead, nil where that stays.
func within(standard, attribute string, cases map[string]attributeCase, change func([]string) []string) map[string]attributeCase {
	out := map[string]attributeCase{}
	for name, c := range cases {
		c.with = attribute + " = {\n" + c.with + "\n}"
		if c.before != "" {
			c.before, c.with = standard+"\n"+attribute+" = {\n"+c.before+"\n}", standard+"\n"+c.with
		}
		if change != nil {
			c.changes = change(c.changes)
		}
		out[attribute+"."+name] = c
	}
	return out
}

// sparkPodCases are those of the attributes that all pods have.
func sparkPodCases(workload, container string) map[string]attributeCase {
	cases := podGroupCases(workload)
	maps.Copy(cases, podCases(workload, container))
	// The pods have volumes of their own.
	volumes := cases["volumes.*"]
	volumes.with = strings.NewReplacer("work = {", "own = {", `"/work"`, `"/own"`).Replace(volumes.with)
	cases["volumes.*"] = volumes
	return cases
}

// sessionCases are those of what every driver with executors has. workload is the key
// of the object with the driver's pod.
func sessionCases(standard, workload string) map[string]attributeCase {
	const template = "ConfigMap/executor-template data[executor.yaml]"
	var (
		driver = workload + " spec.template.spec.containers[driver]."
		args   = driver + "args[*"
		pods   = workload + " spec.template.spec."
	)
	with := func(text string) string { return standard + "\n" + text }
	// What an executor's pods are made from is one text; the objects beside it have
	// leaves of their own.
	ofExecutors := func(changes []string) []string {
		out := []string{template}
		for _, c := range changes {
			if !strings.HasPrefix(c, workload+" ") {
				out = append(out, c)
			}
		}
		return out
	}
	driverCases := within(standard, "driver", sparkPodCases(workload, "driver"), nil)
	executorCases := within(standard, "executor", sparkPodCases(workload, "executor"), ofExecutors)
	for role, cases := range map[string]map[string]attributeCase{"driver": driverCases, "executor": executorCases} {
		changes := []string{args}
		if role == "driver" {
			changes = []string{args, driver + "resources.*"}
		}
		resources := func(text string, changes ...string) attributeCase {
			return attributeCase{with: role + " = { resources = { " + text + " } }", changes: changes}
		}
		delete(cases, role+".resources.requests.memory")
		maps.Copy(cases, map[string]attributeCase{
			role + ".cores":                     {with: role + " = { cores = 2 }", changes: changes},
			role + ".memory":                    {with: role + ` = { memory = "2Gi" }`, changes: changes},
			role + ".memory_overhead":           {with: role + ` = { memory_overhead = "2Gi" }`, changes: map[string][]string{"driver": {driver + "resources.*"}, "executor": {args}}[role]},
			role + ".memory_overhead_factor":    {with: role + ` = { memory_overhead_factor = 0.9 }`, changes: map[string][]string{"driver": {driver + "resources.*"}, "executor": {args}}[role]},
			role + ".resources.requests.memory": resources(`requests = { memory = "2Gi" }, limits = { memory = "2Gi" }`, changes...),
			role + ".resources.limits.memory":   resources(`limits = { memory = "2Gi" }`, changes...),
		})
	}
	add := func(cases map[string]attributeCase, name string, changes ...string) {
		c := cases[name]
		c.changes = append(slices.Clone(c.changes), changes...)
		cases[name] = c
	}
	executorEnv := workload + " spec.template.metadata.annotations[analytics/revision-of-executor-env]"
	add(driverCases, "driver.service_account", "RoleBinding/driver subjects[0].name")
	add(executorCases, "executor.service_account", args)
	add(executorCases, "executor.env", executorEnv)
	add(executorCases, "executor.extra_containers.*", executorEnv)
	driverCases["driver.automount_service_account_token"] = attributeCase{with: "driver = { automount_service_account_token = false }", changes: []string{pods + "automountServiceAccountToken"}}
	resources := func(text string) string { return "executor = { resources = { " + text + " } }" }
	maps.Copy(executorCases, map[string]attributeCase{
		"executor.resources.requests.cpu": {with: resources(`requests = { cpu = "20m" }`), changes: []string{args}},
		"executor.resources.limits.cpu":   {with: resources(`limits = { cpu = "2" }`), changes: []string{args}},
		"executor.instances":              {with: "executor = { instances = 3 }", changes: []string{args}},
	})
	s3 := `s3 = { endpoint = "http://lake:9000", region = "us-east-1", bucket = "raw", namespace = "data", secret = "lake-user-spark", version = "1" }`
	withS3 := with(s3)
	cases := commonCases()
	cases["labels"] = attributeCase{with: `labels = { team = "x" }`, changes: []string{"** metadata.labels.team", workload + " spec.template.metadata.labels.team", template}}
	maps.Copy(cases, driverCases)
	maps.Copy(cases, executorCases)
	maps.Copy(cases, map[string]attributeCase{
		"patches":       {with: `patches = { "Role/driver" = jsonencode({ metadata = { annotations = { a = "b" } } }) }`, changes: []string{"Role/driver metadata.annotations.a"}},
		"image":         {with: `image = "example.com/spark:4.1.1"`, changes: []string{driver + "image", args, template}},
		"spark_version": {before: withS3, with: withS3 + "\nspark_version = \"4.0\"", changes: []string{args}},

		"jars":     {with: `jars = ["local:///a.jar"]`, changes: []string{args}},
		"py_files": {with: `py_files = ["local:///a.zip"]`, changes: []string{args}},
		"files":    {with: `files = ["local:///a.conf"]`, changes: []string{args}},
		"archives": {with: `archives = ["local:///a.tgz#a"]`, changes: []string{args}},

		"packages":         {with: `packages = ["a:a:1"]`, changes: []string{args, pods + "volumes[ivy-cache].*", driver + "volumeMounts[/var/lib/spark/ivy].*"}},
		"exclude_packages": {with: `exclude_packages = ["a:a"]`, changes: []string{args}},
		"repositories":     {with: `repositories = ["https://maven.example.com"]`, changes: []string{args}},
		"ivy_cache.claim":  {before: with(`packages = ["a:a:1"]`), with: with("packages = [\"a:a:1\"]\n" + `ivy_cache = { claim = "ivy" }`), changes: []string{pods + "volumes[ivy-cache].*"}},
		"ivy_cache.new_claim.*": {
			before:  with(`packages = ["a:a:1"]`),
			with:    with("packages = [\"a:a:1\"]\n" + `ivy_cache = { new_claim = { size = "300Mi", storage_class = "none", access_modes = ["ReadWriteOnce"] } }`),
			changes: []string{pods + "volumes[ivy-cache].*", "PersistentVolumeClaim/driver-ivy-cache *"},
		},

		"spark_config":        {with: `spark_config = { "spark.sql.shuffle.partitions" = "2" }`, changes: []string{args, "Secret/config *", pods + "volumes[config].*", driver + "volumeMounts[/etc/spark/config].*", workload + " spec.template.metadata.annotations[*"}},
		"hadoop_config":       {with: `hadoop_config = { "fs.s3a.connection.maximum" = "2" }`, changes: []string{args, "Secret/config *", pods + "volumes[config].*", driver + "volumeMounts[/etc/spark/config].*", workload + " spec.template.metadata.annotations[*"}},
		"s3.endpoint":         {before: withS3, with: strings.Replace(withS3, "http://lake", "http://other", 1), changes: []string{args}},
		"s3.region":           {before: withS3, with: strings.Replace(withS3, "us-east-1", "eu", 1), changes: []string{args}},
		"s3.bucket":           {before: withS3 + "\nevent_log = {}", with: strings.Replace(withS3, `"raw"`, `"other"`, 1) + "\nevent_log = {}", changes: []string{args}},
		"s3.namespace":        {before: withS3, with: strings.Replace(withS3, `"data"`, `"other"`, 1), changes: []string{"Secret/s3 data[*"}},
		"s3.secret":           {before: withS3, with: strings.Replace(withS3, "lake-user-spark", "other", 1), changes: []string{"Secret/s3 data[*"}},
		"s3.version":          {before: withS3, with: strings.Replace(withS3, `version = "1"`, `version = "2"`, 1)},
		"s3_jars":             {before: withS3, with: withS3 + "\ns3_jars = \"image\"", changes: []string{args, pods + "*"}},
		"event_log.directory": {with: `event_log = { directory = "hdfs://events" }`, changes: []string{args}},
		"event_log.rolling":   {with: `event_log = { directory = "hdfs://events", rolling = true }`, changes: []string{args}},

		"batch_scheduler.*": {with: `batch_scheduler = { name = "volcano", queue = "etl", priority_class = "night", gang = true }`, changes: []string{
			template, "PodGroup/application *", pods + "schedulerName", workload + " spec.template.metadata.annotations[scheduling.k8s.io/group-name]",
		}},
		"metrics.*":            {with: `metrics = { pod_monitor = true, namespace = "monitoring" }`, changes: []string{args, "PodMonitor/driver *", "NetworkPolicy/metrics *"}},
		"driver.gpu.*":         {with: `driver = { gpu = { vendor = "amd.com", amount = 1, discovery_script = "/opt/gpus.sh" } }`, changes: []string{args, driver + "resources.limits[amd.com/gpu]"}},
		"executor.gpu.*":       {with: `executor = { gpu = { vendor = "amd.com", amount = 1, discovery_script = "/opt/gpus.sh", per_task = 0.5 } }`, changes: []string{args}},
		"dynamic_allocation.*": {with: `dynamic_allocation = { min_executors = 1, initial_executors = 2, max_executors = 3, idle_timeout_seconds = 10, shuffle_timeout_seconds = 60 }`, changes: []string{args}},
		"scratch.empty_dir.*":  {with: `scratch = { empty_dir = { size_limit = "1Gi", medium = "Memory" } }`, changes: []string{template, pods + "volumes[spark-local-dir-1].*"}},
		"scratch.ephemeral.*":  {with: `scratch = { ephemeral = { size = "300Mi", storage_class = "none", access_modes = ["ReadWriteOnce"] } }`, changes: []string{template, pods + "volumes[spark-local-dir-1].*"}},
	})
	maps.Copy(cases, trackingCases(standard, "Secret/mlflow", driver+"env[MLFLOW_TRACKING_URI].value", template))
	return cases
}

func sparkCases() map[string]attributeCase {
	const args = "Job/driver spec.template.spec.containers[driver].args[*"
	scheduled := func(more string) string {
		return sparkStandard + "\nschedule = { cron = \"0 3 * * *\"" + more + " }"
	}
	cases := sessionCases(sparkStandard, "Job/driver")
	cases["executor.delete_on_termination"] = attributeCase{with: "executor = { delete_on_termination = true }", changes: []string{args}}
	maps.Copy(cases, map[string]attributeCase{
		"script":                     {before: `main_file = "local:///a.py"`, with: `script = "print(1)"`, changes: []string{args, "ConfigMap/application *", "Job/driver spec.template.*"}},
		"main_file":                  {before: `main_file = "local:///a.py"`, with: `main_file = "local:///b.py"`, changes: []string{args}},
		"main_class":                 {before: `main_file = "local:///a.jar"`, with: "main_file = \"local:///a.jar\"\nmain_class = \"org.example.Main\"", changes: []string{args}},
		"arguments":                  {with: `arguments = ["a"]`, changes: []string{args}},
		"schedule.cron":              {before: scheduled(""), with: strings.Replace(scheduled(""), "0 3", "0 4", 1), changes: []string{"CronJob/driver spec.schedule"}},
		"schedule.time_zone":         {before: scheduled(""), with: scheduled(`, time_zone = "Europe/Berlin"`), changes: []string{"CronJob/driver spec.timeZone"}},
		"schedule.suspend":           {before: scheduled(""), with: scheduled(`, suspend = true`), changes: []string{"CronJob/driver spec.suspend"}},
		"schedule.concurrency":       {before: scheduled(""), with: scheduled(`, concurrency = "Allow"`), changes: []string{"CronJob/driver spec.concurrencyPolicy"}},
		"schedule.starting_deadline": {before: scheduled(""), with: scheduled(`, starting_deadline = "1m"`), changes: []string{"CronJob/driver spec.startingDeadlineSeconds"}},
		"schedule.keep_succeeded":    {before: scheduled(""), with: scheduled(`, keep_succeeded = 1`), changes: []string{"CronJob/driver spec.successfulJobsHistoryLimit"}},
		"schedule.keep_failed":       {before: scheduled(""), with: scheduled(`, keep_failed = 1`), changes: []string{"CronJob/driver spec.failedJobsHistoryLimit"}},
		"schedule.retries":           {before: scheduled(""), with: scheduled(`, retries = 1`), changes: []string{"CronJob/driver spec.jobTemplate.spec.backoffLimit"}},
		"schedule.time_limit":        {before: scheduled(""), with: scheduled(`, time_limit = "1m"`), changes: []string{"CronJob/driver spec.jobTemplate.spec.activeDeadlineSeconds"}},
		"schedule.no_retry_exit_codes": {
			before: scheduled(""), with: scheduled(`, no_retry_exit_codes = [3]`),
			changes: []string{"CronJob/driver spec.jobTemplate.spec.podFailurePolicy.rules[1].*"},
		},
		"once.no_retry_exit_codes": {with: `once = { no_retry_exit_codes = [3] }`, changes: []string{"Job/driver spec.podFailurePolicy.rules[1].*"}},
		"once.wait":                {with: `once = { wait = false }`},
		"once.triggers":            {with: `once = { triggers = { day = "1" } }`},
		"once.retries":             {with: `once = { retries = 2 }`, changes: []string{"Job/driver spec.backoffLimit"}},
		"once.time_limit":          {with: `once = { time_limit = "1m" }`, changes: []string{"Job/driver spec.activeDeadlineSeconds"}},
		"once.ttl":                 {with: `once = { ttl = "1m" }`, changes: []string{"Job/driver spec.ttlSecondsAfterFinished"}},
	})
	return cases
}

// serviceCases are those of the Service of that key, which has one port, and of its
// attribute.
func serviceCases(standard, key, port string) map[string]attributeCase {
	with := func(text string) string { return standard + "\n" + text }
	return map[string]attributeCase{
		"service.type":        {with: `service = { type = "NodePort" }`, changes: []string{key + " spec.type"}},
		"service.cluster_ip":  {with: `service = { cluster_ip = "10.96.7.7" }`, changes: []string{key + " spec.clusterIP"}},
		"service.node_port":   {before: with(`service = { type = "NodePort" }`), with: with(`service = { type = "NodePort", node_port = 30007 }`), changes: []string{key + " spec.ports[" + port + "/TCP].nodePort"}},
		"service.annotations": {with: `service = { annotations = { note = "x" } }`, changes: []string{key + " metadata.annotations.note"}},
	}
}

func sparkConnectCases() map[string]attributeCase {
	const args = "Deployment/driver spec.template.spec.containers[driver].args[*"
	cases := sessionCases("", "Deployment/driver")
	cases["executor.delete_on_termination"] = attributeCase{with: "executor = { delete_on_termination = false }", changes: []string{args}}
	maps.Copy(cases, serviceCases("", "Service/connect", "15002"))
	open := cases["service.type"]
	open.changes = append(open.changes, "NetworkPolicy/clients spec.ingress[0].from[*")
	cases["service.type"] = open
	return cases
}

const historyStandard = `  directory = "hdfs://events"`

func sparkHistoryCases() map[string]attributeCase {
	const (
		pods      = "Deployment/server spec.template.spec."
		container = pods + "containers[history-server]."
		args      = container + "args[*"
	)
	with := func(text string) string { return historyStandard + "\n" + text }
	changed := func(before, after string, changes ...string) attributeCase {
		return attributeCase{before: with(before), with: with(after), changes: changes}
	}
	s3 := `s3 = { endpoint = "http://lake:9000", region = "us-east-1", bucket = "raw", namespace = "data", secret = "lake-user-spark", version = "1" }`
	replaced := func(was, is string, changes ...string) attributeCase {
		return changed(s3, strings.Replace(s3, was, is, 1), changes...)
	}
	config := []string{args, "Secret/config *", pods + "volumes[config].*", container + "volumeMounts[/etc/spark/config].*", "Deployment/server spec.template.metadata.annotations[*"}
	cases := commonCases()
	maps.Copy(cases, sparkPodCases("Deployment/server", "history-server"))
	standing(historyStandard, cases)
	maps.Copy(cases, serviceCases(historyStandard, "Service/server", "18080"))
	const ingress = `ingress = { host = "spark.example.com" }`
	maps.Copy(cases, map[string]attributeCase{
		"patches":                   {with: `patches = { "Deployment/server" = jsonencode({ spec = { minReadySeconds = 1 } }) }`, changes: []string{"Deployment/server spec.minReadySeconds"}},
		"resources.requests.memory": {with: `resources = { requests = { memory = "2Gi" }, limits = { memory = "2Gi" } }`, changes: []string{args, container + "resources.*"}},
		"resources.limits.memory":   {with: `resources = { limits = { memory = "2Gi" } }`, changes: []string{args, container + "resources.*"}},
		"memory":                    {with: `memory = "2Gi"`, changes: []string{args, container + "resources.*"}},
		"memory_overhead":           {with: `memory_overhead = "2Gi"`, changes: []string{container + "resources.*"}},
		"image":                     {with: `image = "example.com/spark:4.1.1"`, changes: []string{container + "image"}},
		"spark_version":             changed(s3, s3+"\nspark_version = \"4.0\"", args),
		"directory":                 {before: historyStandard, with: `directory = "hdfs://others"`, changes: []string{args}},
		"s3.endpoint":               replaced("http://lake", "http://other", args),
		"s3.region":                 replaced("us-east-1", "eu", args),
		"s3.bucket":                 {before: s3, with: strings.Replace(s3, `"raw"`, `"other"`, 1), changes: []string{args}},
		"s3.namespace":              replaced(`"data"`, `"other"`, "Secret/s3 data[*"),
		"s3.secret":                 replaced("lake-user-spark", "other", "Secret/s3 data[*"),
		"s3.version":                replaced(`version = "1"`, `version = "2"`),
		"s3_jars":                   changed(s3, s3+"\ns3_jars = \"image\"", args, pods+"*"),
		"repositories":              {with: `repositories = ["https://maven.example.com"]`, changes: []string{args}},
		"ivy_cache.claim":           changed(s3, s3+"\nivy_cache = { claim = \"ivy\" }", pods+"volumes[ivy-cache].*"),
		"ivy_cache.new_claim.*": changed(s3, s3+"\nivy_cache = { new_claim = { size = \"300Mi\", storage_class = \"none\", access_modes = [\"ReadWriteOnce\"] } }",
			pods+"volumes[ivy-cache].*", "PersistentVolumeClaim/server-ivy-cache *"),
		"retention.*":         {with: `retention = { max_age = "720h", max_runs = 1000, interval = "1h" }`, changes: []string{args}},
		"spark_config":        {with: `spark_config = { "spark.history.ui.maxApplications" = "2" }`, changes: config},
		"hadoop_config":       {with: `hadoop_config = { "fs.s3a.connection.maximum" = "2" }`, changes: config},
		"replicas":            {with: `replicas = 2`, changes: []string{"Deployment/server spec.replicas", "PodDisruptionBudget/server *", pods + "topologySpreadConstraints[*"}},
		"ingress.host":        {with: ingress, changes: []string{"Ingress/server *"}},
		"ingress.class":       changed(ingress, `ingress = { host = "spark.example.com", class = "nginx" }`, "Ingress/server spec.ingressClassName"),
		"ingress.tls_secret":  changed(ingress, `ingress = { host = "spark.example.com", tls_secret = "cert" }`, "Ingress/server spec.tls[0].*"),
		"ingress.annotations": changed(ingress, `ingress = { host = "spark.example.com", annotations = { note = "x" } }`, "Ingress/server metadata.annotations.note"),
	})
	return cases
}
