//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const busyboxImage = "docker.io/library/busybox:1.37"

// start brings what the tests use onto a cluster that runs.
func (s stand) start(t *testing.T) {
	t.Helper()
	s.do(t, "load", busyboxImage)
	s.apply(t, "use.yaml")
	s.kubectl(t, "wait", "--namespace=use", "--for=condition=Ready", "pod", "--all", "--timeout=90s")
	s.kubectl(t, "rollout", "status", "--namespace=use", "statefulset/server", "--timeout=90s")
}

// use tries what people do with a cluster. Its parts run side by side, since
// most of their time is waiting.
func (s stand) use(t *testing.T, grows bool) {
	t.Helper()
	for name, part := range map[string]func(*testing.T){
		"logs":         s.logs,
		"exec":         s.exec,
		"port-forward": s.portForward,
		"policy":       s.policy,
		"security":     s.security,
		"metrics":      s.metrics,
		"volume": func(t *testing.T) {
			t.Helper()
			if !grows {
				t.Skip("volumes of kind's StorageClass have no size")
			}
			s.volume(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t)
		})
	}
}

func (s stand) logs(t *testing.T) {
	t.Helper()
	if got := s.kubectl(t, "logs", "--namespace=use", "server-0"); got != "good morning\n" {
		t.Errorf("got %q", got)
	}
}

func (s stand) exec(t *testing.T) {
	t.Helper()
	got := s.feed(t, []byte("through and back"), "kubectl", "exec", "--namespace=use", "--stdin", "friend", "--", "cat")
	if got != "through and back" {
		t.Errorf("got %q", got)
	}
	_, _, err := s.run(t.Context(), nil, "kubectl", "exec", "--namespace=use", "friend", "--", "sh", "-c", "exit 7")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("a command that ends with 7 gave %v", err)
	}
}

func (s stand) portForward(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cmd := s.command(ctx, "kubectl", "port-forward", "--namespace=use", "pod/server-0", ":8080")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait() //nolint:errcheck // it is killed
	defer stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`from (127\.0\.0\.1:\d+) -> 8080`).FindStringSubmatch(line)
	if found == nil {
		t.Fatalf("it says %q", line)
	}
	if got, err := get(ctx, "http://"+found[1]+"/"); err != nil || got != "hello\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// fetch lets a pod ask the server through its Service.
func (s stand) fetch(ctx context.Context, pod string) (string, error) {
	out, stderr, err := s.run(ctx, nil, "kubectl", "exec", "--namespace=use", pod, "--",
		"timeout", "3", "wget", "-q", "-O", "-", "http://server.use.svc.cluster.local/")
	if err != nil {
		return out, fmt.Errorf("%w: %s", err, stderr)
	}
	return out, nil
}

func (s stand) policy(t *testing.T) {
	t.Helper()
	let := func(pod string) {
		t.Helper()
		eventually(t, 30*time.Second, func() error {
			got, err := s.fetch(t.Context(), pod)
			if err == nil && got != "hello\n" {
				err = fmt.Errorf("%s got %q", pod, got)
			}
			return err
		})
	}
	let("friend")
	if got, err := s.fetch(t.Context(), "stranger"); err == nil {
		t.Errorf("the policy keeps nobody out: the stranger got %q", got)
	}
	s.kubectl(t, "label", "pod", "--namespace=use", "--overwrite", "stranger", "role=friend")
	let("stranger")
	s.kubectl(t, "label", "pod", "--namespace=use", "--overwrite", "stranger", "role=stranger")
	eventually(t, 30*time.Second, func() error {
		if _, err := s.fetch(t.Context(), "stranger"); err == nil {
			return errors.New("the stranger is still let in")
		}
		return nil
	})
}

