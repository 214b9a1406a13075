package acctest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAccSettingsThatContradict plans with settings of the provider that exclude
// or need each other: each diagnostic is on the path of one of them.
func TestAccSettingsThatContradict(t *testing.T) {
	s := newStand(t)
	const host = "host = \"https://127.0.0.1:1\"\n"
	for name, test := range map[string]struct {
		settings, line, says string
	}{
		"two kubeconfigs":       {"config_paths = [\"a\"]\nconfig_path = \"b\"", `config_path = "b"`, "config_path"},
		"a context of nothing":  {host + `config_context = "one"`, `config_context = "one"`, "set config_path too"},
		"a cluster of nothing":  {host + `config_context_cluster = "one"`, `config_context_cluster = "one"`, "set config_path too"},
		"two credentials":       {host + "token = \"t\"\nusername = \"u\"\npassword = \"p\"", `username = "u"`, "token and username are set together: keep one"},
		"a user without secret": {host + `username = "u"`, `username = "u"`, "set password too"},
		"a secret without user": {host + `password = "p"`, `password = "p"`, "set username too"},
		"half a certificate":    {host + `client_key = "k"`, `client_key = "k"`, "set client_certificate too"},
		"insecure with CA":      {host + "cluster_ca_certificate = \"c\"\ninsecure = true", `insecure = true`, "keep one of them"},
		"no address":            {`host = "ftp://k"`, `host = "ftp://k"`, "such as https://10.0.0.1:6443"},
		"no proxy":              {host + `proxy_url = "k:1"`, `proxy_url = "k:1"`, "socks5://"},
		"no such version":       {host + "exec = {\n  command = \"c\"\n  api_version = \"v1\"\n}", `provider "analytics" {`, "client.authentication.k8s.io/v1"},
		"no such check":         {`plan_checks = "maybe"`, `plan_checks = "maybe"`, `"warn"`},
		"no such plan":          {`create_plan = "long"`, `create_plan = "long"`, `"short"`},
	} {
		s.connection = test.settings
		s.fixture(`replicas = 0`)
		t.Log(name)
		s.Run("validate", "-no-color").Fails().Says(test.says, `in provider "analytics":`, test.line)
	}
	// What comes from the environment counts as well.
	s.connection = host + "username = \"u\"\npassword = \"p\""
	s.fixture(`replicas = 0`)
	s.Env = []string{"KUBE_TOKEN=t"}
	s.Plan().Fails().Says("token and username are set together", "may also come from its environment variable")
	s.connection, s.Env = "", []string{"KUBE_CONFIG_PATH=" + s.cluster.Kubeconfig}
	s.fixture(`replicas = 0`)
	s.Plan().Succeeds().Says("1 to add")
}

// TestAccCreatePlan shows a creation in short, and changes in full all the same.
func TestAccCreatePlan(t *testing.T) {
	s := newStand(t)
	s.connection += "\ncreate_plan = \"short\""
	s.fixture(`replicas = 0`)
	s.Plan().Succeeds().Says("+ objects = (known after apply)").SaysNot("Deployment/web")
	// What the API server says to it is asked nevertheless.
	s.fixture("replicas = 0\nprivileged = true")
	s.refused("violates PodSecurity")
	s.fixture(`replicas = 0`)
	s.Apply().Succeeds()
	s.PlansNothing()
	s.fixture("replicas = 0\nparts = { one = \"1\" }")
	s.Plan().Succeeds().Says(`+ "ConfigMap/part-one" = {`, `"data.value"`)
}

