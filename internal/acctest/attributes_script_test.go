package acctest

import (
	"maps"
	"strings"
	"testing"
)

const scriptStandard = "continuous = { port = 8080 }\nscript = \"pass\""

// TestAccAttributesOfScripts plans the attributes of an ingestion and of an
// automation.
func TestAccAttributesOfScripts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"analytics_ingestion", "analytics_automation"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planAttributes(t, name, scriptStandard)
		})
	}
}

// ingestionCases are those of analytics_ingestion, and of what analytics_automation
// has too.
func ingestionCases() map[string]attributeCase {
	const (
		pods      = "Deployment/run "
		spec      = pods + "spec.template.spec."
		container = spec + "containers[main]."
		install   = spec + "initContainers[install]."
		job       = "Job/run "
		cron      = "CronJob/run "
	)
	once := func(attributes string) string { return "script = \"pass\"\nonce = { " + attributes + " }" }
	schedule := func(attributes string) string {
		return "script = \"pass\"\nschedule = { cron = \"1 1 * * *\"" + attributes + " }"
	}
	continuous := func(attributes string) string {
		return "script = \"pass\"\ncontinuous = { port = 8080" + attributes + " }"
	}
	scaled := func(attributes string) string {
		return continuous(", autoscaling = { min = 1, max = 3, cpu_percent = 80" + attributes + " }")
	}
	probe := func(name, attributes string) string { return continuous(", " + name + " = { " + attributes + " }") }
	requirements := func(attributes string) string {
		return scriptStandard + "\nrequirements = { " + attributes + " }"
	}
	cached := func(attributes string) string {
		return requirements(`packages = ["a"], cache = { size = "1Gi"` + attributes + ` }`)
	}
	connections := func(kind, attributes string) string {
		return scriptStandard + "\n" + kind + ` = { raw = { endpoint = "http://s3:9000", region = "eu", namespace = "data", secret = "s"` + attributes + ` } }`
	}
	folder := []string{install + "env[PACKAGES].value", container + "env[PYTHONPATH].value"}
	cases := commonCases()
	maps.Copy(cases, podGroupCases("Deployment/run"))
	maps.Copy(cases, standing(scriptStandard, podCases("Deployment/run", "main")))
	maps.Copy(cases, map[string]attributeCase{
		"patches":        {with: `patches = { "Deployment/run" = jsonencode({ spec = { minReadySeconds = 1 } }) }`, changes: []string{pods + "spec.minReadySeconds"}},
		"script":         {before: scriptStandard, with: "continuous = { port = 8080 }\nscript = \"print()\"", changes: []string{"ConfigMap/code data[main.py]"}},
		"files":          {with: `files = { "lib/a.py" = "x = 1" }`, changes: []string{"ConfigMap/code data[lib__a.py]", spec + "volumes[code].configMap.items[*"}},
		"command":        {before: "continuous = {}\nimage = \"example.com/a:1\"", with: "continuous = {}\nimage = \"example.com/a:1\"\ncommand = [\"run\"]", changes: []string{container + "command[0]"}},
		"args":           {with: `args = ["a"]`, changes: []string{container + "args[0]"}},
		"working_dir":    {with: `working_dir = "/code"`, changes: []string{container + "workingDir"}},
		"image":          {with: `image = "example.com/a:1"`, changes: []string{container + "image"}},
		"python_version": {with: `python_version = "3.12"`, changes: []string{container + "image"}},

		"once.wait":                {before: once(""), with: once("wait = false")},
		"once.triggers":            {before: once(""), with: once(`triggers = { a = "b" }`)},
		"once.retries":             {before: once(""), with: once("retries = 2"), changes: []string{job + "spec.backoffLimit"}},
		"once.time_limit":          {before: once(""), with: once(`time_limit = "5m"`), changes: []string{job + "spec.activeDeadlineSeconds"}},
		"once.no_retry_exit_codes": {before: once(""), with: once("no_retry_exit_codes = [3]"), changes: []string{job + "spec.podFailurePolicy.rules[1].*"}},
		"once.ttl":                 {before: once(""), with: once(`ttl = "1h"`), changes: []string{job + "spec.ttlSecondsAfterFinished"}},

		"schedule.cron":                {before: schedule(""), with: "script = \"pass\"\nschedule = { cron = \"2 1 * * *\" }", changes: []string{cron + "spec.schedule"}},
		"schedule.time_zone":           {before: schedule(""), with: schedule(`, time_zone = "Europe/Berlin"`), changes: []string{cron + "spec.timeZone"}},
		"schedule.concurrency":         {before: schedule(""), with: schedule(`, concurrency = "Replace"`), changes: []string{cron + "spec.concurrencyPolicy"}},
		"schedule.starting_deadline":   {before: schedule(""), with: schedule(`, starting_deadline = "5m"`), changes: []string{cron + "spec.startingDeadlineSeconds"}},
		"schedule.suspend":             {before: schedule(""), with: schedule(`, suspend = true`), changes: []string{cron + "spec.suspend"}},
		"schedule.keep_succeeded":      {before: schedule(""), with: schedule(`, keep_succeeded = 1`), changes: []string{cron + "spec.successfulJobsHistoryLimit"}},
		"schedule.keep_failed":         {before: schedule(""), with: schedule(`, keep_failed = 1`), changes: []string{cron + "spec.failedJobsHistoryLimit"}},
		"schedule.retries":             {before: schedule(""), with: schedule(`, retries = 2`), changes: []string{cron + "spec.jobTemplate.spec.backoffLimit"}},
		"schedule.time_limit":          {before: schedule(""), with: schedule(`, time_limit = "5m"`), changes: []string{cron + "spec.jobTemplate.spec.activeDeadlineSeconds"}},
		"schedule.no_retry_exit_codes": {before: schedule(""), with: schedule(`, no_retry_exit_codes = [3]`), changes: []string{cron + "spec.jobTemplate.spec.podFailurePolicy.rules[1].*"}},

		"continuous.replicas":                   {before: continuous(""), with: continuous(", replicas = 2"), changes: []string{pods + "spec.replicas", "PodDisruptionBudget/run *", spec + "topologySpreadConstraints[*"}},
		"continuous.autoscaling.min":            {before: scaled(""), with: continuous(", autoscaling = { min = 2, max = 3, cpu_percent = 80 }"), changes: []string{"HorizontalPodAutoscaler/run spec.minReplicas"}},
		"continuous.autoscaling.max":            {before: scaled(""), with: continuous(", autoscaling = { min = 1, max = 4, cpu_percent = 80 }"), changes: []string{"HorizontalPodAutoscaler/run spec.maxReplicas"}},
		"continuous.autoscaling.cpu_percent":    {before: scaled(""), with: continuous(", autoscaling = { min = 1, max = 3, cpu_percent = 70 }"), changes: []string{"HorizontalPodAutoscaler/run spec.metrics[0].resource.target.averageUtilization"}},
		"continuous.autoscaling.memory_percent": {before: scaled(""), with: scaled(", memory_percent = 80"), changes: []string{"HorizontalPodAutoscaler/run spec.metrics[1].*"}},
		"continuous.port":                       {before: continuous(""), with: "script = \"pass\"\ncontinuous = { port = 8081 }", changes: []string{container + "ports[*", "Service/run spec.ports[*"}},
		"continuous.grace_period":               {before: continuous(""), with: continuous(`, grace_period = "1m"`), changes: []string{spec + "terminationGracePeriodSeconds"}},
		"continuous.readiness.path":             {before: continuous(""), with: probe("readiness", `path = "/healthy"`), changes: []string{container + "readinessProbe.*"}},
		"continuous.readiness.command":          {before: continuous(""), with: probe("readiness", `command = ["true"]`), changes: []string{container + "readinessProbe.*"}},
		"continuous.readiness.period_seconds":   {before: continuous(""), with: probe("readiness", `period_seconds = 7`), changes: []string{container + "readinessProbe.periodSeconds"}},
		"continuous.readiness.failures":         {before: continuous(""), with: probe("readiness", `failures = 7`), changes: []string{container + "readinessProbe.failureThreshold"}},
		"continuous.liveness.path":              {before: continuous(""), with: probe("liveness", `path = "/alive"`), changes: []string{container + "livenessProbe.*"}},
		"continuous.liveness.command":           {before: continuous(""), with: probe("liveness", `command = ["true"]`), changes: []string{container + "livenessProbe.*"}},
		"continuous.liveness.period_seconds":    {before: probe("liveness", ""), with: probe("liveness", `period_seconds = 7`), changes: []string{container + "livenessProbe.periodSeconds"}},
		"continuous.liveness.failures":          {before: probe("liveness", ""), with: probe("liveness", `failures = 7`), changes: []string{container + "livenessProbe.failureThreshold"}},

		"requirements.packages":            {with: `requirements = { packages = ["a"] }`, changes: []string{"ConfigMap/requirements *", spec + "*"}},
		"requirements.file":                {before: requirements(`packages = ["a"]`), with: requirements(`file = "b==1\n"`), changes: append([]string{"ConfigMap/requirements data[requirements.txt]"}, folder...)},
		"requirements.index_url":           {before: requirements(`packages = ["a"]`), with: requirements(`packages = ["a"], index_url = "https://pypi.example.com/simple"`), changes: append([]string{install + "env[PIP_INDEX_URL].*"}, folder...)},
		"requirements.index_credentials":   {before: requirements(`packages = ["a"], index_url = "https://a.example"`), with: requirements(`packages = ["a"], index_url = "https://a.example", index_credentials = "s"`), changes: []string{install + "env[INDEX_*"}},
		"requirements.require_hashes":      {before: requirements(`packages = ["a"]`), with: requirements(`packages = ["a"], require_hashes = true`), changes: append([]string{install + "command[*"}, folder...)},
		"requirements.cache.size":          {before: cached(""), with: requirements(`packages = ["a"], cache = { size = "2Gi" }`), changes: []string{"PersistentVolumeClaim/packages spec.resources.requests.storage"}},
		"requirements.cache.storage_class": {before: cached(""), with: cached(`, storage_class = "fast"`), changes: []string{"PersistentVolumeClaim/packages spec.storageClassName"}},
		"requirements.cache.access_modes":  {before: cached(""), with: cached(`, access_modes = ["ReadWriteMany"]`), changes: []string{"PersistentVolumeClaim/packages spec.accessModes[*"}},
	})
	for _, kind := range []string{"inputs", "outputs"} {
		secret := "Secret/credentials data[*"
		full := connections(kind, `, version = "1"`)
		changed := func(attribute, value string) string {
			set := map[string]string{"endpoint": "http://s3:9000", "region": "eu", "namespace": "data", "secret": "s", "version": "1"}
			set[attribute] = value
			return scriptStandard + "\n" + kind + ` = { raw = { endpoint = "` + set["endpoint"] + `", region = "` + set["region"] + `", namespace = "` + set["namespace"] +
				`", secret = "` + set["secret"] + `", version = "` + set["version"] + `" } }`
		}
		maps.Copy(cases, map[string]attributeCase{
			kind + ".endpoint":  {before: full, with: changed("endpoint", "http://other:9000"), changes: []string{container + "env[*ENDPOINT_URL*].value"}},
			kind + ".region":    {before: full, with: changed("region", "us"), changes: []string{container + "env[*REGION].value"}},
			kind + ".bucket":    {before: full, with: connections(kind, `, version = "1", bucket = "lake"`), changes: []string{container + "env[RAW_BUCKET].*"}},
			kind + ".namespace": {before: full, with: changed("namespace", "other"), changes: []string{secret}},
			kind + ".secret":    {before: full, with: changed("secret", "other"), changes: []string{secret}},
			kind + ".version":   {before: full, with: changed("version", "2")},
		})
	}
	maps.Copy(cases, trackingCases(scriptStandard, "Secret/credentials", container+"env[MLFLOW_TRACKING_URI].value"))
	return cases
}