func (s stand) security(t *testing.T) {
	t.Helper()
	ask := func(overrides string) (string, error) {
		_, stderr, err := s.run(t.Context(), nil, "kubectl", "run", "asking", "--namespace=strict", "--dry-run=server",
			"--image="+busyboxImage, "--overrides="+overrides)
		return stderr, err
	}
	if stderr, err := ask(`{}`); err == nil || !strings.Contains(stderr, `violates PodSecurity "restricted`) {
		t.Errorf("a pod without any restriction: %v %s", err, stderr)
	}
	const restricted = `{"spec": {
		"securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
		"containers": [{"name": "asking", "image": "` + busyboxImage + `",
			"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}}`
	if stderr, err := ask(restricted); err != nil {
		t.Errorf("a restricted pod: %v %s", err, stderr)
	}
}

func (s stand) metrics(t *testing.T) {
	t.Helper()
	eventually(t, 90*time.Second, func() error {
		out, stderr, err := s.run(t.Context(), nil, "kubectl", "top", "pod", "--namespace=use", "--no-headers", "server-0")
		if err != nil {
			return fmt.Errorf("%w: %s", err, stderr)
		}
		if !regexp.MustCompile(`^server-0\s+\d+m\s+\d+Mi\s*$`).MatchString(out) {
			t.Fatalf("kubectl top says %q", out)
		}
		return nil
	})
}

// volume fills a volume, and lets it grow while it is in use.
func (s stand) volume(t *testing.T) {
	t.Helper()
	inPod := func(args ...string) (string, string, error) {
		return s.run(t.Context(), nil, append([]string{"kubectl", "exec", "--namespace=use", "server-0", "--"}, args...)...)
	}
	megabytes := func() int {
		t.Helper()
		out, stderr, err := inPod("sh", "-c", "df -m /data | tail -n 1")
		if err != nil {
			t.Fatalf("%v: %s", err, stderr)
		}
		n, err := strconv.Atoi(strings.Fields(out)[1])
		if err != nil {
			t.Fatalf("df says %q", out)
		}
		return n
	}
	fill := func(mb int) error {
		_, stderr, err := inPod("sh", "-c", fmt.Sprintf("dd if=/dev/zero of=/data/large bs=1M count=%d 2>&1 >/dev/null || { rm /data/large; echo full >&2; exit 1; }", mb))
		if err != nil {
			return errors.New(stderr)
		}
		return nil
	}
	if n := megabytes(); n < 200 || n > 320 {
		t.Errorf("a volume of 320 MiB has %d", n)
	}
	if err := fill(400); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("400 MiB in a volume of 320: %v", err)
	}
	s.kubectl(t, "patch", "pvc", "--namespace=use", "data", "--patch", `{"spec": {"resources": {"requests": {"storage": "640Mi"}}}}`)
	eventually(t, 60*time.Second, func() error {
		if n := megabytes(); n < 500 {
			return fmt.Errorf("a volume of 640 MiB has %d", n)
		}
		return nil
	})
	if err := fill(400); err != nil {
		t.Errorf("400 MiB in a volume of 640: %v", err)
	}
	s.says(t, 30*time.Second, "640Mi", "get", "pvc", "--namespace=use", "data", "--output=jsonpath={.status.capacity.storage}")
	if out, stderr, err := inPod("cat", "/data/index.html"); err != nil || out != "hello\n" {
		t.Errorf("what was there before it grew: %q %v %s", out, err, stderr)
	}
	if restarts := s.kubectl(t, "get", "pod", "--namespace=use", "server-0", "--output=jsonpath={.status.containerStatuses[0].restartCount}"); restarts != "0" {
		t.Errorf("the pod was restarted %s times", restarts)
	}
}

// autoscale lets an autoscaler follow a real load.
func (s stand) autoscale(t *testing.T) {
	t.Helper()
	s.apply(t, "autoscale.yaml")
	defer s.kubectl(t, "delete", "namespace", "autoscale", "--wait=false")
	s.says(t, 4*time.Minute, "3", "get", "deployment", "--namespace=autoscale", "busy", "--output=jsonpath={.status.readyReplicas}")
}
