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

// createCommand is the end of a command that makes the administrator.
const createCommand = `"create", "--role", "Admin", "--email", os.environ["ADMIN_EMAIL"], "--firstname", "Airflow", "--lastname", "Administrator"`

// migrateAndSync runs commands in one process, since each takes seconds of processor
// time to start. The second one makes the roles and permissions of the default auth
// manager: servers that start beside each other would do so, and fail on each other's
// rows. Where there is no user yet, the last one makes the administrator; whoever is
// missing later was taken away on purpose.
const migrateAndSync = `import os, sys, psycopg2
from airflow.__main__ import main
def run(*command):
    sys.argv = ["airflow", *command]
    main()
run("db", "migrate")
run("sync-perm")
` + useDatabase + `
    q.execute("select 1 from ab_user")
    fresh = q.fetchone() is None
if fresh:
    run("users", ` + createCommand + `, "--username=" + os.environ["ADMIN_USER"], "--password=" + os.environ["ADMIN_PASSWORD"])`

// setAdmin makes the administrator, or gives one that is there the password. It starts
// Airflow only where something is to be done: that would take processor time from the
// servers that start beside it. Names are equal as the auth manager sees it.
const setAdmin = `import os, sys, psycopg2
from werkzeug.security import check_password_hash
user, password = os.environ["ADMIN_USER"], os.environ["ADMIN_PASSWORD"]
` + useDatabase + `
    q.execute("select password from ab_user where lower(username) = lower(%s)", (user,))
    found = q.fetchone()
if found and found[0] and check_password_hash(found[0], password):
    print(user + " has this password already.")
    sys.exit()
from airflow.__main__ import main
command = ["reset-password"] if found else [` + createCommand + `]
sys.argv = ["airflow", "users", *command, "--username=" + user, "--password=" + password]
main()`

// jobs renders what runs to its end: the migration before the servers start, and
// the administrator beside them.
func (r *renderer) jobs() {
	migrate := corev1ac.Container().WithName(migration).WithArgs("airflow", "db", "migrate")
	if r.m.administers() {
		migrate = corev1ac.Container().WithName(migration).WithArgs("python", "-c", migrateAndSync).WithEnv(r.adminVariables()...)
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
	create := corev1ac.Container().WithName(adminJob).WithArgs("python", "-c", setAdmin).WithEnv(r.adminVariables()...)
	annotations := map[string]string{pod.RevisionAnnotation + "admin": workload.SecretRevision(keyAdmin)}
	r.job(pod.TemplateInput{Name: adminJob, Container: create, Annotations: annotations}, workload.StageServer, r.database.Identity, r.database.Restore, ptr.Deref(r.m.Admin, Admin{}).identity())
}

// adminVariables say who the administrator is.
func (r *renderer) adminVariables() []*corev1ac.EnvVarApplyConfiguration {
	secret := r.n.of("admin")
	return []*corev1ac.EnvVarApplyConfiguration{
		pod.FromSecret("ADMIN_USER", secret, userKey), pod.FromSecret("ADMIN_PASSWORD", secret, passwordKey),
		corev1ac.EnvVar().WithName("ADMIN_EMAIL").WithValue(ptr.Deref(ptr.Deref(r.m.Admin, Admin{}).Email, "admin@example.com")),
	}
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
