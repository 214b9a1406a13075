package acctest

import (
	"maps"
	"strings"
)

// allPodSettings sets every attribute that pods have, for components of a resource
// whose pods come from the same code as those of the fixture.
func allPodSettings() string {
	groups := podGroupCases("")
	var lines []string
	for _, attribute := range []string{
		"init_scripts.*", "affinity.*", "topology_spread.*", "automount_service_account_token", "security_context.*", "host_aliases", "dns_policy",
		"dns_config.*", "network_policy.*",
	} {
		lines = append(lines, groups[attribute].with)
	}
	containers, _, _ := strings.Cut(groups["extra_containers.*"].with, "\n\tvolumes =")
	lines = append(lines, strings.Replace(containers, "sidecar = false", "sidecar = true", 1))
	// A database has a volume "data" of its own.
	volumes := strings.TrimSuffix(strings.TrimSpace(strings.Replace(groups["volumes.*"].with, "data = ", "store = ", 1)), "}")
	lines = append(lines, volumes+"\textra = { empty_dir = {}, mounts = [{ path = \"/extra\" }] }\n\t}")
	amounts := `{ cpu = "3", memory = "3Gi", ephemeral_storage = "1Gi" }`
	return strings.Join(append(lines,
		`resources = { requests = `+amounts+`, limits = `+amounts+` }`,
		`env = { GREETING = "hello" }`,
		`env_from_keys = { B = { secret = "s", key = "k" }, C = { config_map = "c", key = "k" } }`,
		`env_from_secrets = ["s"]`, `env_from_config_maps = ["c"]`,
		`node_selector = { disk = "ssd" }`,
		`tolerations = [{ key = "a", operator = "Equal", value = "b", effect = "NoExecute", toleration_seconds = 5 }]`,
		`priority_class = "system-cluster-critical"`, `service_account = "default"`, `image_pull_secrets = ["s"]`,
		`pod_labels = { tier = "x" }`, `pod_annotations = { note = "x" }`,
	), "\n")
}

