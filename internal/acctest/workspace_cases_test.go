package acctest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func workspaceCases() map[string]attributeCase {
	const (
		namespace = "Namespace/workspace metadata."
		quota     = "ResourceQuota/workspace "
		limits    = "LimitRange/workspace spec.limits[0]."
		amounts   = `{ cpu = "200m", memory = "300Mi", ephemeral_storage = "400Mi" }`
		rule      = `[{ peers = [{ pod_labels = { a = "b" }, namespace_labels = { c = "d" } }, { cidr = "10.0.0.0/8", except = ["10.1.0.0/16"] }],
		ports = [{ port = 8000, end_port = 8010, protocol = "UDP" }] }]`
		members = `{ users = ["ann"], groups = ["data"], service_accounts = ["ci"] }`
	)
	level := func(mode, value string) attributeCase {
		return attributeCase{with: fmt.Sprintf("pod_security = { %s = %q }", mode, value), changes: []string{namespace + "labels[pod-security.kubernetes.io/" + mode + "]"}}
	}
	role := func(list string) attributeCase {
		name := strings.TrimSuffix(list, "s")
		return attributeCase{with: list + " = " + members, changes: []string{"Role/" + name + " *", "RoleBinding/" + name + " *"}}
	}
	pull := func(from, secret, more string) string {
		return fmt.Sprintf("pull_secrets = { registry = { namespace = %q, secret = %q%s } }", from, secret, more)
	}
	pulled := []string{"Secret/registry data[.dockerconfigjson]"}
	cases := commonCases()
	cases["claim_namespace"] = cases["namespace"]
	delete(cases, "namespace")
	maps.Copy(cases, map[string]attributeCase{
		"labels":                                  {with: `labels = { team = "x" }`, changes: []string{"** metadata.labels.team"}},
		"patches":                                 {with: `patches = { "Namespace/workspace" = jsonencode({ metadata = { annotations = { note = "x" } } }) }`, changes: []string{namespace + "annotations.note"}},
		"namespace_labels":                        {with: `namespace_labels = { cost-center = "4711" }`, changes: []string{namespace + "labels.cost-center"}},
		"namespace_annotations":                   {with: `namespace_annotations = { note = "x" }`, changes: []string{namespace + "annotations.note"}},
		"pod_security.enforce":                    level("enforce", "baseline"),
		"pod_security.warn":                       level("warn", "privileged"),
		"pod_security.audit":                      level("audit", "privileged"),
		"pod_security.version":                    {with: `pod_security = { version = "v1.30" }`, changes: []string{namespace + "labels[pod-security.kubernetes.io/*-version]"}},
		"quota.requests.*":                        {with: `quota = { requests = { cpu = "4", memory = "8Gi", ephemeral_storage = "9Gi" } }`, changes: []string{quota + "*", limits + "defaultRequest.ephemeral-storage"}},
		"quota.limits.*":                          {with: `quota = { limits = { cpu = "4", memory = "8Gi", ephemeral_storage = "9Gi" } }`, changes: []string{quota + "*", limits + "default.cpu", limits + "default.ephemeral-storage"}},
		"quota.storage":                           {before: `quota = { pods = 5 }`, with: `quota = { pods = 5, storage = "1Ti" }`, changes: []string{quota + "spec.hard[requests.storage]"}},
		"quota.persistent_volume_claims":          {before: `quota = { pods = 5 }`, with: `quota = { pods = 5, persistent_volume_claims = 3 }`, changes: []string{quota + "spec.hard.persistentvolumeclaims"}},
		"quota.storage_classes.*":                 {before: `quota = { pods = 5 }`, with: `quota = { pods = 5, storage_classes = { fast = { storage = "1Gi", persistent_volume_claims = 3 } } }`, changes: []string{quota + "spec.hard[fast.storageclass.storage.k8s.io/*]"}},
		"quota.pods":                              {before: `quota = { pods = 5 }`, with: `quota = { pods = 6 }`, changes: []string{quota + "spec.hard.pods"}},
		"quota.load_balancers":                    {before: `quota = { pods = 5 }`, with: `quota = { pods = 5, load_balancers = 0 }`, changes: []string{quota + "spec.hard[services.loadbalancers]"}},
		"quota.node_ports":                        {before: `quota = { pods = 5 }`, with: `quota = { pods = 5, node_ports = 0 }`, changes: []string{quota + "spec.hard[services.nodeports]"}},
		"quota.hard":                              {before: `quota = { pods = 5 }`, with: `quota = { pods = 5, hard = { "count/jobs.batch" = "7" } }`, changes: []string{quota + "spec.hard[count/jobs.batch]"}},
		"limit_range.container.default_request.*": {with: "limit_range = { container = { default_request = " + amounts + " } }", changes: []string{limits + "defaultRequest.*"}},
		"limit_range.container.default.*":         {with: "limit_range = { container = { default = " + amounts + " } }", changes: []string{limits + "default.*"}},
		"limit_range.container.min.*":             {with: `limit_range = { container = { min = { cpu = "1m", memory = "4Mi", ephemeral_storage = "1Mi" } } }`, changes: []string{limits + "min.*"}},
		"limit_range.container.max.*":             {with: `limit_range = { container = { max = { cpu = "2", memory = "4Gi", ephemeral_storage = "1Gi" } } }`, changes: []string{limits + "max.*"}},
		"limit_range.pod.min.*":                   {with: "limit_range = { pod = { min = " + amounts + " } }", changes: []string{"LimitRange/workspace spec.limits[1].*"}},
		"limit_range.pod.max.*":                   {with: "limit_range = { pod = { max = " + amounts + " } }", changes: []string{"LimitRange/workspace spec.limits[1].*"}},
		"limit_range.persistent_volume_claim.*":   {with: `limit_range = { persistent_volume_claim = { min = "1Gi", max = "2Gi" } }`, changes: []string{"LimitRange/workspace spec.limits[1].*"}},
		"network.isolated":                        {with: `network = { isolated = false }`, changes: []string{"NetworkPolicy/* *"}},
		"network.allow_within":                    {with: `network = { allow_within = false }`, changes: []string{"NetworkPolicy/ingress spec.ingress*", "NetworkPolicy/egress spec.egress[1].*"}},
		"network.allow_from":                      {with: `network = { allow_from = ["team-b"] }`, changes: []string{"NetworkPolicy/ingress spec.ingress[1].*"}},
		"network.allow_to":                        {with: `network = { allow_to = ["team-b"] }`, changes: []string{"NetworkPolicy/egress spec.egress[2].*"}},
		"network.api_server_cidrs":                {with: `network = { api_server_cidrs = ["10.0.0.1/32"] }`, changes: []string{"NetworkPolicy/egress spec.egress[2].*"}},
		"network.ingress.*":                       {with: "network = { ingress = " + rule + " }", changes: []string{"NetworkPolicy/ingress spec.ingress[1].*"}},
		"network.egress.*":                        {with: "network = { egress = " + rule + " }", changes: []string{"NetworkPolicy/egress spec.egress[2].*"}},
		"viewers.*":                               role("viewers"),
		"editors.*":                               role("editors"),
		"admins.*":                                role("admins"),
		"service_accounts.role":                   {before: `service_accounts = { ci = {} }`, with: `service_accounts = { ci = { role = "viewer" } }`, changes: []string{"Role/viewer *", "RoleBinding/viewer *"}},
		"service_accounts.annotations":            {before: `service_accounts = { ci = {} }`, with: `service_accounts = { ci = { annotations = { note = "x" } } }`, changes: []string{"ServiceAccount/ci metadata.annotations.note"}},
		"pull_secrets.namespace":                  {before: pull(namespaceToken, "source", ""), with: pull(otherNamespaceToken, "source", ""), changes: pulled},
		"pull_secrets.secret":                     {before: pull(namespaceToken, "source", ""), with: pull(namespaceToken, "other", ""), changes: pulled},
		"pull_secrets.version":                    {before: pull(namespaceToken, "source", ""), with: pull(namespaceToken, "source", `, version = "2"`), changes: pulled},
	})
	return cases
}

