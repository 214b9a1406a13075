package acctest

import (
	"maps"
	"strings"
)

// namespaceToken and otherNamespaceToken stand in cases for the test's namespaces.
// Both have a Secret "source" with the keys a and b; the first one "other" too.
const (
	namespaceToken      = "<namespace>"
	otherNamespaceToken = "<other-namespace>"
)

// fixtureStandard has no pods, so that a case takes no longer than its requests.
const fixtureStandard = "  replicas = 0"

const minioStandard = `  pools = [{ servers = 4, drives = 1, size = "1Gi" }]`

// commonCases are those of the attributes that every resource has.
func commonCases() map[string]attributeCase {
	return map[string]attributeCase{
		"name":                 {replaces: true},
		"namespace":            {replaces: true},
		"labels":               {with: `labels = { team = "x" }`, changes: []string{"** metadata.labels.team", "*/* spec.template.metadata.labels.team"}},
		"annotations":          {with: `annotations = { note = "x" }`, changes: []string{"** metadata.annotations.note"}},
		"rendering":            {with: `rendering = 1`},
		"adopt":                {with: `adopt = true`},
		"force_conflicts":      {with: `force_conflicts = true`},
		"allow_cluster_change": {with: `allow_cluster_change = true`},
		"deletion_policy":      {with: `deletion_policy = "Delete"`},
		"deletion_protection":  {with: `deletion_protection = true`},
		"ignore.kind":          {with: `ignore = [{ kind = "Deployment", path = "spec.paused" }]`},
		"ignore.name":          {with: `ignore = [{ name = "x", path = "spec.paused" }]`},
		"ignore.path":          {with: `ignore = [{ path = "spec.paused" }]`},
		"wait.on_failure":      {with: `wait = { on_failure = "warn" }`},
		"timeouts.create":      {with: `timeouts = { create = "3m" }`},
		"timeouts.read":        {with: `timeouts = { read = "3m" }`},
		"timeouts.update":      {with: `timeouts = { update = "3m" }`},
		"timeouts.delete":      {with: `timeouts = { delete = "3m" }`},
	}
}

// podCases are those of the attributes that the pods of every product have.
// workload is the key of the object with the pods, main its container.
func podCases(workload, main string) map[string]attributeCase {
	spec := workload + " spec.template.spec."
	container := spec + "containers[" + main + "]."
	return map[string]attributeCase{
		"resources.requests.cpu":               {with: `resources = { requests = { cpu = "20m" } }`, changes: []string{container + "resources.requests.cpu"}},
		"resources.requests.memory":            {with: `resources = { requests = { memory = "20Mi" } }`, changes: []string{container + "resources.requests.memory"}},
		"resources.requests.ephemeral_storage": {with: `resources = { requests = { ephemeral_storage = "20Mi" } }`, changes: []string{container + "resources.requests.ephemeral-storage"}},
		"resources.limits.cpu":                 {with: `resources = { limits = { cpu = "2" } }`, changes: []string{container + "resources.limits.cpu"}},
		"resources.limits.memory":              {with: `resources = { limits = { memory = "2Gi" } }`, changes: []string{container + "resources.limits.memory"}},
		"resources.limits.ephemeral_storage":   {with: `resources = { limits = { ephemeral_storage = "20Mi" } }`, changes: []string{container + "resources.limits.ephemeral-storage"}},
		"env": {with: `env = { GREETING = "hello" }`, changes: []string{
			"Secret/*env *", container + "env[GREETING].*", workload + " spec.template.metadata.annotations[analytics/revision-of-*env]",
		}},
		"env_from_keys.secret":     {with: `env_from_keys = { A = { secret = "s", key = "k" } }`, changes: []string{container + "env[A].name", container + "env[A].valueFrom.secretKeyRef.*"}},
		"env_from_keys.config_map": {with: `env_from_keys = { A = { config_map = "c", key = "k" } }`, changes: []string{container + "env[A].name", container + "env[A].valueFrom.configMapKeyRef.*"}},
		"env_from_keys.key":        {before: `env_from_keys = { A = { secret = "s", key = "k" } }`, with: `env_from_keys = { A = { secret = "s", key = "other" } }`, changes: []string{container + "env[A].valueFrom.secretKeyRef.key"}},
		"env_from_secrets":         {with: `env_from_secrets = ["s"]`, changes: []string{container + "envFrom[0].secretRef.name"}},
		"env_from_config_maps":     {with: `env_from_config_maps = ["c"]`, changes: []string{container + "envFrom[0].configMapRef.name"}},
		"node_selector":            {with: `node_selector = { disk = "ssd" }`, changes: []string{spec + "nodeSelector.disk"}},
		"tolerations.key":          {with: `tolerations = [{ key = "a", operator = "Exists" }]`, changes: []string{spec + "tolerations[0].key", spec + "tolerations[0].operator"}},
		"tolerations.operator":     {with: `tolerations = [{ operator = "Exists" }]`, changes: []string{spec + "tolerations[0].operator"}},
		"tolerations.value":        {before: `tolerations = [{ key = "a", value = "b" }]`, with: `tolerations = [{ key = "a", value = "c" }]`, changes: []string{spec + "tolerations[0].value"}},
		"tolerations.effect":       {before: `tolerations = [{ key = "a", value = "b" }]`, with: `tolerations = [{ key = "a", value = "b", effect = "NoSchedule" }]`, changes: []string{spec + "tolerations[0].effect"}},
		"tolerations.toleration_seconds": {before: `tolerations = [{ key = "a", value = "b", effect = "NoExecute" }]`, with: `tolerations = [{ key = "a", value = "b", effect = "NoExecute", toleration_seconds = 5 }]`, changes: []string{
			spec + "tolerations[0].tolerationSeconds",
		}},
		"priority_class":     {with: `priority_class = "system-cluster-critical"`, changes: []string{spec + "priorityClassName"}},
		"service_account":    {with: `service_account = "default"`, changes: []string{spec + "serviceAccountName", "ServiceAccount/* *"}},
		"image_pull_secrets": {with: `image_pull_secrets = ["s"]`, changes: []string{spec + "imagePullSecrets[s].name"}},
		"pod_labels":         {with: `pod_labels = { tier = "x" }`, changes: []string{workload + " spec.template.metadata.labels.tier"}},
		"pod_annotations":    {with: `pod_annotations = { note = "x" }`, changes: []string{workload + " spec.template.metadata.annotations.note"}},
	}
}

