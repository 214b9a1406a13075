package spark

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/connection"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
)

// connectionVariables are the variables that follow from connections, by attribute:
// env must not set them.
func connectionVariables(m *Session) map[string][]string {
	out := map[string][]string{}
	if m.S3 != nil {
		out["s3"] = []string{connection.AccessKeyID, connection.SecretAccessKey}
	}
	if m.MLflow != nil {
		out["mlflow"] = []string{connection.TrackingURI, connection.TrackingUsername, connection.TrackingPassword}
	}
	return out
}

// connectionVariables are those of driver and executors alike. Where S3 is stands in
// Spark's configuration.
func (a *application) connectionVariables() []*corev1ac.EnvVarApplyConfiguration {
	var out []*corev1ac.EnvVarApplyConfiguration
	if a.m.S3 != nil {
		out = append(out,
			pod.FromSecret(connection.AccessKeyID, a.n.s3(), connection.AccessKeyID),
			pod.FromSecret(connection.SecretAccessKey, a.n.s3(), connection.SecretAccessKey))
	}
	if c := a.m.MLflow; c != nil {
		out = append(out, c.Environment()...)
		out = append(out,
			pod.FromSecret(connection.TrackingUsername, a.n.mlflow(), connection.TrackingUsername),
			pod.FromSecret(connection.TrackingPassword, a.n.mlflow(), connection.TrackingPassword))
	}
	return out
}
