package airflow_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/acctest"
)

// receiver answers every request with success, and keeps its path and body.
const receiver = `cat >/tmp/answer <<'END'
#!/bin/sh
read -r method path version
length=0
while read -r name value && [ "$name" != "$(printf '\r')" ]; do
	case $name in [Cc]ontent-[Ll]ength:) length=${value%?} ;; esac
done
{ echo "$path"; head -c "$length"; } >>/tmp/seen
printf 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
END
chmod +x /tmp/answer
nc -ll -p 4318 -e /tmp/answer >/dev/null 2>&1 &`

// collector is a pod that receives metrics.
type collector struct {
	*acctest.Shell
	t        *testing.T
	endpoint string
}

func (s *stand) collector(t *testing.T) *collector {
	t.Helper()
	shell := s.c.Shell(t, s.namespace)
	var live *corev1.Pod
	acctest.Eventually(t, time.Minute, func() string {
		var err error
		if live, err = s.c.CoreV1().Pods(s.namespace).Get(t.Context(), shell.Name, metav1.GetOptions{}); err != nil {
			return err.Error()
		}
		if live.Status.PodIP == "" {
			return "the collector has no address"
		}
		return ""
	})
	if _, err := shell.Run(t.Context(), nil, "sh", "-ec", receiver); err != nil {
		t.Fatal(err)
	}
	return &collector{shell, t, fmt.Sprintf("http://%s:4318", live.Status.PodIP)}
}

// has waits until metrics of these names have come.
func (c *collector) has(names ...string) {
	c.t.Helper()
	for _, name := range names {
		acctest.Eventually(c.t, 2*time.Minute, func() string {
			time.Sleep(time.Second)
			said, err := c.Run(c.t.Context(), nil, "sh", "-c", "grep -c /v1/metrics /tmp/seen; grep -ac "+name+" /tmp/seen")
			if lines := strings.Fields(said); err == nil && len(lines) == 2 && lines[0] != "0" && lines[1] != "0" {
				return ""
			}
			return fmt.Sprintf("there is no %s: %s %v", name, said, err)
		})
	}
}

// exports waits until the exporter shows metrics of these names and labels, as they are
// asked for through the API server.
func (s *stand) exports(t *testing.T, metrics ...string) {
	t.Helper()
	for _, metric := range metrics {
		form := regexp.MustCompile(`(?m)^` + metric + ` [0-9.e+-]+$`)
		acctest.Eventually(t, 2*time.Minute, func() string {
			time.Sleep(time.Second)
			said, err := s.c.CoreV1().Services(s.namespace).ProxyGet("http", "flow-statsd", "metrics", "/metrics", nil).DoRaw(t.Context())
			if err != nil {
				return err.Error()
			}
			if !form.Match(said) {
				return fmt.Sprintf("there is no %s in\n%s", metric, said)
			}
			return ""
		})
	}
}
