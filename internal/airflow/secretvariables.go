package airflow

import (
	"slices"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// secretVariable is an option of Airflow whose value is in a Secret. Pods have those
// that they read, and restart when one of their Secrets changes.
type secretVariable struct {
	section, option string
	// part says in the name of an annotation what restarts the pods, and revision is its
	// value.
	part, revision string
	// secret and key say where the value is.
	secret, key string
}

func (r *renderer) databaseURL() secretVariable {
	return secretVariable{"database", "sql_alchemy_conn", "database", workload.SecretRevision(postgres.KeySecret), r.database.Secret, postgres.KeyURL}
}

func (r *renderer) fernetKey() secretVariable {
	return secretVariable{"core", "fernet_key", "fernet-key", workload.SecretKeyRevision(keyKeys, fernetSource), r.n.of("keys"), fernetKey}
}

func (r *renderer) jwtKey() secretVariable {
	return secretVariable{"api_auth", "jwt_secret", "jwt-key", workload.SecretKeyRevision(keyKeys, jwtKey), r.n.of("keys"), jwtKey}
}

// sessionKey signs sessions of users, and requests for the logs of running tasks.
func (r *renderer) sessionKey() secretVariable {
	return secretVariable{"api", "secret_key", "session-key", workload.SecretKeyRevision(keyKeys, apiKey), r.n.of("keys"), apiKey}
}

// serverSecrets are those of all servers but Celery workers.
func (r *renderer) serverSecrets() []secretVariable {
	database := r.databaseURL()
	if r.m.PgBouncer != nil {
		database.key = poolerURL
	}
	return []secretVariable{database, r.fernetKey(), r.jwtKey(), r.sessionKey()}
}

// jobSecrets are those of jobs, which go to the database itself: migrations hold locks
// of a session, which a pooler would hand from one client to another.
func (r *renderer) jobSecrets() []secretVariable {
	return []secretVariable{r.databaseURL(), r.fernetKey(), r.jwtKey(), r.sessionKey()}
}

// celerySecrets are those of the two sides of the broker.
func (r *renderer) celerySecrets() []secretVariable {
	if !r.m.usesCelery() {
		return nil
	}
	out := []secretVariable{{"celery", "broker_url", broker, workload.SecretRevision(keyBroker), r.n.of(broker), brokerURL}}
	if r.m.resultsInDatabase() && r.m.PgBouncer != nil {
		results := r.databaseURL()
		results.section, results.option, results.key = "celery", "result_backend", poolerResultsURL
		out = append(out, results)
	}
	if _, configured := r.m.Config["celery"]["result_backend"]; !configured && !r.m.resultsInDatabase() {
		out = append(out, secretVariable{"celery", "result_backend", broker, workload.SecretRevision(keyBroker), r.n.of(broker), brokerURL})
	}
	return out
}

// secretVariables are the variables of a container that reads these.
func (r *renderer) secretVariables(secrets []secretVariable) []*corev1ac.EnvVarApplyConfiguration {
	var out []*corev1ac.EnvVarApplyConfiguration
	for _, s := range secrets {
		out = append(out, pod.FromSecret(optionVariable(s.section, s.option), s.secret, s.key))
	}
	return out
}

// revisions are annotations that restart pods when what they read changes: these
// Secrets, and those that all of Airflow reads.
func (r *renderer) revisions(secrets []secretVariable) map[string]string {
	out := map[string]string{}
	for _, s := range secrets {
		out[pod.RevisionAnnotation+s.part] = s.revision
	}
	for part, read := range map[string]bool{
		keyConfig: len(r.m.Config) > 0, keyConnections: len(r.m.Connections) > 0, keyVariables: len(r.m.Variables) > 0, keyLogs: r.m.Logs != nil,
		keyBundles: len(r.m.bundlesWithAccess()) > 0,
	} {
		if read {
			out[pod.RevisionAnnotation+part[len("Secret/"):]] = workload.SecretRevision(part)
		}
	}
	return out
}

func (r *renderer) readsDatabase(secrets []secretVariable) bool {
	return slices.Contains(secrets, r.databaseURL())
}
