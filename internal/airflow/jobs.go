package airflow

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/pod"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/workload"
)

const (
	migration = "migrate"
	adminJob  = "admin"
)

// migrateAndSync runs two commands in one process, since each takes seconds to start.
// The second one makes the roles and permissions of the default auth manager: servers
// that start beside each other would do so, and fail on each other's rows.
const migrateAndSync = `import sys
from airflow.__main__ import main
for command in ["db", "migrate"], ["sync-perm"]:
    sys.argv = ["airflow", *command]
    main()`

// createAdmin makes the administrator, or gives one that is there the password.
const createAdmin = `said=$(airflow users create --role Admin --username "$ADMIN_USER" --password "$ADMIN_PASSWORD" --email "$ADMIN_EMAIL" --firstname Airflow --lastname Administrator)
echo "$said"
case $said in *"already exist"*) airflow users reset-password --username "$ADMIN_USER" --password "$ADMIN_PASSWORD" ;; esac`

// jobs renders what runs to its end: the migration before the servers start, and
// the administrator beside them.
func (r *renderer) jobs() {
	migrate := corev1ac.Container().WithName(migration).WithArgs("airflow", "db", "migrate")
	if r.m.administers() {
		migrate = corev1ac.Container().WithName(migration).WithArgs("python", "-c", migrateAndSync)
	}
	keys := []string{r.m.version(), r.m.image(r.n.env), r.database.Identity}
	if r.database.Restore != "" {
		keys = append(keys, r.database.Restore)
	}
	r.job(pod.TemplateInput{Name: migration, Container: migrate, Installers: r.database.BeforeMigration, Volumes: r.database.BackupVolumes}, workload.StageJob, keys...)
	r.encryptAnew()
	if r.m.DBClean != nil {
		r.dbClean(*r.m.DBClean)
	}
	if !r.m.administers() {
		return
	}
	admin := ptr.Deref(r.m.Admin, Admin{})
	secret := r.n.of("admin")
	create := corev1ac.Container().WithName(adminJob).WithArgs("bash", "-ec", createAdmin).WithEnv(
		pod.FromSecret("ADMIN_USER", secret, userKey), pod.FromSecret("ADMIN_PASSWORD", secret, passwordKey),
		corev1ac.EnvVar().WithName("ADMIN_EMAIL").WithValue(ptr.Deref(admin.Email, "admin@example.com")))
	annotations := map[string]string{pod.RevisionAnnotation + "admin": workload.SecretRevision(keyAdmin)}
	r.job(pod.TemplateInput{Name: adminJob, Container: create, Annotations: annotations}, workload.StageServer, r.database.Identity, r.database.Restore, admin.identity())
}

// job renders a Job that runs again when one of the keys is another.
func (r *renderer) job(in pod.TemplateInput, stage workload.Stage, keys ...string) {
	name := in.Name
	template := r.jobTemplate(in)
	r.objects = append(r.objects, workload.Object{
		Key: "Job/" + name, Stage: stage, RunKey: strings.Join(keys, "\n"), Mask: template.Mask("spec.template"),
		Manifest: batchv1ac.Job(r.n.of(name), r.n.env.Namespace).WithLabels(map[string]string{componentLabel: name}).WithSpec(batchv1ac.JobSpec().
			WithBackoffLimit(1).WithTemplate(template.Spec)),
	})
}

// jobTemplate renders the pods of a Job. in has what distinguishes it from the others.
func (r *renderer) jobTemplate(in pod.TemplateInput) pod.Template {
	name := in.Name
	in.At, in.Name, in.Role, in.Selector = path.Empty(), r.n.of(name), name, r.n.selector(name)
	in.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi")}
	in.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")}
	template := r.template(in, pod.Settings{}, process{plain: r.m.serving(r.n), secrets: r.jobSecrets(), ends: true})
	template.Spec.Spec.WithRestartPolicy(corev1.RestartPolicyNever)
	r.objects = append(r.objects, template.Objects...)
	return template
}