// podGroupCases set all that is below an attribute at once: internal/pod tests each
// on its own.
func podGroupCases(workload string) map[string]attributeCase {
	spec := workload + " spec.template.spec."
	expressions := `match_expressions = [{ key = "tier", operator = "In", values = ["gold"] }]`
	term := `topology_key = "kubernetes.io/hostname", match_labels = { app = "cache" }, namespaces = ["caches"], ` + expressions
	podAffinity := "{ required = [{ " + term + " }], preferred = [{ weight = 10, " + term + " }] }"
	files := func(name string) string {
		return `{ name = "` + name + `", items = { "a" = "b" }, default_mode = "0440", optional = true }`
	}
	amounts := `{ cpu = "50m", memory = "64Mi", ephemeral_storage = "1Gi" }`
	rule := `[{ peers = [{ pod_labels = { a = "b" }, namespace_labels = { c = "d" } }, { cidr = "10.0.0.0/8", except = ["10.1.0.0/16"] }],
		ports = [{ port = 8000, end_port = 8010, protocol = "UDP" }] }]`
	return map[string]attributeCase{
		"init_scripts.*": {with: `init_scripts = [{ name = "wait", script = "true", image = "docker.io/library/busybox:1.37" }]`, changes: []string{
			spec + "initContainers[*", spec + "volumes[init-scripts].*", "ConfigMap/*init-scripts *", workload + " spec.template.metadata.annotations[analytics/revision-of-*init-scripts]",
		}},
		"volumes.*": {with: `volumes = {
		data = { new_claim = { size = "300Mi", storage_class = "none", access_modes = ["ReadWriteOnce"] }, mounts = [{ path = "/new", sub_path = "web", read_only = true }] }
		shared = { claim = "team", mounts = [{ path = "/shared" }] }
		conf = { config_map = ` + files("conf") + `, mounts = [{ path = "/conf" }] }
		keys = { secret = ` + files("keys") + `, mounts = [{ path = "/keys" }] }
		scratch = { empty_dir = { size_limit = "1Gi", medium = "Memory" }, mounts = [{ path = "/scratch" }] }
		identity = { projected = [{ config_map = { name = "c", items = { a = "a" }, optional = true } }, { secret = { name = "s", items = { a = "b" }, optional = true } },
			{ service_account_token = { path = "token", audience = "sts", expiration_seconds = 7200 } }], mounts = [{ path = "/identity" }] }
		work = { ephemeral = { size = "300Mi", storage_class = "none", access_modes = ["ReadWriteOnce"] }, mounts = [{ path = "/work" }] }
	}`, changes: []string{spec + "volumes[*", spec + "containers[*].volumeMounts[*", "PersistentVolumeClaim/*data *"}},
		"affinity.*": {with: `affinity = { node_affinity = { required = [{ ` + expressions + ` }], preferred = [{ weight = 5, ` + expressions + ` }] }, pod_affinity = ` +
			podAffinity + `, pod_anti_affinity = ` + podAffinity + ` }`, changes: []string{spec + "affinity.*"}},
		"topology_spread.*": {with: `topology_spread = [{ topology_key = "zone", max_skew = 2, when_unsatisfiable = "DoNotSchedule", min_domains = 3, match_labels = { a = "b" },
			node_affinity_policy = "Ignore", node_taints_policy = "Honor" }]`, changes: []string{spec + "topologySpreadConstraints[*"}},
		"automount_service_account_token": {with: `automount_service_account_token = true`, changes: []string{spec + "automountServiceAccountToken"}},
		"security_context.*": {with: `security_context = { run_as_user = 2000, run_as_group = 2001, fs_group = 2002, supplemental_groups = [3000] }`, changes: []string{
			spec + "securityContext.runAs*", spec + "securityContext.fsGroup", spec + "securityContext.supplementalGroups[*",
		}},
		"extra_containers.*": {with: `extra_containers = { proxy = { image = "docker.io/library/busybox:1.37", command = ["sh"], args = ["-c", "sleep 3600"], env = { A = "b" },
			env_from_keys = { B = { secret = "s", key = "k" }, C = { config_map = "c", key = "k" } }, env_from_secrets = ["s"], env_from_config_maps = ["c"], ports = { admin = 9901 },
			resources = { requests = ` + amounts + `, limits = ` + amounts + ` }, mounts = [{ volume = "extra", path = "/etc/proxy", sub_path = "proxy", read_only = true }], sidecar = false } }
	volumes = { extra = { empty_dir = {}, mounts = [{ path = "/extra" }] } }`, changes: []string{
			spec + "volumes[extra].*", spec + "containers[*].volumeMounts[/extra].*",
			spec + "containers[proxy].*", "Secret/*env *", workload + " spec.template.metadata.annotations[*",
		}},
		"host_aliases": {with: `host_aliases = { "10.0.0.10" = ["legacy"] }`, changes: []string{spec + "hostAliases[10.0.0.10].*"}},
		"dns_policy":   {with: `dns_policy = "Default"`, changes: []string{spec + "dnsPolicy"}},
		"dns_config.*": {with: `dns_config = { nameservers = ["10.0.0.53"], searches = ["example.com"], options = { ndots = "2" } }`, changes: []string{spec + "dnsConfig.*"}},
		"network_policy.*": {with: "network_policy = { ingress = " + rule + ", egress = " + rule + " }", changes: []string{
			"NetworkPolicy/* *", workload + " spec.template.metadata.labels[analytics/own-*gress]",
		}},
	}
}