// TestAccAttributesOfTheWorkspace applies the change of each attribute: objects
// shows exactly its leaves, and the plan after each apply is empty.
func TestAccAttributesOfTheWorkspace(t *testing.T) {
	t.Parallel()
	c := Connect(t)
	claims, other := c.Namespace(t), c.Namespace(t)
	for _, at := range [][2]string{{claims, "source"}, {claims, "other"}, {other, "source"}} {
		_, err := c.CoreV1().Secrets(at[0]).Create(t.Context(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: at[1]}, Type: corev1.SecretTypeDockerConfigJson,
			StringData: map[string]string{corev1.DockerConfigJsonKey: `{"auths":{}}`},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	tokens := strings.NewReplacer(namespaceToken, claims, otherNamespaceToken, other)
	w := NewWorkspace(t)
	cases := attributeCases["analytics_workspace"]
	attributes := slices.DeleteFunc(slices.Sorted(maps.Keys(cases)), func(name string) bool { return cases[name].replaces })
	addresses := map[string]string{}
	configure := func(after bool) {
		var b strings.Builder
		fmt.Fprintf(&b, "provider \"analytics\" {\n  config_path = %q\n}\n", c.Kubeconfig)
		for i, attribute := range attributes {
			text, changed := cases[attribute].configurations("")
			name := fmt.Sprintf("%s-%d", claims, i)
			if after {
				text = changed
			} else {
				c.Forget(t, name)
			}
			addresses[fmt.Sprintf("analytics_workspace.case_%d", i)] = attribute
			fmt.Fprintf(&b, "# %s\nresource \"analytics_workspace\" \"case_%d\" {\n  name = %q\n  claim_namespace = %q\n%s\n}\n", attribute, i, name, claims, tokens.Replace(text))
		}
		w.Configure("%s", b.String())
	}
	configure(false)
	w.Apply("-parallelism=20").Succeeds()
	w.PlansNothing("-parallelism=20")
	configure(true)
	plan, _ := w.PlanFile("-parallelism=20")
	for _, change := range plan.ResourceChanges {
		attribute := addresses[change.Address]
		if !change.Change.Actions.Update() {
			t.Errorf("%s: the plan is to %v", attribute, change.Change.Actions)
			continue
		}
		compareChanges(t, attribute, cases[attribute].changes, differences(objectsOf(change.Change.Before), objectsOf(change.Change.After)))
		reportUnknown(t, attribute, change.Change)
	}
	w.Apply("-parallelism=20", "plan").Succeeds()
	w.PlansNothing("-parallelism=20")
}
