package airflow_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// repository is a Git repository, and what opens it.
type repository struct{ knownHosts, privateKey, token string }

// repository serves a Git repository at ssh://git@repo:2222/dags and
// http://repo:8000/dags. It has the files in the folder flows, the folder more without
// DAGs, and the tag first. The Secret "deploy" opens it both ways.
func (s *stand) repository(files map[string]string) repository {
	s.t.Helper()
	hostKey, hostPublic := sshKey(s.t)
	clientKey, clientPublic := sshKey(s.t)
	out := repository{"[repo]:2222 " + hostPublic, clientKey, "tok/en:with%signs+and=more"}
	_, err := s.c.CoreV1().Secrets(s.namespace).Create(s.t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "deploy"}, StringData: map[string]string{corev1.SSHAuthPrivateKey: clientKey, "token": out.token},
	}, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	const script = `mkdir -p /data/dags/flows /data/dags/more
cd /data/dags
export HOME=/tmp GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@example.com GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@example.com
git init -q -b main
for name in $NAMES; do printenv "FILE_${name%.py}" >"flows/$name"; done
echo >more/notes.txt
git add .
git commit -q -m first
git tag first
until [ -x /tmp/gitserver ]; do sleep 0.2; done
exec /tmp/gitserver`
	var names []string
	env := []corev1.EnvVar{{Name: "HOST_KEY", Value: hostKey}, {Name: "CLIENT_KEY", Value: clientPublic}, {Name: "PASSWORD", Value: out.token}}
	for name, text := range files {
		names = append(names, name)
		env = append(env, corev1.EnvVar{Name: "FILE_" + strings.TrimSuffix(name, ".py"), Value: text})
	}
	s.start("repo", 50000, corev1.Container{
		Image: airflowImage, Command: []string{"bash", "-ec", script}, Env: append(env, corev1.EnvVar{Name: "NAMES", Value: strings.Join(names, " ")}),
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8000)}}, PeriodSeconds: 2, TimeoutSeconds: 10},
	}, 2222, 8000)
	s.running("repo")
	s.c.ShellIn(s.t, s.namespace, "repo").Install("gitserver")
	s.ready("repo")
	return out
}

// sshKey returns a new private key and its public half.
func sshKey(t *testing.T) (private, public string) {
	t.Helper()
	half, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	sshPublic, err := ssh.NewPublicKey(half)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(sshPublic)))
}