// standing gives the cases with a configuration of their own what the standard
// has.
func standing(standard string, cases map[string]attributeCase) map[string]attributeCase {
	for name, c := range cases {
		if c.before != "" {
			c.before, c.with = standard+"\n"+c.before, standard+"\n"+c.with
			cases[name] = c
		}
	}
	return cases
}

func fixtureCases() map[string]attributeCase {
	const web = "Deployment/web spec.template.spec.containers[main]."
	const credentials = "Deployment/web spec.template.metadata.annotations[analytics/revision-of-secret]"
	const copiedRevision = "Deployment/web spec.template.metadata.annotations[analytics/revision-of-copied]"
	copied := func(secret, key, more string) string {
		return fixtureStandard + "\ncopied = { namespace = \"" + namespaceToken + "\", secret = \"" + secret + "\", key = \"" + key + "\"" + more + " }"
	}
	cases := commonCases()
	maps.Copy(cases, podGroupCases("Deployment/web"))
	maps.Copy(cases, standing(fixtureStandard, podCases("Deployment/web", "main")))
	maps.Copy(cases, map[string]attributeCase{
		"patches":                  {with: `patches = { "Deployment/web" = jsonencode({ spec = { minReadySeconds = 1 } }) }`, changes: []string{"Deployment/web spec.minReadySeconds"}},
		"image":                    {with: `image = "docker.io/library/busybox:1.36"`, changes: []string{web + "image"}},
		"replicas":                 {before: `replicas = 0`, with: `replicas = 1`, changes: []string{"Deployment/web spec.replicas"}},
		"autoscaling.min_replicas": {before: `autoscaling = { min_replicas = 1, max_replicas = 3 }`, with: `autoscaling = { min_replicas = 2, max_replicas = 3 }`, changes: []string{"HorizontalPodAutoscaler/web spec.minReplicas"}},
		"autoscaling.max_replicas": {before: `autoscaling = { min_replicas = 1, max_replicas = 3 }`, with: `autoscaling = { min_replicas = 1, max_replicas = 2 }`, changes: []string{"HorizontalPodAutoscaler/web spec.maxReplicas"}},
		"script":                   {with: `script = "true"`, changes: []string{"ConfigMap/script data[run.sh]", "Deployment/web spec.template.metadata.annotations[analytics/revision-of-script]"}},
		// Without pods, a Deployment may ask for what Pod Security would refuse:
		// the plan refuses it, which another test shows.
		"privileged":                      {with: `privileged = false`},
		"service.name":                    {with: `service = { name = "other" }`, changes: []string{"Service/web metadata.name"}},
		"service.port":                    {with: `service = { port = 81 }`, changes: []string{"Service/web spec.ports[80/TCP].*", "Service/web spec.ports[81/TCP].*"}},
		"service.headless":                {before: `replicas = 0`, with: "replicas = 0\nservice = { headless = false }"},
		"credentials.plain":               {with: `credentials = { plain = "a" }`, changes: []string{"Secret/credentials data[plain]", credentials}},
		"credentials.password_wo":         {with: `credentials = { password_wo = "a", password_wo_version = "1" }`, changes: []string{"Secret/credentials data[password]", credentials}},
		"credentials.password_wo_version": {before: "replicas = 0\n" + `credentials = { password_wo = "a", password_wo_version = "1" }`, with: "replicas = 0\n" + `credentials = { password_wo = "a", password_wo_version = "2" }`, changes: []string{"Secret/credentials data[password]", credentials}},
		"probe":                           {with: `probe = false`, changes: []string{web + "readinessProbe.*"}},
		"copied.namespace":                {before: copied("source", "a", ""), with: strings.Replace(copied("source", "a", ""), namespaceToken, otherNamespaceToken, 1), changes: []string{"Secret/copied data[a]", copiedRevision}},
		"copied.secret":                   {before: copied("source", "a", ""), with: copied("other", "a", ""), changes: []string{"Secret/copied data[a]", copiedRevision}},
		"copied.key":                      {before: copied("source", "a", ""), with: copied("source", "b", ""), changes: []string{"Secret/copied data[a]", "Secret/copied data[b]", copiedRevision}},
		"copied.version":                  {before: copied("source", "a", ""), with: copied("source", "a", `, version = "2"`), changes: []string{"Secret/copied data[a]", copiedRevision}},
		"credentials.rotate":              {with: `credentials = { rotate = "1" }`, changes: []string{"Secret/credentials data[generated]", credentials}},
		"storage.servers":                 {before: "replicas = 0\n" + `storage = { size = "300Mi" }`, with: "replicas = 0\n" + `storage = { size = "300Mi", servers = 2 }`, changes: []string{"StatefulSet/store spec.replicas"}},
		"storage.size":                    {with: `storage = { size = "300Mi" }`, changes: []string{"StatefulSet/store *"}},
		"storage.storage_class":           {before: "replicas = 0\n" + `storage = { size = "300Mi", servers = 0 }`, with: "replicas = 0\n" + `storage = { size = "300Mi", servers = 0, storage_class = "some" }`, changes: []string{"StatefulSet/store spec.volumeClaimTemplates[0].spec.storageClassName"}},
		"storage.service_name":            {before: "replicas = 0\n" + `storage = { size = "300Mi", servers = 0 }`, with: "replicas = 0\n" + `storage = { size = "300Mi", servers = 0, service_name = "other" }`, changes: []string{"StatefulSet/store spec.serviceName"}},
		// The other way, the API server refuses the rollingUpdate that it has set itself.
		"storage.on_delete": {oneWay: true, before: "replicas = 0\n" + `storage = { size = "300Mi", servers = 0, on_delete = true }`, with: "replicas = 0\n" + `storage = { size = "300Mi", servers = 0 }`, changes: []string{"StatefulSet/store spec.updateStrategy.type"}},
		"job.script":        {before: "replicas = 0\n" + `job = { script = "true" }`, with: "replicas = 0\n" + `job = { script = "exit 0" }`, changes: []string{"Job/run run", "Job/run spec.template.spec.containers[main].command[2]"}},
		"job.per_run":       {before: "replicas = 0\n" + `job = { script = "true" }`, with: "replicas = 0\n" + `job = { script = "true", per_run = true }`, changes: []string{"ConfigMap/ticket *"}},
		"job.labels":        {before: "replicas = 0\n" + `job = { script = "true" }`, with: "replicas = 0\n" + `job = { script = "true", labels = { a = "b" } }`, changes: []string{"Job/run metadata.labels.a"}},
		"parts":             {with: `parts = { one = "1" }`, changes: []string{"ConfigMap/part-one *"}},
		"config_maps":       {with: `config_maps = 1`, changes: []string{"ConfigMap/0 *"}},
	})
	return cases
}