// TestAccDefaults gives a resource what the provider's defaults have, unless it
// says otherwise.
func TestAccDefaults(t *testing.T) {
	s := newStand(t)
	configure := func(attributes string) {
		s.Configure(`provider "analytics" {
	%s
	defaults = {
		namespace          = %q
		labels             = { team = "data", tier = "default" }
		annotations        = { note = "default" }
		image_registry     = "registry.example.com/mirror"
		image_pull_secrets = ["mirror"]
		node_selector      = { "kubernetes.io/os" = "linux", disk = "hdd" }
		tolerations        = [{ key = "dedicated", value = "data", effect = "NoSchedule" }, { operator = "Exists", effect = "NoExecute", toleration_seconds = 60 }]
		priority_class     = "system-cluster-critical"
		cluster_domain     = "cluster.example"
		proxy              = { http = "http://proxy:3128", no_proxy = "10.0.0.0/8" }
		ca_bundle          = { config_map = "authorities" }
	}
}

resource "analytics_fixture" "it" {
	name     = "it"
	replicas = 0
%s
}
`, s.connection, s.namespace, attributes)
	}
	configure("")
	s.Apply().Succeeds()
	s.PlansNothing()
	d, err := s.cluster.AppsV1().Deployments(s.namespace).Get(t.Context(), "it", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod, main := d.Spec.Template.Spec, d.Spec.Template.Spec.Containers[0]
	seconds := int64(60)
	for what, pair := range map[string][2]any{
		"id":              {s.Attributes(address)["id"], s.namespace + "/it"},
		"endpoint":        {s.Attributes(address)["endpoint"], "it." + s.namespace + ".svc.cluster.example:80"},
		"labels":          {d.Labels["team"] + d.Labels["tier"], "datadefault"},
		"pods' labels":    {d.Spec.Template.Labels["team"], "data"},
		"annotations":     {d.Annotations["note"], "default"},
		"image":           {main.Image, "registry.example.com/mirror/library/busybox:1.37"},
		"pull secrets":    {pod.ImagePullSecrets, []corev1.LocalObjectReference{{Name: "mirror"}}},
		"node selector":   {pod.NodeSelector, map[string]string{"kubernetes.io/os": "linux", "disk": "hdd"}},
		"priority class":  {pod.PriorityClassName, "system-cluster-critical"},
		"proxy":           {variable(main, "HTTP_PROXY"), "http://proxy:3128"},
		"no proxy":        {strings.HasSuffix(variable(main, "NO_PROXY"), ".svc,.cluster.example,10.0.0.0/8"), true},
		"CA bundle":       {slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.ConfigMap != nil && v.ConfigMap.Name == "authorities" }), true},
		"CA bundle mount": {variable(main, "SSL_CERT_FILE") != "", true},
		"tolerations": {pod.Tolerations, []corev1.Toleration{
			{Key: "dedicated", Value: "data", Effect: corev1.TaintEffectNoSchedule},
			{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds},
		}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}

	// The resource's own win, or come on top.
	configure("labels = { tier = \"own\" }\nannotations = { note = \"own\" }\nimage = \"docker.io/library/busybox:1.37\"\n" +
		"image_pull_secrets = [\"own\"]\nnode_selector = { disk = \"ssd\" }\ntolerations = [{ key = \"own\", operator = \"Exists\" }]\npriority_class = \"system-node-critical\"\n")
	s.Apply().Succeeds()
	s.PlansNothing()
	if d, err = s.cluster.AppsV1().Deployments(s.namespace).Get(t.Context(), "it", metav1.GetOptions{}); err != nil {
		t.Fatal(err)
	}
	pod, main = d.Spec.Template.Spec, d.Spec.Template.Spec.Containers[0]
	for what, pair := range map[string][2]any{
		"labels":         {d.Labels["team"] + d.Labels["tier"], "dataown"},
		"annotations":    {d.Annotations["note"], "own"},
		"image":          {main.Image, "docker.io/library/busybox:1.37"},
		"pull secrets":   {fmt.Sprint(pod.ImagePullSecrets), "[{mirror} {own}]"},
		"node selector":  {pod.NodeSelector["disk"] + pod.NodeSelector["kubernetes.io/os"], "ssdlinux"},
		"tolerations":    {len(pod.Tolerations), 3},
		"priority class": {pod.PriorityClassName, "system-node-critical"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s of its own: got %v, want %v", what, pair[0], pair[1])
		}
	}
	s.Destroy().Succeeds()
}

// variable is the value of an environment variable, "" where it has none.
func variable(c corev1.Container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}