func airflowCases() map[string]attributeCase {
	const (
		container  = "*/* spec.template.spec.containers[*]."
		annotation = "*/* spec.template.metadata.annotations[analytics/revision-of-"
		kubernetes = `executors = ["KubernetesExecutor"]`
		celery     = `executors = ["CeleryExecutor"]`
	)
	broker := func(text string) string { return celery + "\nbroker = { external = { " + text + " } }" }
	connection := func(more string) string { return `connections = { dw = { type = "postgres"` + more + ` } }` }
	clean := func(more string) string { return `db_clean = { cron = "@weekly"` + more + " }" }
	metrics := func(more string) string {
		return `metrics = { otlp = { endpoint = "http://collector:4318"` + more + " } }"
	}
	grooming := func(text string) string { return "log_grooming = { " + text + " }" }
	pools := func(more string) string { return "pools = { etl = { slots = 3" + more + " } }" }
	logs := func(endpoint, region, bucket, namespace, secret, version string) string {
		return `logs = { endpoint = "` + endpoint + `", region = "` + region + `", bucket = "` + bucket + `", namespace = "` + namespace + `", secret = "` + secret + `", version = "` + version + `" }`
	}
	standard := logs("http://s3:9000", "eu", "logs", "data", "s", "1")
	credentials := []string{"Secret/logs data[AWS_*"}
	cases := commonCases()
	maps.Copy(cases, podGroupCases("*/*"))
	maps.Copy(cases, podCases("*/*", "*"))
	maps.Copy(cases, databaseCases())
	maps.Copy(cases, bundleCases())
	for _, component := range []string{"api_server", "scheduler", "dag_processor", "triggerer"} {
		key := strings.ReplaceAll(component, "_", "-")
		cases[component+".*"] = attributeCase{with: component + " = {\n" + allPodSettings() + "\nreplicas = 2\n}", changes: []string{"*/" + key + "* *"}}
	}
	cases["workers.*"] = attributeCase{before: kubernetes, with: kubernetes + "\nworkers = {\n" + allPodSettings() + "\n}", changes: []string{"*/worker* *", "ConfigMap/pod-template *"}}
	cases["celery_workers.*"] = attributeCase{
		before:  celery + "\ncelery_workers = { small = {} }",
		with:    celery + "\ncelery_workers = { small = {\n" + allPodSettings() + "\nqueues = [\"default\", \"train\"]\nconcurrency = 2\nreplicas = 2\ngrace_period = \"1h\"\n} }",
		changes: []string{"*/celery-small* *"},
	}
	scaledWorkers := func(text string) string {
		return celery + "\ncelery_workers = { small = { autoscaling = { " + text + " } } }"
	}
	cases["celery_workers.autoscaling.*"] = attributeCase{
		before:  celery + "\ncelery_workers = { small = {} }",
		with:    scaledWorkers(`min = 0, max = 3, keda = { polling_interval = "5s", cooldown_period = "1m" }`),
		changes: []string{"*/celery-small *"},
	}
	metric := "HorizontalPodAutoscaler/celery-small spec.metrics[*"
	cases["celery_workers.autoscaling.cpu_percent"] = attributeCase{before: scaledWorkers("min = 1, max = 3, cpu_percent = 80"), with: scaledWorkers("min = 1, max = 3, cpu_percent = 70"), changes: []string{metric}}
	cases["celery_workers.autoscaling.memory_percent"] = attributeCase{before: scaledWorkers("min = 1, max = 3, cpu_percent = 80"), with: scaledWorkers("min = 1, max = 3, cpu_percent = 80, memory_percent = 80"), changes: []string{metric}}
	cases["execution_api_server.*"] = attributeCase{
		with:    "execution_api_server = {\n" + allPodSettings() + "\nreplicas = 2\n}",
		changes: []string{"*/execution-api-server* *", "Deployment/api-server spec.template.spec.containers[api-server].args[*", container + "env[AIRFLOW__CORE__EXECUTION_API_SERVER_URL].value"},
	}
	cases["execution_api_server.autoscaling.*"] = attributeCase{
		before: "execution_api_server = {}", with: "execution_api_server = { autoscaling = { min = 2, max = 3, cpu_percent = 80, memory_percent = 80 } }", changes: []string{"*/execution-api-server *"},
	}
	cases["api_server.autoscaling.*"] = attributeCase{with: "api_server = { autoscaling = { min = 2, max = 3, cpu_percent = 80, memory_percent = 80 } }", changes: []string{"*/api-server *"}}
	cases["broker.embedded.*"] = attributeCase{
		before:  celery,
		with:    celery + "\nbroker = { embedded = {\n" + allPodSettings() + "\nimage = \"docker.io/library/redis:7.4\"\nsize = \"9Gi\"\nstorage_class = \"fast\"\nrotate = \"1\"\n} }",
		changes: []string{"*/broker* *"},
	}
	pooled := []string{"*/pgbouncer* *", "Secret/database data[*", container + "env[AIRFLOW__DATABASE__SQL_ALCHEMY_CONN].valueFrom.secretKeyRef.key", annotation + "database]"}
	cases["pgbouncer.*"] = attributeCase{
		with: "pgbouncer = {\n" + allPodSettings() + "\nreplicas = 2\nimage = \"example.com/pgbouncer:1\"\nmax_client_conn = 9\nmetadata_pool_size = 9\nconfig = { verbose = \"1\" }\n}", changes: pooled,
	}
	cases["metrics.statsd.*"] = attributeCase{
		with: "metrics = { statsd = {\n" + allPodSettings() + "\nimage = \"example.com/statsd:1\"\nmappings = \"mappings: [{ match: a, name: b }]\"\n} }", changes: []string{"*/statsd* *", container + "env[AIRFLOW__METRICS__*"},
	}
	cases["metrics.statsd.pod_monitor"] = attributeCase{before: "metrics = { statsd = {} }", with: "metrics = { statsd = { pod_monitor = true } }", changes: []string{"PodMonitor/statsd *"}}
	needs := func(text string) string { return "requirements = { " + text + " }" }
	installs := "*/* spec.template.spec.initContainers[install]."
	cases["requirements.packages"] = attributeCase{with: needs(`packages = ["a==1"]`), changes: []string{
		"ConfigMap/requirements *", installs + "*", container + "env[PYTHONPATH].*",
		container + "volumeMounts[/packages].*", "*/* spec.template.spec.volumes[packages].*", "*/* spec.template.spec.volumes[requirements].*",
	}}
	folder := []string{installs + "env[PACKAGES].value", container + "env[PYTHONPATH].value"}
	cases["requirements.file"] = attributeCase{before: needs(`packages = ["a==1"]`), with: needs(`file = "a==2"`), changes: append([]string{"ConfigMap/requirements data[requirements.txt]"}, folder...)}
	cases["requirements.index_url"] = attributeCase{before: needs(`packages = ["a==1"]`), with: needs(`packages = ["a==1"], index_url = "https://a.example"`), changes: append([]string{installs + "env[PIP_INDEX_URL].*"}, folder...)}
	cases["requirements.index_credentials"] = attributeCase{
		before: needs(`packages = ["a==1"], index_url = "https://a.example"`), with: needs(`packages = ["a==1"], index_url = "https://a.example", index_credentials = "s"`),
		changes: []string{installs + "env[INDEX_USERNAME].*", installs + "env[INDEX_PASSWORD].*"},
	}
	cases["requirements.require_hashes"] = attributeCase{before: needs(`packages = ["a==1"]`), with: needs(`packages = ["a==1"], require_hashes = true`), changes: append([]string{installs + "command[*"}, folder...)}
	results := func(text string) string {
		return broker(`url_secret = { name = "s" }`) + "\npgbouncer = {" + text + "}"
	}
	cases["pgbouncer.result_backend_pool_size"] = attributeCase{
		before: results(""), with: results("result_backend_pool_size = 9"),
		changes: []string{"ConfigMap/pgbouncer data[*"},
	}
	// A new volume for each component is refused.
	volumes := cases["volumes.*"]
	volumes.with = strings.Replace(volumes.with, "data = { new_claim =", "data = { ephemeral =", 1)
	volumes.changes = []string{"*/* spec.template.spec.volumes[*", container + "volumeMounts[*"}
	cases["volumes.*"] = volumes
	maps.Copy(cases, map[string]attributeCase{
		"patches":                              {with: `patches = { "Service/api-server" = jsonencode({ spec = { sessionAffinity = "ClientIP" } }) }`, changes: []string{"Service/api-server spec.sessionAffinity"}},
		"version":                              {with: `version = "3.3.1"`, changes: []string{container + "image", "Job/migrate spec.template.spec.initContainers[backup].env[BACKUP_NAME].value"}},
		"image":                                {with: `image = "example.com/airflow:1"`, changes: []string{container + "image"}},
		"executors":                            {with: kubernetes, changes: []string{container + "env[AIRFLOW__*", container + "volumeMounts[/opt/airflow/pod-template].*", "*/* spec.template.spec.volumes[pod-template].*", "*/* spec.template.spec.automountServiceAccountToken", annotation + "*", "*/worker *", "ConfigMap/pod-template *", "Role/* *", "RoleBinding/* *"}},
		"broker.external.url_wo":               {before: celery, with: broker(`url_wo = "amqp://a:b@c/d", url_wo_version = "1"`), changes: []string{"*/broker *", container + "env[AIRFLOW__*", annotation + "database]"}},
		"broker.external.url_wo_version":       {before: broker(`url_wo = "amqp://a:b@c/d", url_wo_version = "1"`), with: broker(`url_wo = "amqp://a:b@c/d", url_wo_version = "2"`)},
		"broker.external.url_secret.name":      {before: broker(`url_secret = { name = "s" }`), with: broker(`url_secret = { name = "t" }`), changes: []string{"Secret/broker data[url]"}},
		"broker.external.url_secret.namespace": {before: broker(`url_secret = { name = "s" }`), with: broker(`url_secret = { name = "s", namespace = "other" }`), changes: []string{"Secret/broker data[url]"}},
		"broker.external.url_secret.key":       {before: broker(`url_secret = { name = "s" }`), with: broker(`url_secret = { name = "s", key = "k" }`)},
		"broker.external.url_secret.version":   {before: broker(`url_secret = { name = "s" }`), with: broker(`url_secret = { name = "s", version = "2" }`)},
		"dags":                                 {with: `dags = { "a.py" = "" }`, changes: []string{"ConfigMap/dags *", container + "volumeMounts[/opt/airflow/dags].*", "*/* spec.template.spec.volumes[dags].*"}},
		"config":                               {with: `config = { core = { parallelism = "4" } }`, changes: []string{"Secret/config *", container + "envFrom[0].secretRef.name", annotation + "config]"}},
		"connections.extra_wo":                 {before: connection(""), with: connection(`, extra_wo = "{}", extra_wo_version = "1"`), changes: []string{"Secret/connections data[*"}},
		"connections.extra_wo_version":         {before: connection(`, extra_wo = "{}", extra_wo_version = "1"`), with: connection(`, extra_wo = "{}", extra_wo_version = "2"`)},
		"variables":                            {with: `variables = { stage = "test" }`, changes: []string{"Secret/variables *", container + "env[AIRFLOW_VAR_STAGE].*", annotation + "variables]"}},
		"connections.type":                     {with: connection(""), changes: []string{"Secret/connections *", container + "env[AIRFLOW_CONN_DW].*", annotation + "connections]"}},
		"connections.host":                     {before: connection(""), with: connection(`, host = "h"`)},
		"connections.port":                     {before: connection(""), with: connection(`, port = 1`)},
		"connections.login":                    {before: connection(""), with: connection(`, login = "h"`)},
		"connections.schema":                   {before: connection(""), with: connection(`, schema = "h"`)},
		"connections.extra":                    {before: connection(""), with: connection(`, extra = "{}"`)},
		"connections.password_wo":              {before: connection(""), with: connection(`, password_wo = "h", password_wo_version = "1"`), changes: []string{"Secret/connections data[*"}},
		"connections.password_wo_version":      {before: connection(`, password_wo = "h", password_wo_version = "1"`), with: connection(`, password_wo = "h", password_wo_version = "2"`)},
		"auth_manager":                         {with: `auth_manager = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"`, changes: []string{container + "env[AIRFLOW__CORE__AUTH_MANAGER].value", "*/admin *", "Job/migrate spec.template.spec.containers[migrate].args[*]", "Job/migrate spec.template.spec.containers[migrate].env[ADMIN_*"}},
		"keys.fernet.rotate":                   {with: `keys = { fernet = { rotate = "1" } }`, changes: []string{"*/rotate-fernet-key *"}},
		"keys.jwt.rotate":                      {with: `keys = { jwt = { rotate = "1" } }`},
		"keys.session.rotate":                  {with: `keys = { session = { rotate = "1" } }`},
		"pools.slots":                          {with: pools(""), changes: []string{"Pool/etl *"}},
		"pools.description":                    {before: pools(""), with: pools(`, description = "nightly"`), changes: []string{"Pool/etl description"}},
		"pools.include_deferred":               {before: pools(""), with: pools(", include_deferred = true"), changes: []string{"Pool/etl include_deferred"}},
		"metrics.otlp.endpoint":                {with: metrics(""), changes: []string{container + "env[OTEL_*", container + "env[AIRFLOW__METRICS__OTEL_ON].*"}},
		"metrics.otlp.interval":                {before: metrics(""), with: metrics(`, interval = "30s"`), changes: []string{container + "env[OTEL_METRIC_EXPORT_INTERVAL].value"}},
		"log_grooming.retention_days":          {with: grooming("retention_days = 7"), changes: []string{container + "*", "*/* spec.template.metadata.annotations[kubectl.kubernetes.io/default-container]"}},
		"log_grooming.interval":                {before: grooming(""), with: grooming(`interval = "1h"`), changes: []string{"Deployment/* spec.template.spec.containers[log-groomer].command[*"}},
		"db_clean.cron":                        {with: clean(""), changes: []string{"*/db-clean *"}},
		"db_clean.time_zone":                   {before: clean(""), with: clean(`, time_zone = "Europe/Berlin"`), changes: []string{"CronJob/db-clean spec.timeZone"}},
		"db_clean.older_than_days":             {before: clean(""), with: clean(", older_than_days = 30"), changes: []string{"CronJob/db-clean *.args[*"}},
		"db_clean.tables":                      {before: clean(""), with: clean(`, tables = ["log"]`), changes: []string{"CronJob/db-clean *.args[*"}},
		"admin.user":                           {before: `admin = { user = "a" }`, with: `admin = { user = "b" }`},
		"admin.email":                          {with: `admin = { email = "a@example.org" }`, changes: []string{"Job/admin spec.template.spec.containers[admin].env[ADMIN_EMAIL].value", "Job/migrate spec.template.spec.containers[migrate].env[ADMIN_EMAIL].value"}},
		"admin.password_wo": {with: `admin = { password_wo = "long-enough", password_wo_version = "1" }`, changes: []string{
			"Secret/admin data[password]",
		}},
		"admin.password_wo_version": {before: `admin = { password_wo = "long-enough", password_wo_version = "1" }`, with: `admin = { password_wo = "long-enough", password_wo_version = "2" }`},
		"admin.rotate":              {with: `admin = { rotate = "1" }`},
		"base_url":                  {with: `base_url = "https://example.com/flow"`, changes: []string{container + "env[AIRFLOW__API__BASE_URL].value", container + "env[AIRFLOW__CORE__EXECUTION_API_SERVER_URL].value", container + "*Probe.httpGet.path"}},
		"logs.endpoint":             {before: standard, with: logs("http://other:9000", "eu", "logs", "data", "s", "1")},
		"logs.region":               {before: standard, with: logs("http://s3:9000", "us", "logs", "data", "s", "1")},
		"logs.bucket":               {before: standard, with: logs("http://s3:9000", "eu", "other", "data", "s", "1"), changes: []string{container + "env[AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER].value"}},
		"logs.namespace":            {before: standard, with: logs("http://s3:9000", "eu", "logs", "else", "s", "1"), changes: credentials},
		"logs.secret":               {before: standard, with: logs("http://s3:9000", "eu", "logs", "data", "other", "1"), changes: credentials},
		"logs.version":              {before: standard, with: logs("http://s3:9000", "eu", "logs", "data", "s", "2")},
		"service.type":              {with: `service = { type = "NodePort" }`, changes: []string{"Service/api-server spec.type"}},
		"service.cluster_ip":        {with: `service = { cluster_ip = "10.96.7.7" }`, changes: []string{"Service/api-server spec.clusterIP"}},
		"service.node_port":         {before: `service = { type = "NodePort" }`, with: `service = { type = "NodePort", node_port = 30007 }`, changes: []string{"Service/api-server spec.ports[8080/TCP].nodePort"}},
		"service.annotations":       {with: `service = { annotations = { note = "x" } }`, changes: []string{"Service/api-server metadata.annotations.note"}},
		"ingress.host":              {with: `ingress = { host = "flow.example.com" }`, changes: []string{"Ingress/api-server *", container + "env[AIRFLOW__API__BASE_URL].value"}},
		"ingress.class":             {before: `ingress = { host = "flow.example.com" }`, with: `ingress = { host = "flow.example.com", class = "nginx" }`, changes: []string{"Ingress/api-server spec.ingressClassName"}},
		"ingress.tls_secret":        {before: `ingress = { host = "flow.example.com" }`, with: `ingress = { host = "flow.example.com", tls_secret = "cert" }`, changes: []string{"Ingress/api-server spec.tls[0].*", container + "env[AIRFLOW__API__BASE_URL].value"}},
		"ingress.annotations":       {before: `ingress = { host = "flow.example.com" }`, with: `ingress = { host = "flow.example.com", annotations = { note = "x" } }`, changes: []string{"Ingress/api-server metadata.annotations.note"}},
	})
	return cases
}
