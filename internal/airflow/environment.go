package airflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
)

const (
	fabAuthManager = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
	// logConnection is Airflow's name of the connection to the storage of logs.
	logConnection = "analytics_logs"
	home          = "/opt/airflow"
	dagsPath      = home + "/dags"
	templatePath  = home + "/pod-template"
	templateFile  = "pod.yaml"
)

// optionVariable is the environment variable of an option of Airflow.
func optionVariable(section, option string) string {
	return "AIRFLOW__" + strings.ToUpper(strings.ReplaceAll(section, ".", "_")) + "__" + strings.ToUpper(option)
}

// shared are the variables of every container of Airflow, workers too.
func (m *Model) shared(n names) map[string]string {
	out := map[string]string{
		// Airflow would write a configuration file, where nothing can be written.
		"AIRFLOW_CONFIG": "/dev/null",
		// The image's entry point would run a slow program to see whether the database is there. It is, by the order of stages.
		"CONNECTION_CHECK_MAX_COUNT":                        "0",
		optionVariable("core", "load_examples"):             "False",
		optionVariable("core", "execution_api_server_url"):  m.executionURL(n),
		optionVariable("core", "executor"):                  strings.Join(m.executors(), ","),
		optionVariable("logging", "worker_log_server_port"): fmt.Sprint(logPort),
		optionVariable("core", "hostname_callable"):         "airflow.utils.net.get_host_ip_address", // which others can reach, unlike a pod's name
		optionVariable("usage_data_collection", "enabled"):  "False",
	}
	if len(m.DAGBundles) > 0 {
		out[optionVariable("dag_processor", "dag_bundle_config_list")] = m.bundleList()
	}
	maps.Copy(out, m.metricVariables(n))
	if m.Logs != nil {
		out[optionVariable("logging", "remote_logging")] = "True"
		out[optionVariable("logging", "remote_base_log_folder")] = "s3://" + ptr.Deref(m.Logs.Bucket, "") + "/" + n.resource
		out[optionVariable("logging", "remote_log_conn_id")] = logConnection
	}
	return out
}

// serving are the further variables of servers and jobs.
func (m *Model) serving(n names) map[string]string {
	out := m.shared(n)
	maps.Copy(out, map[string]string{
		optionVariable("core", "auth_manager"):              ptr.Deref(m.AuthManager, fabAuthManager),
		optionVariable("api", "base_url"):                   m.baseURL(n),
		optionVariable("api", "workers"):                    "1", // there are replicas
		optionVariable("dag_processor", "refresh_interval"): "30",
		optionVariable("scheduler", "enable_health_check"):  "True",
	})
	if m.startsPods() {
		maps.Copy(out, map[string]string{
			optionVariable("kubernetes_executor", "namespace"):         n.env.Namespace,
			optionVariable("kubernetes_executor", "pod_template_file"): templatePath + "/" + templateFile,
		})
	}
	return out
}

// fixedOptions are those that config must not set, with the attribute that does.
var fixedOptions = map[string]string{
	"core.executor": "executors", "core.auth_manager": "auth_manager", "core.execution_api_server_url": "execution_api_server and base_url",
	"core.fernet_key": "", "api.secret_key": "", "api_auth.jwt_secret": "", "api.base_url": "base_url", "core.dags_folder": "dags",
	"database.sql_alchemy_conn": "database", "logging.remote_logging": "logs", "logging.remote_base_log_folder": "logs",
	"logging.remote_log_conn_id": "logs", "logging.worker_log_server_port": "", "kubernetes_executor.namespace": "namespace",
	"kubernetes_executor.pod_template_file": "workers", "celery.broker_url": "broker", "celery.worker_concurrency": "celery_workers", "scheduler.enable_health_check": "", "scheduler.scheduler_health_check_server_port": "",
}

// variables renders plain variables, without those that config sets.
func (m *Model) variables(plain map[string]string) []*corev1ac.EnvVarApplyConfiguration {
	configured := m.configured()
	var out []*corev1ac.EnvVarApplyConfiguration
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		if _, ours := configured[name]; !ours {
			out = append(out, corev1ac.EnvVar().WithName(name).WithValue(plain[name]))
		}
	}
	return out
}

// configured are the options of config by their variables.
func (m *Model) configured() map[string]string {
	out := map[string]string{}
	for section, options := range m.Config {
		for option, value := range options {
			out[optionVariable(section, option)] = value
		}
	}
	return out
}

// sources are whole Secrets that become variables of every container of Airflow.
func (m *Model) sources(n names) []*corev1ac.EnvFromSourceApplyConfiguration {
	var out []*corev1ac.EnvFromSourceApplyConfiguration
	secret := func(part string) *corev1ac.EnvFromSourceApplyConfiguration {
		return corev1ac.EnvFromSource().WithSecretRef(corev1ac.SecretEnvSource().WithName(n.of(part)))
	}
	if len(m.Config) > 0 {
		out = append(out, secret("config"))
	}
	return out
}

// logVariables give the connection to the storage of logs.
func (m *Model) logVariables(n names) []*corev1ac.EnvVarApplyConfiguration {
	if m.Logs == nil {
		return nil
	}
	return []*corev1ac.EnvVarApplyConfiguration{pod.FromSecret(logVariable, n.of("logs"), logVariable)}
}

const logVariable = "AIRFLOW_CONN_ANALYTICS_LOGS"
