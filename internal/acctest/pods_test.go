package acctest

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// bashImage is an image with Bash, which the tests' cluster has anyway.
const bashImage = "docker.io/pgsty/minio:RELEASE.2026-08-04T00-00-00Z"

// TestAccPods runs a pod with what the pods of every product can have, and looks at
// it from inside.
func TestAccPods(t *testing.T) {
	s := newStand(t)
	ctx := t.Context()
	given := metav1.ObjectMeta{Name: "given"}
	if _, err := s.cluster.CoreV1().Secrets(s.namespace).Create(ctx, &corev1.Secret{ObjectMeta: given, StringData: map[string]string{"a": "secret-a"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: given, Data: map[string]string{"c": "config-c"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	const attributes = `
script               = "exec httpd -f -p 8080 -h /shared"
env                  = { GREETING = "hello \"world\"" }
env_from_keys        = { KEY = { secret = "given", key = "a" }, OTHER = { config_map = "given", key = "c" } }
env_from_secrets     = ["given"]
env_from_config_maps = ["given"]
init_scripts = [
  { name = "first", image = "` + bashImage + `", script = "words=(first \"$GREETING\")\necho \"$${words[@]}\" >>/shared/order" },
  { name = "second", image = "` + bashImage + `", script = "[[ -s /shared/order ]]\necho second >>/shared/order" },
]
volumes = {
  shared   = { empty_dir = { size_limit = "10Mi" }, mounts = [{ path = "/shared" }] }
  data     = { new_claim = { size = "300Mi" }, mounts = [{ path = "/data", sub_path = "web" }] }
  conf     = { config_map = { name = "given", items = { c = "conf.txt" }, default_mode = "0440" }, mounts = [{ path = "/conf" }] }
  keys     = { secret = { name = "given" }, mounts = [{ path = "/keys" }] }
  identity = { projected = [{ config_map = { name = "given" } }, { service_account_token = { path = "token", audience = "sts", expiration_seconds = 7200 } }], mounts = [{ path = "/identity" }] }
  work     = { ephemeral = { size = "300Mi" }, mounts = [{ path = "/work" }] }
}
security_context = { run_as_user = 2000, run_as_group = 2001, fs_group = 2002, supplemental_groups = [3000] }
host_aliases     = { "192.0.2.10" = ["legacy"] }
dns_config       = { searches = ["example.com"], options = { ndots = "2" } }
extra_containers = {
  beside = { image = "` + BusyboxImage + `", command = ["sleep", "3600"], env = { WHO = "beside" }, mounts = [{ volume = "shared", path = "/shared" }] }
  before = { image = "` + BusyboxImage + `", command = ["sleep", "3600"], sidecar = true }
}
`
	s.fixture(attributes + `network_policy = { ingress = [{ peers = [{ pod_labels = { role = "client" } }], ports = [{ port = 8080 }] }], egress = [] }`)
	s.Apply().Succeeds()
	s.PlansNothing()
	main := s.inside(t)
	run := func(shell *Shell, script string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		out, err := shell.Run(ctx, nil, "sh", "-c", script)
		if err != nil {
			return out + err.Error()
		}
		return strings.TrimSpace(out)
	}
	for script, want := range map[string]string{
		`echo "$GREETING, $KEY, $OTHER, $a, $c"`:                                            `hello "world", secret-a, config-c, secret-a, config-c`,
		`cat /shared/order`:                                                                 "first hello \"world\"\nsecond",
		`id -u; id -g; id -G`:                                                               "2000\n2001\n2001 2002 3000",
		`echo x >/data/x && stat -c %g /data/x && ls /data`:                                 "2002\nx",
		`echo x >/work/x && cat /work/x`:                                                    "x",
		`cat /conf/conf.txt; stat -L -c %a /conf/conf.txt`:                                  "config-c440",
		`cat /keys/a; ls /keys`:                                                             "secret-aa",
		`cat /identity/c; test -s /identity/token && echo " t"`:                             "config-c t",
		`grep legacy /etc/hosts | tr -s '\t' ' '`:                                           "192.0.2.10 legacy",
		`grep -c 'search .*example.com' /etc/resolv.conf; grep -o ndots:2 /etc/resolv.conf`: "1\nndots:2",
		`touch /etc/x 2>&1 | grep -o 'Read-only file system'`:                               "Read-only file system",
		`ls /var/run/secrets/kubernetes.io 2>&1 | grep -o 'No such file'`:                   "No such file",
	} {
		if got := run(main, script); got != want {
			t.Errorf("%s prints %q, not %q", script, got, want)
		}
	}
	beside := *main
	beside.Container = "beside"
	if got := run(&beside, `echo "$WHO"; cat /shared/order`); got != "beside\nfirst hello \"world\"\nsecond" {
		t.Errorf("the container beside it prints %q", got)
	}
	s.sealed(t)

	// Who may connect, and to what.
	client := s.cluster.Shell(t, s.namespace)
	answers := func(shell *Shell, script, want string) {
		t.Helper()
		Eventually(t, 30*time.Second, func() string {
			if got := run(shell, script); !strings.Contains(got, want) {
				return script + " prints " + got
			}
			return ""
		})
	}
	const fetch, dial = `timeout 3 wget -q -O - http://it/order || echo refused`, `echo | timeout 3 nc kubernetes.default.svc 443 >/dev/null && echo connected || echo refused`
	s.edit(pods, client.Name, map[string]any{"metadata": map[string]any{"labels": map[string]any{"role": "client"}}})
	answers(client, fetch, "second")
	answers(client, dial, "connected")
	s.edit(pods, client.Name, map[string]any{"metadata": map[string]any{"labels": map[string]any{"role": nil}}})
	answers(client, fetch, "refused")
	answers(main, `nslookup it.`+s.namespace+`.svc.cluster.local >/dev/null && echo resolved`, "resolved")
	answers(main, dial, "refused")
	s.fixture(attributes)
	// Pods with a policy of their own have labels that say so.
	s.Apply().Succeeds().Says("deletes NetworkPolicy/", "rolls the 1 pod of Deployment/web")
	answers(client, fetch, "second")
	answers(s.inside(t), dial, "connected")
}

// inside is the main container of the one pod that is not on its way out.
func (s *stand) inside(t *testing.T) *Shell {
	t.Helper()
	shell := &Shell{c: s.cluster, t: t, Namespace: s.namespace, Container: "main"}
	Eventually(t, time.Minute, func() string {
		list, err := s.cluster.CoreV1().Pods(s.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=web"})
		if err != nil {
			return err.Error()
		}
		for _, pod := range list.Items {
			if pod.DeletionTimestamp == nil {
				shell.Name = pod.Name
				return ""
			}
		}
		return "there is no pod"
	})
	return shell
}

// sealed fails the test unless every container of the namespace has a read-only
// root. What else Pod Security asks for, the namespace enforces.
func (s *stand) sealed(t *testing.T) {
	t.Helper()
	list, err := s.cluster.CoreV1().Pods(s.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, pod := range list.Items {
		for _, c := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			if c.SecurityContext == nil || c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
				t.Errorf("container %s of %s can write its root", c.Name, pod.Name)
			}
			seen++
		}
	}
	if seen < 5 {
		t.Errorf("only %d containers were looked at", seen)
	}
}
