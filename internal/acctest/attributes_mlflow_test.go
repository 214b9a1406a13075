package acctest

import (
	"maps"
	"strings"
)

// mlflowStandard is what the cases of analytics_mlflow are added to.
const mlflowStandard = `artifacts = { endpoint = "http://s3:9000", region = "eu", bucket = "models", namespace = "data", secret = "s", version = "1" }`

func mlflowCases() map[string]attributeCase {
	const (
		container = "*/* spec.template.spec.containers[*]."
		users     = "users = { ana = {} }\n"
	)
	env := func(name string) string { return container + "env[" + name + "].value" }
	// differing is the standard with another value in place of one of its own.
	differing := func(was, is string, changes ...string) attributeCase {
		return attributeCase{before: mlflowStandard, with: strings.Replace(mlflowStandard, was, is, 1), changes: changes}
	}
	collect := func(more string) string { return `garbage_collection = { cron = "@weekly"` + more + ` }` }
	cases := commonCases()
	maps.Copy(cases, podGroupCases("*/*"))
	maps.Copy(cases, podCases("*/*", "*"))
	maps.Copy(cases, databaseCases())
	// Where the database is, libpq reads from variables.
	for attribute, variable := range map[string]string{"host": "PGHOST", "port": "PGPORT", "name": "PGDATABASE", "user": "PGUSER"} {
		c := cases["database.external."+attribute]
		c.changes = []string{env(variable)}
		cases["database.external."+attribute] = c
	}
	instead := cases["database.external.password_wo"]
	instead.changes = append(instead.changes, env("PGHOST"))
	cases["database.external.password_wo"] = instead
	limit := cases["resources.limits.memory"]
	limit.with = strings.Replace(limit.with, "2Gi", "3Gi", 1) // 2Gi is the default
	cases["resources.limits.memory"] = limit
	volumes := cases["volumes.*"]
	volumes.with = strings.Replace(volumes.with, "data = { new_claim =", "data = { ephemeral =", 1)
	volumes.changes = []string{"*/* spec.template.spec.volumes[*", container + "volumeMounts[*"}
	cases["volumes.*"] = volumes
	for attribute, c := range cases {
		if c.before != "" {
			c.before += "\n" + mlflowStandard
			c.with += "\n" + mlflowStandard
			cases[attribute] = c
		}
	}
	with := func(before, after string, changes ...string) attributeCase {
		return attributeCase{before: before + "\n" + mlflowStandard, with: after + "\n" + mlflowStandard, changes: changes}
	}
	// gateway is one with an API key and an endpoint, and another value in place of one of its own.
	gateway := func(was, is string, changes ...string) attributeCase {
		const standard = users + `gateway = {
  api_keys  = { llm = { provider = "openai", secret = "llm" }, more = { provider = "openai", secret = "more" } }
  endpoints = { chat = { api_key = "llm", model = "small" } }
}`
		return with(standard, strings.Replace(standard, was, is, 1), changes...)
	}
	maps.Copy(cases, map[string]attributeCase{
		"patches":                            {with: `patches = { "Service/server" = jsonencode({ spec = { sessionAffinity = "ClientIP" } }) }`, changes: []string{"Service/server spec.sessionAffinity"}},
		"version":                            {with: `version = "3.16.1"`, changes: []string{container + "image", "Job/migrate spec.template.spec.initContainers[backup].env[BACKUP_NAME].value"}},
		"image":                              {with: `image = "example.com/mlflow:1"`, changes: []string{container + "image"}},
		"replicas":                           {with: `replicas = 1`, changes: []string{"Deployment/server spec.replicas", "Deployment/server spec.template.spec.topologySpreadConstraints[*", "PodDisruptionBudget/server *"}},
		"workers":                            {with: `workers = 2`, changes: []string{"Deployment/server spec.template.spec.containers[server].command[*]"}},
		"artifacts.endpoint":                 differing("s3:9000", "other:9000", env("AWS_ENDPOINT_URL"), env("AWS_ENDPOINT_URL_S3"), env("MLFLOW_S3_ENDPOINT_URL")),
		"artifacts.region":                   differing(`"eu"`, `"us"`, env("AWS_REGION"), env("AWS_DEFAULT_REGION")),
		"artifacts.bucket":                   differing(`"models"`, `"other"`, env("MLFLOW_ARTIFACTS_DESTINATION")),
		"artifacts.namespace":                differing(`"data"`, `"else"`, "Secret/artifacts data[AWS_*"),
		"artifacts.secret":                   differing(`"s"`, `"other"`, "Secret/artifacts data[AWS_*"),
		"artifacts.version":                  differing(`"1"`, `"2"`),
		"admin.user":                         with(`admin = { user = "a" }`, `admin = { user = "b" }`),
		"admin.password_wo":                  {with: `admin = { password_wo = "long-enough-for-it", password_wo_version = "1" }`, changes: []string{"Secret/admin data[password]"}},
		"admin.password_wo_version":          with(`admin = { password_wo = "long-enough-for-it", password_wo_version = "1" }`, `admin = { password_wo = "long-enough-for-it", password_wo_version = "2" }`),
		"admin.rotate":                       {with: `admin = { rotate = "1" }`},
		"users.admin":                        with(`users = { ana = {} }`, `users = { ana = { admin = true } }`, "User/ana admin"),
		"users.rotate":                       with(`users = { ana = {} }`, `users = { ana = { rotate = "1" } }`),
		"experiments.permissions":            with(users+`experiments = { fraud = {} }`, users+`experiments = { fraud = { permissions = { ana = "EDIT" } } }`, "Experiment/fraud permissions[ana]"),
		"experiments.force_destroy":          with(`experiments = { fraud = {} }`, `experiments = { fraud = { force_destroy = true } }`, "Experiment/fraud force_destroy"),
		"models.permissions":                 with(users+`models = { scorer = {} }`, users+`models = { scorer = { permissions = { ana = "EDIT" } } }`, "RegisteredModel/scorer permissions[ana]"),
		"models.force_destroy":               with(`models = { scorer = {} }`, `models = { scorer = { force_destroy = true } }`, "RegisteredModel/scorer force_destroy"),
		"default_permission":                 {with: `default_permission = "NO_PERMISSIONS"`, changes: []string{"ConfigMap/auth data[basic_auth.ini]"}},
		"allowed_hosts":                      {with: `allowed_hosts = ["ml.example.com"]`, changes: []string{env("MLFLOW_SERVER_ALLOWED_HOSTS")}},
		"allowed_origins":                    {with: `allowed_origins = ["https://ml.example.com"]`, changes: []string{env("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")}},
		"static_prefix":                      {with: `static_prefix = "/ml"`, changes: []string{container + "env[MLFLOW_STATIC_PREFIX].*", "Deployment/server spec.template.spec.containers[server].*Probe.httpGet.path"}},
		"job_execution":                      with(`replicas = 1`, "replicas = 1\njob_execution = true", env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION")),
		"garbage_collection.cron":            {with: collect(""), changes: []string{"*/gc *"}},
		"garbage_collection.time_zone":       with(collect(""), collect(`, time_zone = "Europe/Berlin"`), "CronJob/gc spec.timeZone"),
		"garbage_collection.older_than_days": with(collect(""), collect(`, older_than_days = 7`), "CronJob/gc spec.jobTemplate.spec.template.spec.containers[gc].command[*]"),
		"metrics.pod_monitor":                with(users+`metrics = {}`, users+`metrics = { pod_monitor = true, user = "ana" }`, "PodMonitor/server *"),
		"metrics.user": with("users = { ana = {}, ben = {} }\nmetrics = { pod_monitor = true, user = \"ana\" }", "users = { ana = {}, ben = {} }\nmetrics = { pod_monitor = true, user = \"ben\" }",
			"PodMonitor/server spec.podMetricsEndpoints[*"),
		"gateway.allowed_providers":        {with: `gateway = { allowed_providers = ["openai"] }`, changes: []string{container + "env[MLFLOW_GATEWAY_ALLOWED_PROVIDERS].*"}},
		"gateway.private_providers":        {with: `gateway = { private_providers = true }`, changes: []string{container + "env[MLFLOW_GATEWAY_API_BASE_ALLOW*"}},
		"gateway.api_keys.provider":        gateway(`provider = "openai"`, `provider = "mistral"`, "APIKey/llm provider"),
		"gateway.api_keys.secret":          gateway(`secret = "llm"`, `secret = "other"`, "APIKey/llm values", "Secret/gateway-llm data[api_key]"),
		"gateway.api_keys.keys":            gateway(`secret = "llm"`, `secret = "llm", keys = { api_key = "token" }`, "APIKey/llm values"),
		"gateway.api_keys.version":         gateway(`secret = "llm"`, `secret = "llm", version = "2"`, "APIKey/llm values"),
		"gateway.api_keys.auth_config":     gateway(`secret = "llm"`, `secret = "llm", auth_config = { api_base = "https://llm.example.com/v1" }`, "APIKey/llm auth_config[api_base]"),
		"gateway.endpoints.api_key":        gateway(`api_key = "llm"`, `api_key = "more"`, "Endpoint/chat api_key"),
		"gateway.endpoints.model":          gateway(`model = "small"`, `model = "large"`, "Endpoint/chat model"),
		"gateway.endpoints.usage_tracking": gateway(`model = "small"`, `model = "small", usage_tracking = false`, "Endpoint/chat usage_tracking"),
		"gateway.endpoints.permissions":    gateway(`model = "small"`, `model = "small", permissions = { ana = "USE" }`, "Endpoint/chat permissions[ana]"),
		"service.type":                     {with: `service = { type = "NodePort" }`, changes: []string{"Service/server spec.type", env("MLFLOW_SERVER_ALLOWED_HOSTS"), env("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")}},
		"service.cluster_ip":               {with: `service = { cluster_ip = "10.96.7.7" }`, changes: []string{"Service/server spec.clusterIP", env("MLFLOW_SERVER_ALLOWED_HOSTS"), env("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")}},
		"service.node_port":                with(`service = { type = "NodePort" }`, `service = { type = "NodePort", node_port = 30007 }`, "Service/server spec.ports[5000/TCP].nodePort"),
		"service.annotations":              {with: `service = { annotations = { note = "x" } }`, changes: []string{"Service/server metadata.annotations.note"}},
		"ingress.host":                     {with: `ingress = { host = "ml.example.com" }`, changes: []string{"Ingress/server *", env("MLFLOW_SERVER_ALLOWED_HOSTS"), env("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")}},
		"ingress.class":                    with(`ingress = { host = "ml.example.com" }`, `ingress = { host = "ml.example.com", class = "nginx" }`, "Ingress/server spec.ingressClassName"),
		"ingress.tls_secret":               with(`ingress = { host = "ml.example.com" }`, `ingress = { host = "ml.example.com", tls_secret = "cert" }`, "Ingress/server spec.tls[0].*", env("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")),
		"ingress.annotations":              with(`ingress = { host = "ml.example.com" }`, `ingress = { host = "ml.example.com", annotations = { note = "x" } }`, "Ingress/server metadata.annotations.note"),
	})
	return cases
}
