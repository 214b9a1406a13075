package mlflow

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

// migrate runs in one process what would take seconds to start each time: it makes or
// migrates the tables of runs and models and those of users, and then makes the
// administrator, or gives one that is there the password. Servers that start beside
// each other on an empty database would fail on each other's rows.
const migrate = `import os
from mlflow.cli import cli
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
url = os.environ["MLFLOW_BACKEND_STORE_URI"]
cli(["db", "upgrade", url], standalone_mode=False)
users = SqlAlchemyStore()
users.init_db(url)
name, password = os.environ["ADMIN_USER"], os.environ["ADMIN_PASSWORD"]
if users.has_user(name):
    users.update_user(name, password=password, is_admin=True)
else:
    users.create_user(name, password, is_admin=True)
print("The database is ready, and the administrator in it.")`

// migrationJob renders the Job that runs before the servers, and again when version,
// image, database or administrator are others.
func (r *renderer) migrationJob() {
	secret := r.n.of("admin")
	container := corev1ac.Container().WithName(migration).WithCommand("python", "-c", migrate).WithEnv(
		pod.FromSecret("ADMIN_USER", secret, userKey), pod.FromSecret("ADMIN_PASSWORD", secret, passwordKey))
	settings := r.m.Settings
	settings.ExtraContainers = nil // the pod would not end before they do
	template := r.template(pod.TemplateInput{
		Name: r.n.of(migration), Role: migration, Container: container, Installers: r.database.BeforeMigration, Volumes: r.database.BackupVolumes,
	}, settings)
	template.Spec.Spec.WithRestartPolicy(corev1.RestartPolicyNever)
	keys := []string{r.m.version(), r.m.image(r.n.env), r.database.Identity, ptr.Deref(r.m.Admin, Admin{}).identity()}
	if r.database.Restore != "" {
		keys = append(keys, r.database.Restore)
	}
	r.objects = append(r.objects, template.Objects...)
	r.objects = append(r.objects, workload.Object{
		Key: "Job/migrate", Stage: workload.StageJob, RunKey: strings.Join(keys, "\n"), Mask: template.Mask("spec.template"),
		Manifest: batchv1ac.Job(r.n.of(migration), r.n.env.Namespace).WithLabels(map[string]string{componentLabel: migration}).WithSpec(batchv1ac.JobSpec().
			WithBackoffLimit(1).WithTemplate(template.Spec)),
	})
}
