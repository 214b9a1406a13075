package acctest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
)

// BusyboxImage is the image of pods in which tests run commands.
const BusyboxImage = "docker.io/library/busybox:1.37"

// Shell is a pod in which a test runs commands, as a client within the cluster.
type Shell struct {
	c               *Cluster
	t               testing.TB
	Namespace, Name string
	// Container is needed where the pod has several.
	Container string
}

// Shell starts a pod whose environment holds the given Secrets.
func (c *Cluster) Shell(t testing.TB, namespace string, secrets ...string) *Shell {
	t.Helper()
	yes, no, user := true, false, int64(65532)
	container := corev1.Container{
		Name: "shell", Image: BusyboxImage, Command: []string{"sleep", "3600"},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}},
	}
	for _, name := range secrets {
		container.EnvFrom = append(container.EnvFrom, corev1.EnvFromSource{
			SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}},
		})
	}
	grace := int64(0)
	pod, err := c.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "shell-"},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{container}, AutomountServiceAccountToken: &no, TerminationGracePeriodSeconds: &grace,
			Volumes:         []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	Eventually(t, time.Minute, func() string {
		live, err := c.CoreV1().Pods(namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if live.Status.Phase != corev1.PodRunning {
			return fmt.Sprintf("the shell is %s", live.Status.Phase)
		}
		return ""
	})
	return &Shell{c: c, t: t, Namespace: namespace, Name: pod.Name}
}

// ShellIn is a pod that is there already.
func (c *Cluster) ShellIn(t testing.TB, namespace, pod string) *Shell {
	t.Helper()
	return &Shell{c: c, t: t, Namespace: namespace, Name: pod}
}

// Run runs a command and returns what it printed.
func (s *Shell) Run(ctx context.Context, stdin io.Reader, command ...string) (string, error) {
	return s.c.ExecIn(ctx, s.Namespace, s.Name, s.Container, stdin, command...)
}

// Exec runs a command in a pod's only container and returns what it printed. An
// error holds what it wrote to its standard error.
func (c *Cluster) Exec(ctx context.Context, namespace, pod string, stdin io.Reader, command ...string) (string, error) {
	return c.ExecIn(ctx, namespace, pod, "", stdin, command...)
}

// ExecIn is Exec in one of several containers of the pod.
func (c *Cluster) ExecIn(ctx context.Context, namespace, pod, container string, stdin io.Reader, command ...string) (string, error) {
	req := c.CoreV1().RESTClient().Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdin: stdin != nil, Stdout: true, Stderr: true}, scheme.ParameterCodec)
	executor, err := remotecommand.NewSPDYExecutor(c.Config, "POST", req.URL())
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: stdin, Stdout: &stdout, Stderr: &stderr}); err != nil {
		return stdout.String(), fmt.Errorf("%w: %s", err, stderr.String())
	}
	return stdout.String(), nil
}

// Install builds a command of internal/acctest/cmd and copies it to /tmp.
func (s *Shell) Install(command string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), command)
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", file,
		"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest/cmd/"+command)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.Open(file)
	if err != nil {
		s.t.Fatal(err)
	}
	defer program.Close() //nolint:errcheck // only read
	if _, err := s.Run(s.t.Context(), program, "sh", "-c", "cat >/tmp/"+command+" && chmod +x /tmp/"+command); err != nil {
		s.t.Fatal(err)
	}
}