func minioCases() map[string]attributeCase {
	const (
		server = "StatefulSet/pool-0 spec.template.spec.containers[minio]."
		claim  = "StatefulSet/pool-0 spec.volumeClaimTemplates[0].spec."
		root   = "StatefulSet/pool-0 spec.template.metadata.annotations[analytics/revision-of-root]"
	)
	pool := func(attributes string) string { return "pools = [{ " + attributes + " }]" }
	with := func(text string) string { return minioStandard + "\n" + text }
	bucket := func(attributes string) string { return with("buckets = { raw = { " + attributes + " } }") }
	user := func(attributes string) string {
		return with("buckets = { raw = {} }\nusers = { loader = { " + attributes + " } }")
	}
	cases := commonCases()
	maps.Copy(cases, podGroupCases("StatefulSet/pool-0"))
	maps.Copy(cases, standing(minioStandard, podCases("StatefulSet/pool-0", "minio")))
	maps.Copy(cases, map[string]attributeCase{
		"patches":             {with: `patches = { "Service/client" = jsonencode({ spec = { sessionAffinity = "ClientIP" } }) }`, changes: []string{"Service/client spec.sessionAffinity"}},
		"image":               {with: `image = "example.com/minio:1"`, changes: []string{server + "image"}},
		"pools.servers":       {before: pool(`servers = 4, size = "1Gi"`), with: pool(`servers = 8, size = "1Gi"`), changes: []string{"StatefulSet/pool-0 spec.replicas", server + "args[*]"}},
		"pools.drives":        {before: pool(`servers = 4, size = "1Gi"`), with: pool(`servers = 4, size = "1Gi", drives = 2`), changes: []string{"StatefulSet/pool-0 spec.volumeClaimTemplates[1].*", server + "volumeMounts[/drives/1].*", server + "args[*]"}},
		"pools.size":          {before: pool(`servers = 4, size = "1Gi"`), with: pool(`servers = 4, size = "2Gi"`), changes: []string{claim + "resources.requests.storage"}},
		"pools.storage_class": {before: pool(`servers = 4, size = "1Gi"`), with: pool(`servers = 4, size = "1Gi", storage_class = "fast"`), changes: []string{claim + "storageClassName"}},
		"parity":              {with: "parity = 1", changes: []string{server + "env[MINIO_STORAGE_CLASS_STANDARD].*"}},
		"region":              {with: `region = "eu"`, changes: []string{server + "env[MINIO_SITE_REGION].value"}},
		"console":             {with: `console = true`, changes: []string{server + "args[*]", server + "env[MINIO_BROWSER].value", server + "ports[9001/TCP].*", "Service/client spec.ports[9001/TCP].*"}},
		"metrics.pod_monitor": {with: `metrics = { pod_monitor = true }`, changes: []string{"PodMonitor/servers *", server + "env[MINIO_PROMETHEUS_AUTH_TYPE].*"}},
		"tls.secret": {with: `tls = { secret = "cert" }`, changes: []string{
			server + "args[*]", server + "*Probe.httpGet.scheme", server + "volumeMounts[/certs].*", "StatefulSet/pool-0 spec.template.spec.volumes[certs].*",
		}},
		"root_credentials.user":                    {with: `root_credentials = { user = "admin" }`},
		"root_credentials.password_wo":             {with: `root_credentials = { password_wo = "long-enough", password_wo_version = "1" }`, changes: []string{"Secret/root data[MINIO_ROOT_PASSWORD]"}},
		"root_credentials.password_wo_version":     {before: with(`root_credentials = { password_wo = "long-enough", password_wo_version = "1" }`), with: with(`root_credentials = { password_wo = "long-enough", password_wo_version = "2" }`)},
		"root_credentials.rotate":                  {with: `root_credentials = { rotate = "1" }`},
		"buckets.versioning":                       {before: bucket(""), with: bucket("versioning = true"), changes: []string{"Bucket/raw versioning"}},
		"buckets.object_lock":                      {before: bucket(""), with: bucket("object_lock = true"), changes: []string{"Bucket/raw object_lock", "Bucket/raw versioning"}},
		"buckets.quota":                            {before: bucket(""), with: bucket(`quota = "1Gi"`), changes: []string{"Bucket/raw quota"}},
		"buckets.force_destroy":                    {before: bucket(""), with: bucket("force_destroy = true"), changes: []string{"Bucket/raw force_destroy"}},
		"buckets.lifecycle.prefix":                 {before: bucket("lifecycle = [{ expire_days = 1 }]"), with: bucket(`lifecycle = [{ expire_days = 1, prefix = "a" }]`), changes: []string{"Bucket/raw lifecycle*"}},
		"buckets.lifecycle.expire_days":            {before: bucket("lifecycle = [{ expire_days = 1 }]"), with: bucket(`lifecycle = [{ expire_days = 2 }]`), changes: []string{"Bucket/raw lifecycle*"}},
		"buckets.lifecycle.expire_noncurrent_days": {before: bucket("lifecycle = [{ expire_noncurrent_days = 1 }]"), with: bucket(`lifecycle = [{ expire_noncurrent_days = 2 }]`), changes: []string{"Bucket/raw lifecycle*"}},
		"policies":            {with: `policies = { p = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::a/*" }] }) }`, changes: []string{"Policy/p *"}},
		"users.policies":      {before: user(`policies = ["readonly"]`), with: user(`policies = ["readwrite"]`), changes: []string{"User/loader policies*"}},
		"users.bucket":        {before: user(`policies = ["readonly"]`), with: user(`policies = ["readonly"], bucket = "raw"`)},
		"users.rotate":        {before: user(`policies = ["readonly"]`), with: user(`policies = ["readonly"], rotate = "1"`)},
		"service.type":        {with: `service = { type = "NodePort" }`, changes: []string{"Service/client spec.type"}},
		"service.cluster_ip":  {with: `service = { cluster_ip = "10.96.7.7" }`, changes: []string{"Service/client spec.clusterIP"}},
		"service.node_port":   {before: with(`service = { type = "NodePort" }`), with: with(`service = { type = "NodePort", node_port = 30007 }`), changes: []string{"Service/client spec.ports[9000/TCP].nodePort"}},
		"service.annotations": {with: `service = { annotations = { note = "x" } }`, changes: []string{"Service/client metadata.annotations.note"}},
		"ingress.host":        {with: `ingress = { host = "s3.example.com" }`, changes: []string{"Ingress/client *"}},
		"ingress.class":       {before: with(`ingress = { host = "s3.example.com" }`), with: with(`ingress = { host = "s3.example.com", class = "nginx" }`), changes: []string{"Ingress/client spec.ingressClassName"}},
		"ingress.tls_secret":  {before: with(`ingress = { host = "s3.example.com" }`), with: with(`ingress = { host = "s3.example.com", tls_secret = "cert" }`), changes: []string{"Ingress/client spec.tls[0].*"}},
		"ingress.annotations": {before: with(`ingress = { host = "s3.example.com" }`), with: with(`ingress = { host = "s3.example.com", annotations = { note = "x" } }`), changes: []string{"Ingress/client metadata.annotations.note"}},
	})
	return cases
}
