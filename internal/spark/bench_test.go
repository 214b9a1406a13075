package spark_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// benchRounds is how often both are measured. The median of the ratios counts.
const benchRounds = 3

// benchApplication does a little with one executor, so that the start is most of it.
const benchApplication = `
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.range(1000, numPartitions=4).selectExpr("sum(id)").collect()[0][0] == 499500
spark.stop()
`

// benchConfig is the same for both.
var benchConfig = []string{
	"spark.driver.memory=512m", "spark.executor.memory=512m", "spark.executor.memoryOverhead=384m", "spark.executor.instances=1", "spark.ui.enabled=false",
	"spark.driver.extraJavaOptions=" + quickJVM, "spark.executor.extraJavaOptions=" + quickJVM,
}

// BenchmarkSparkJob measures an analytics_spark_job, from the start of terraform apply to
// its end, against a Job with spark-submit of the same application on the same cluster,
// from its creation to its end. It prints figures and fails on none of them.
func BenchmarkSparkJob(b *testing.B) {
	s := standOf(b)
	s.preparePlain()
	const attributes = `
  driver   = { memory = "512Mi", memory_overhead = "384Mi", resources = { requests = { cpu = "100m" } } }
  executor = { memory = "512Mi", memory_overhead = "384Mi", instances = 1, resources = { requests = { cpu = "100m" } } }
  spark_config = {
    "spark.ui.enabled"                = "false"
    "spark.driver.extraJavaOptions"   = "` + quickJVM + `"
    "spark.executor.extraJavaOptions" = "` + quickJVM + `"
  }
  once = { triggers = { round = "%d" } }
`
	var ratios []float64
	for round := range benchRounds {
		s.configure("bench", benchApplication, fmt.Sprintf(attributes, round), "")
		began := time.Now()
		s.Apply().Succeeds()
		ours := time.Since(began)
		plain := s.plain(round)
		ratios = append(ratios, ours.Seconds()/plain.Seconds())
		fmt.Printf("round %d: terraform apply of an analytics_spark_job %.1f s, spark-submit in a Job %.1f s\n", round+1, ours.Seconds(), plain.Seconds())
	}
	s.Destroy().Succeeds()
	slices.Sort(ratios)
	median := ratios[len(ratios)/2]
	fmt.Printf("| what | compared with | ratio |\n|---|---|---|\n| a Spark job, from `terraform apply` to its end | the same application by `spark-submit` in a Job | %.2f |\n", median)
	b.ReportMetric(median, "ratio")
}

// preparePlain makes what the plain Job needs.
func (s *stand) preparePlain() {
	s.t.Helper()
	meta := metav1.ObjectMeta{Name: "plain"}
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	ctx, create := s.t.Context(), metav1.CreateOptions{}
	_, err := s.c.CoreV1().ServiceAccounts(s.namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, create)
	must(err)
	_, err = s.c.RbacV1().Roles(s.namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"pods", "services", "configmaps", "persistentvolumeclaims"}, Verbs: []string{"*"},
	}}}, create)
	must(err)
	_, err = s.c.RbacV1().RoleBindings(s.namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "plain"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "plain"}},
	}, create)
	must(err)
	_, err = s.c.CoreV1().ConfigMaps(s.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{
		"application.py": benchApplication,
		// What the Pod Security of the namespace asks for.
		"executor.yaml": `
spec:
  securityContext: { runAsNonRoot: true, runAsUser: 185, fsGroup: 185, seccompProfile: { type: RuntimeDefault } }
  containers:
  - name: executor
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
`,
	}}, create)
	must(err)
}

// plain runs the application by spark-submit in a Job, and returns how long that took.
func (s *stand) plain(round int) time.Duration {
	s.t.Helper()
	field := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
	}
	args := []string{"driver", "--master=k8s://https://kubernetes.default.svc:443"}
	for _, config := range append(slices.Clone(benchConfig), "spark.driver.host=$(POD_IP)", "spark.driver.port=7078", "spark.driver.blockManager.port=7079",
		"spark.kubernetes.namespace="+s.namespace, "spark.kubernetes.driver.pod.name=$(POD_NAME)", "spark.kubernetes.executor.podNamePrefix=$(POD_NAME)",
		"spark.kubernetes.container.image="+sparkImage, "spark.kubernetes.executor.request.cores=100m", "spark.kubernetes.executor.podTemplateFile=/application/executor.yaml") {
		args = append(args, "--conf="+config)
	}
	memory, cpu := resource.MustParse("896Mi"), resource.MustParse("100m")
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("plain-%d", round)}, Spec: batchv1.JobSpec{BackoffLimit: new(int32(0)), Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever, ServiceAccountName: "plain",
		SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(185)), FSGroup: new(int64(185)), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		Containers: []corev1.Container{{
			Name: "driver", Image: sparkImage, Args: append(args, "/application/application.py"),
			Env:             []corev1.EnvVar{field("POD_IP", "status.podIP"), field("POD_NAME", "metadata.name"), field("SPARK_DRIVER_BIND_ADDRESS", "status.podIP")},
			Resources:       corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceMemory: memory, corev1.ResourceCPU: cpu}, Limits: corev1.ResourceList{corev1.ResourceMemory: memory}},
			SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
			VolumeMounts:    []corev1.VolumeMount{{Name: "application", MountPath: "/application"}},
		}},
		Volumes: []corev1.Volume{{Name: "application", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "plain"}}}}},
	}}}}
	began := time.Now()
	if _, err := s.c.BatchV1().Jobs(s.namespace).Create(s.t.Context(), job, metav1.CreateOptions{}); err != nil {
		s.t.Fatal(err)
	}
	acctest.Eventually(s.t, 5*time.Minute, func() string {
		live, err := s.c.BatchV1().Jobs(s.namespace).Get(s.t.Context(), job.Name, metav1.GetOptions{})
		switch {
		case err != nil:
			return err.Error()
		case live.Status.Failed > 0:
			s.t.Fatalf("the Job with spark-submit failed: %+v", live.Status)
		case live.Status.CompletionTime == nil:
			return "the Job with spark-submit is not over"
		}
		return ""
	})
	return time.Since(began)
}
