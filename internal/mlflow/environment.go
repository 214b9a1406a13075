package mlflow

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// databaseURI names the driver alone. Where the database is, and with which password,
// libpq reads from variables of its own; so no file and no argument holds a secret.
const databaseURI = "postgresql+psycopg2://"

const (
	authPath = "/etc/mlflow"
	authFile = "basic_auth.ini"
)

// authSettings is the file with the settings of MLflow's basic authentication.
func (m *Model) authSettings() string {
	return fmt.Sprintf("[mlflow]\ndefault_permission = %s\ndatabase_uri = %s\n", ptr.Deref(m.DefaultPermission, "READ"), databaseURI)
}

// plainVariables are those of every container of MLflow that hold no secret.
func (m *Model) plainVariables(n names) map[string]string {
	out := map[string]string{
		"HOME":                                "/tmp",
		"MLFLOW_ARTIFACTS_DESTINATION":        m.artifactLocation(),
		"MLFLOW_AUTH_CONFIG_PATH":             authPath + "/" + authFile,
		"MLFLOW_BACKEND_STORE_URI":            databaseURI,
		"MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "path", // MinIO has no host name for each bucket
		"MLFLOW_DISABLE_TELEMETRY":            "true",
		"MLFLOW_S3_ENDPOINT_URL":              m.Artifacts.Endpoint,
		"MLFLOW_SERVER_ALLOWED_HOSTS":         m.allowedHosts(n),
		"MLFLOW_SERVER_CORS_ALLOWED_ORIGINS":  m.allowedOrigins(n),
		"MLFLOW_SERVER_ENABLE_JOB_EXECUTION":  strconv.FormatBool(m.runsJobs()),
	}
	maps.Copy(out, m.gateway().variables())
	if m.StaticPrefix != nil {
		out["MLFLOW_STATIC_PREFIX"] = *m.StaticPrefix
	}
	return out
}

// fixedVariables are those that env must not set, with the attribute that does.
var fixedVariables = map[string]string{
	"MLFLOW_ARTIFACTS_DESTINATION": "artifacts", "MLFLOW_S3_ENDPOINT_URL": "artifacts", "MLFLOW_DEFAULT_ARTIFACT_ROOT": "artifacts",
	connection.AccessKeyID: "artifacts", connection.SecretAccessKey: "artifacts",
	"MLFLOW_BACKEND_STORE_URI": "database", "MLFLOW_REGISTRY_STORE_URI": "database",
	"PGHOST": "database", "PGPORT": "database", "PGDATABASE": "database", "PGUSER": "database", "PGPASSWORD": "database",
	"MLFLOW_AUTH_ADMIN_USERNAME": "admin", "MLFLOW_AUTH_ADMIN_PASSWORD": "admin", "MLFLOW_AUTH_CONFIG_PATH": "default_permission",
	"MLFLOW_SERVER_ALLOWED_HOSTS": "allowed_hosts", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": "allowed_origins",
	"MLFLOW_STATIC_PREFIX": "static_prefix", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "job_execution", "MLFLOW_WORKERS": "workers",
	"MLFLOW_EXPOSE_PROMETHEUS":                  "metrics",
	"MLFLOW_GATEWAY_ALLOWED_PROVIDERS":          "gateway.allowed_providers",
	"MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS": "gateway.private_providers", "MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES": "gateway.private_providers",
	"MLFLOW_FLASK_SERVER_SECRET_KEY": "", "MLFLOW_CRYPTO_KEK_PASSPHRASE": "", "MLFLOW_HOST": "", "MLFLOW_PORT": "",
}

// variables are those of every container of MLflow. The annotations roll the pods when
// the Secrets behind them change.
func (m *Model) variables(n names, database postgres.Output) (variables []*corev1ac.EnvVarApplyConfiguration, annotations map[string]string) {
	plain := m.plainVariables(n)
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		variables = append(variables, corev1ac.EnvVar().WithName(name).WithValue(plain[name]))
	}
	variables = slices.Concat(variables, m.Artifacts.Environment(), database.Libpq, database.Env, []*corev1ac.EnvVarApplyConfiguration{
		pod.FromSecret(connection.AccessKeyID, n.of("artifacts"), connection.AccessKeyID),
		pod.FromSecret(connection.SecretAccessKey, n.of("artifacts"), connection.SecretAccessKey),
		pod.FromSecret("MLFLOW_AUTH_ADMIN_USERNAME", n.of("admin"), userKey),
		pod.FromSecret("MLFLOW_CRYPTO_KEK_PASSPHRASE", n.of("keys"), encryptionKey),
		pod.FromSecret("MLFLOW_FLASK_SERVER_SECRET_KEY", n.of("keys"), sessionKey),
	})
	return variables, map[string]string{
		pod.RevisionAnnotation + "artifacts": workload.SecretRevision(keyArtifacts),
		pod.RevisionAnnotation + "auth":      workload.SecretRevision(keyAuth),
		pod.RevisionAnnotation + "database":  workload.SecretRevision(postgres.KeySecret),
		pod.RevisionAnnotation + "keys":      workload.SecretRevision(keyKeys),
	}
}