// trackingCases are those of an attribute mlflow. secret is the key of the Secret that
// holds the credentials, and uri are the leaves that the URI stands in.
func trackingCases(standard, secret string, uri ...string) map[string]attributeCase {
	secret += " data[MLFLOW_TRACKING_*"
	before := standard + "\n" + `mlflow = { uri = "http://track:5000", namespace = "data", secret = "s", version = "1" }`
	changed := func(was, is string, changes ...string) attributeCase {
		return attributeCase{before: before, with: strings.Replace(before, was, is, 1), changes: changes}
	}
	return map[string]attributeCase{
		"mlflow.uri":       changed("track:5000", "other:5000", uri...),
		"mlflow.namespace": changed(`"data"`, `"other"`, secret),
		"mlflow.secret":    changed(`"s"`, `"other"`, secret),
		"mlflow.version":   changed(`"1"`, `"2"`),
	}
}

func automationCases() map[string]attributeCase {
	const (
		spec      = "Deployment/run spec.template.spec."
		container = spec + "containers[main]."
		tenant    = `tenant_id = "example.com", client_id = "00000000-0000-0000-0000-000000000001"`
		from      = `{ secret = "s", key = "k" }`
	)
	entra := func(attributes string) string {
		return scriptStandard + "\nentra = { " + tenant + ", " + attributes + " }"
	}
	databricks := func(attributes string) string {
		return scriptStandard + "\ndatabricks = { host = \"https://a.example\", " + attributes + " }"
	}
	http := func(attributes string) string {
		return scriptStandard + "\nhttp = { api = { base_url = \"https://a.example\"" + attributes + " } }"
	}
	egress := func(attributes string) string { return scriptStandard + "\negress = { " + attributes + " }" }
	federated, token := entra("federated = true"), databricks("token_from = "+from)
	cases := ingestionCases()
	secret := func(variable string) []string { return []string{container + "env[" + variable + "].*"} }
	written := func(variable string) []string {
		return append(secret(variable), "Secret/credentials *", "Deployment/run spec.template.metadata.annotations[analytics/revision-of-credentials]")
	}
	maps.Copy(cases, map[string]attributeCase{
		"entra.tenant_id":                {before: federated, with: scriptStandard + "\nentra = { tenant_id = \"example.org\", client_id = \"00000000-0000-0000-0000-000000000001\", federated = true }", changes: []string{container + "env[AZURE_TENANT_ID].value"}},
		"entra.client_id":                {before: federated, with: scriptStandard + "\nentra = { tenant_id = \"example.com\", client_id = \"00000000-0000-0000-0000-000000000002\", federated = true }", changes: []string{container + "env[AZURE_CLIENT_ID].value"}},
		"entra.authority_host":           {before: federated, with: entra(`federated = true, authority_host = "https://login.example"`), changes: []string{container + "env[AZURE_AUTHORITY_HOST].*"}},
		"entra.federated":                {before: scriptStandard, with: federated, changes: []string{container + "env[AZURE_*", container + "volumeMounts[*", spec + "volumes[entra-token].*"}},
		"entra.client_secret_from.*":     {before: scriptStandard, with: entra("client_secret_from = " + from), changes: []string{container + "env[AZURE_*"}},
		"entra.certificate_from.*":       {before: scriptStandard, with: entra("certificate_from = " + from), changes: []string{container + "env[AZURE_*", container + "volumeMounts[*", spec + "volumes[entra-certificate].*"}},
		"entra.client_secret_wo":         {before: scriptStandard, with: entra(`client_secret_wo = "a", client_secret_wo_version = "1"`), changes: append(written("AZURE_CLIENT_SECRET"), container+"env[AZURE_*")},
		"entra.client_secret_wo_version": {before: entra(`client_secret_wo = "a", client_secret_wo_version = "1"`), with: entra(`client_secret_wo = "a", client_secret_wo_version = "2"`)},

		"databricks.host":                     {before: token, with: scriptStandard + "\ndatabricks = { host = \"https://b.example\", token_from = " + from + " }", changes: []string{container + "env[DATABRICKS_HOST].value"}},
		"databricks.token_from.*":             {before: scriptStandard, with: token, changes: []string{container + "env[DATABRICKS_*"}},
		"databricks.token_wo":                 {before: scriptStandard, with: databricks(`token_wo = "a", token_wo_version = "1"`), changes: append(written("DATABRICKS_TOKEN"), container+"env[DATABRICKS_*")},
		"databricks.token_wo_version":         {before: databricks(`token_wo = "a", token_wo_version = "1"`), with: databricks(`token_wo = "a", token_wo_version = "2"`)},
		"databricks.client_id":                {before: token, with: databricks(`client_id = "c", client_secret_from = ` + from), changes: []string{container + "env[DATABRICKS_*"}},
		"databricks.client_secret_from.*":     {before: token, with: databricks(`client_id = "c", client_secret_from = ` + from), changes: []string{container + "env[DATABRICKS_*"}},
		"databricks.client_secret_wo":         {before: token, with: databricks(`client_id = "c", client_secret_wo = "a", client_secret_wo_version = "1"`), changes: append(written("DATABRICKS_CLIENT_SECRET"), container+"env[DATABRICKS_*")},
		"databricks.client_secret_wo_version": {before: databricks(`client_id = "c", client_secret_wo = "a", client_secret_wo_version = "1"`), with: databricks(`client_id = "c", client_secret_wo = "a", client_secret_wo_version = "2"`)},

		"http.base_url":            {before: http(""), with: scriptStandard + "\nhttp = { api = { base_url = \"https://b.example\" } }", changes: []string{container + "env[API_BASE_URL].value"}},
		"http.token_from.*":        {before: http(""), with: http(", token_from = " + from), changes: secret("API_TOKEN")},
		"http.token_wo":            {before: http(""), with: http(`, token_wo = "a", token_wo_version = "1"`), changes: written("API_TOKEN")},
		"http.token_wo_version":    {before: http(`, token_wo = "a", token_wo_version = "1"`), with: http(`, token_wo = "a", token_wo_version = "2"`)},
		"http.username":            {before: http(`, username = "a", password_from = ` + from), with: http(`, username = "b", password_from = ` + from), changes: []string{container + "env[API_USERNAME].value"}},
		"http.password_from.*":     {before: http(""), with: http(`, username = "a", password_from = ` + from), changes: append(secret("API_PASSWORD"), container+"env[API_USERNAME].*")},
		"http.password_wo":         {before: http(""), with: http(`, username = "a", password_wo = "a", password_wo_version = "1"`), changes: append(written("API_PASSWORD"), container+"env[API_USERNAME].*")},
		"http.password_wo_version": {before: http(`, username = "a", password_wo = "a", password_wo_version = "1"`), with: http(`, username = "a", password_wo = "a", password_wo_version = "2"`)},
		"http.header":              {before: http(`, header = "X-A", value_from = ` + from), with: http(`, header = "X-B", value_from = ` + from), changes: []string{container + "env[API_HEADER_NAME].value"}},
		"http.value_from.*":        {before: http(""), with: http(`, header = "X-A", value_from = ` + from), changes: append(secret("API_HEADER_VALUE"), container+"env[API_HEADER_NAME].*")},
		"http.value_wo":            {before: http(""), with: http(`, header = "X-A", value_wo = "a", value_wo_version = "1"`), changes: append(written("API_HEADER_VALUE"), container+"env[API_HEADER_NAME].*")},
		"http.value_wo_version":    {before: http(`, header = "X-A", value_wo = "a", value_wo_version = "1"`), with: http(`, header = "X-A", value_wo = "a", value_wo_version = "2"`)},

		"egress.to.cidr":  {before: egress(`to = [{ cidr = "10.0.0.0/8" }]`), with: egress(`to = [{ cidr = "10.1.0.0/16" }]`), changes: []string{"NetworkPolicy/egress spec.egress[1].to[0].ipBlock.cidr"}},
		"egress.to.ports": {before: egress(`to = [{ cidr = "10.0.0.0/8" }]`), with: egress(`to = [{ cidr = "10.0.0.0/8", ports = [443] }]`), changes: []string{"NetworkPolicy/egress spec.egress[1].ports[*"}},
		"egress.hosts":    {before: egress(""), with: egress(`hosts = ["a.example.com"]`), changes: []string{"CiliumNetworkPolicy/egress *"}},
	})
	return cases
}
