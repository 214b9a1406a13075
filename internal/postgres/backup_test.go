package postgres_test

import (
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/postgres"
)

const password = "p@ss:w/o?r#d%20&+"

// server is a Postgres of the default image.
type server struct {
	t         *testing.T
	c         *acctest.Cluster
	namespace string
}

func start(t *testing.T) *server {
	t.Helper()
	c := acctest.Connect(t)
	s := &server{t: t, c: c, namespace: c.Namespace(t)}
	yes, no, user := true, false, int64(999)
	container := corev1.Container{
		Name: "postgres", Image: postgres.DefaultImage,
		Env: []corev1.EnvVar{
			{Name: "POSTGRES_USER", Value: "owner"},
			{Name: "POSTGRES_PASSWORD", Value: password},
			{Name: "POSTGRES_DB", Value: "meta"},
			{Name: "PGDATA", Value: "/data/pgdata"},
		},
		ReadinessProbe:  &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"pg_isready", "-h", "127.0.0.1"}}}, PeriodSeconds: 2, TimeoutSeconds: 10},
		SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
		Resources:       corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")}},
	}
	var volumes []corev1.Volume
	for volume, path := range map[string]string{"data": "/data", "backups": "/backups", "run": "/run/postgresql", "tmp": "/tmp"} {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: volume, MountPath: path})
		volumes = append(volumes, corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	_, err := c.CoreV1().Pods(s.namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "db"},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user, FSGroup: &user,
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			AutomountServiceAccountToken: &no, Containers: []corev1.Container{container}, Volumes: volumes,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	acctest.Eventually(t, 4*time.Minute, func() string {
		pod, err := c.CoreV1().Pods(s.namespace).Get(t.Context(), "db", metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				return ""
			}
		}
		return "the database is not ready"
	})
	return s
}

// sql runs statements as the owner, and returns what they give.
func (s *server) sql(statements string) string {
	s.t.Helper()
	out, err := s.c.Exec(s.t.Context(), s.namespace, "db", nil, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "owner", "-d", "meta", "-c", statements)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// before runs the script that runs before a migration.
func (s *server) before(name, restore string) (string, error) {
	s.t.Helper()
	script, err := os.ReadFile("backup.sh")
	if err != nil {
		s.t.Fatal(err)
	}
	return s.c.Exec(s.t.Context(), s.namespace, "db", nil, "env",
		"DATABASE_URL=postgresql+psycopg2://owner:p%40ss%3Aw%2Fo%3Fr%23d%2520%26%2B@127.0.0.1:5432/meta", "BACKUP_NAME="+name, "RESTORE_FROM="+restore,
		"bash", "-euo", "pipefail", "-c", string(script))
}

// TestAccBackupAndRestore takes a database through migrations, back, and forth.
func TestAccBackupAndRestore(t *testing.T) {
	t.Parallel()
	s := start(t)
	succeeds := func(name, restore, want string) {
		t.Helper()
		if said, err := s.before(name, restore); err != nil || strings.TrimSpace(said) != want {
			t.Fatalf("got %q and %v, want %q", said, err, want)
		}
	}
	succeeds("before-1", "", "") // there is nothing yet

	s.sql("create table alembic_version (version_num text); insert into alembic_version values ('a'); create table runs (id int); insert into runs values (1)")
	succeeds("before-2", "", "The database is backed up as before-2.")
	// A migration that failed half-way is run again.
	s.sql("update alembic_version set version_num = 'half'")
	succeeds("before-2", "", "The database is backed up as before-2-again.")
	s.sql("update alembic_version set version_num = 'b'; insert into runs values (2); create table later (id int)")

	if said, err := s.before("before-1", "before-3"); err == nil || !strings.Contains(err.Error(), "There is no backup before-3. There are: before-2-again.dump before-2.dump") {
		t.Errorf("restoring what is not there ends with %v and says %q", err, said)
	}
	if got := s.sql("select count(*) from runs"); got != "2" {
		t.Errorf("after that, there are %s runs", got)
	}

	// Whoever is connected, and holds a lock, must not stand in the way.
	ended := make(chan error, 1)
	go func() {
		_, err := s.c.Exec(t.Context(), s.namespace, "db", nil, "psql", "-U", "owner", "-d", "meta", "-c", "begin; lock table runs; select pg_sleep(600)")
		ended <- err
	}()
	acctest.Eventually(t, time.Minute, func() string {
		if s.sql("select count(*) from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'runs' and l.mode = 'AccessExclusiveLock'") == "1" {
			return ""
		}
		return "nobody has locked the table"
	})
	succeeds("before-1", "before-2", "The database is backed up as before-restore.\nThe backup before-2 is restored.")
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "terminating connection") {
		t.Errorf("the connection from before the restore ended with %v", err)
	}
	const content = "select string_agg(id::text, ',') || ' ' || (select version_num from alembic_version) || ' ' || coalesce(to_regclass('later')::text, 'gone') from runs"
	if got := s.sql(content); got != "1 a gone" {
		t.Errorf("after the restore, there is %q", got)
	}
	succeeds("before-1", "before-restore", "The backup before-restore is restored.")
	if got := s.sql(content); got != "1,2 b later" {
		t.Errorf("after going back, there is %q", got)
	}
}
