package acctest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// source is a resource of the CLI's own whose output is not known while its
// input changes.
func source(input string) string {
	return "resource \"terraform_data\" \"source\" {\ninput = " + input + "\n}"
}

// changeOf is the planned change of the resource on a stand.
func changeOf(t *testing.T, plan *tfjson.Plan) *tfjson.Change {
	t.Helper()
	for _, change := range plan.ResourceChanges {
		if change.Address == address {
			return change.Change
		}
	}
	t.Fatal("the plan does not have the resource")
	return nil
}

// unknownLeaves lists the leaves of objects that are not known, as "KEY LEAF", or
// "KEY" where that is all of an object.
func unknownLeaves(t *testing.T, change *tfjson.Change) []string {
	t.Helper()
	attributes, _ := change.AfterUnknown.(map[string]any)
	objects, known := attributes["objects"].(map[string]any)
	if !known {
		t.Fatalf("objects is not known: %v", attributes["objects"])
	}
	var out []string
	for key, leaves := range objects {
		members, some := leaves.(map[string]any)
		if !some {
			out = append(out, key)
		}
		for leaf := range members {
			out = append(out, key+" "+leaf)
		}
	}
	slices.Sort(out)
	return out
}

// TestAccCLIUnknownValues plans values that are not known yet: only the leaves
// that depend on them are unknown, and the plan is kept.
func TestAccCLIUnknownValues(t *testing.T) {
	const (
		web       = "Deployment/web spec.template.spec.containers[main]."
		revision  = "Deployment/web spec.template.metadata.annotations[analytics/revision-of-"
		configure = `
	replicas      = terraform_data.source.output.replicas
	script        = terraform_data.source.output.script
	node_selector = { "kubernetes.io/os" = terraform_data.source.output.os }
	labels        = { team = terraform_data.source.output.team }
	resources     = { limits = { memory = terraform_data.source.output.memory } }
	env           = { LEVEL = terraform_data.source.output.level, FIXED = "same" }
	service       = { name = "front", port = terraform_data.source.output.port }
	credentials   = { plain = terraform_data.source.output.level, rotate = terraform_data.source.output.rotate }`
		values = `{ replicas = 1, script = "sleep 3600", os = "linux", team = %q, memory = "64Mi", level = "debug", port = %d, rotate = "1" }`
	)
	s := newStand(t)
	s.fixture(configure, source(fmt.Sprintf(values, "blue", 81)))
	plan, _ := s.PlanFile()
	labels := func(keys ...string) []string {
		for i, key := range keys {
			keys[i] = key + " metadata.labels.team"
		}
		return keys
	}
	want := append(labels("ConfigMap/script", "Deployment/web", "Secret/credentials", "Secret/env", "Service/web", "ServiceAccount/pods"),
		"ConfigMap/script data[run.sh]", "Deployment/web spec.replicas", "Deployment/web spec.template.metadata.labels.team",
		revision+"env]", revision+"script]", revision+"secret]",
		"Deployment/web spec.template.spec.nodeSelector[kubernetes.io/os]", web+"resources.limits.memory",
		"Secret/credentials data[generated]", "Secret/credentials data[plain]", "Secret/env data[LEVEL]",
		// A port is part of the element's path.
		"Service/web",
	)
	want = slices.DeleteFunc(want, func(s string) bool { return s == "Service/web metadata.labels.team" })
	slices.Sort(want)
	if got := unknownLeaves(t, changeOf(t, plan)); !slices.Equal(got, want) {
		t.Errorf("unknown are\n%q\nand should be\n%q", got, want)
	}
	s.Apply("plan").Succeeds()
	s.PlansNothing()

	// An update: terraform_data plans all of its output as unknown, whatever of it changes.
	s.fixture(configure, source(fmt.Sprintf(values, "red", 81)))
	plan, _ = s.PlanFile()
	change := changeOf(t, plan)
	if got := unknownLeaves(t, change); !slices.Equal(got, want) {
		t.Errorf("with another team, unknown are\n%q\nand should be\n%q", got, want)
	}
	if got := objectsOf(change.After)["Secret/env"]["data[FIXED]"]; got != "(env.FIXED, revision 1)" {
		t.Errorf("what does not depend on it is %q", got)
	}
	s.Apply("plan").Succeeds()
	s.PlansNothing()
	deployment, err := s.cluster.AppsV1().Deployments(s.namespace).Get(t.Context(), s.name, metav1.GetOptions{})
	if err != nil || deployment.Labels["team"] != "red" {
		t.Errorf("the Deployment has the labels %v (%v)", deployment.Labels, err)
	}
}

// TestAccCLIUnknownConfiguration knows the cluster, and what the provider adds to
// all objects, only when it applies.
func TestAccCLIUnknownConfiguration(t *testing.T) {
	s := newStand(t)
	known := s.connection
	s.connection = `
	config_path = terraform_data.source.output.path
	defaults = {
		namespace   = terraform_data.source.output.namespace
		labels      = { team = terraform_data.source.output.team }
		annotations = { note = "fixed" }
	}`
	configure := func(team string) {
		s.Configure("provider \"analytics\" {\n%s\n}\n\nresource \"analytics_fixture\" \"it\" {\nname = \"it\"\nreplicas = 0\n}\n\n%s", s.connection,
			source(fmt.Sprintf("{ path = %q, namespace = %q, team = %q }", s.cluster.Kubeconfig, s.namespace, team)))
	}
	teams := []string{
		"ConfigMap/script metadata.labels.team", "Deployment/web metadata.labels.team", "Deployment/web spec.template.metadata.labels.team",
		"Secret/credentials metadata.labels.team", "Service/web metadata.labels.team", "ServiceAccount/pods metadata.labels.team",
	}
	configure("blue")
	plan, _ := s.PlanFile()
	change := changeOf(t, plan)
	if got := unknownLeaves(t, change); !slices.Equal(got, teams) {
		t.Errorf("unknown are\n%q\nand should be\n%q", got, teams)
	}
	s.Apply("plan").Succeeds()
	s.PlansNothing()
	cluster := s.Attributes(address)["cluster"]

	// Not known again, with a state: it stays, and the apply makes sure of it.
	if err := s.cluster.CoreV1().ConfigMaps(s.namespace).Delete(t.Context(), "it-script", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	configure("red")
	plan, _ = s.PlanFile()
	change = changeOf(t, plan)
	if got := unknownLeaves(t, change); !change.Actions.Update() || !slices.Equal(got, teams) {
		t.Errorf("the plan is to %v, and unknown are\n%q\nand should be\n%q", change.Actions, got, teams)
	}
	s.Apply("plan").Succeeds()
	s.PlansNothing()
	if now := s.Attributes(address)["cluster"]; now != cluster {
		t.Errorf("the cluster was %v and is %v", cluster, now)
	}
	if _, err := s.cluster.CoreV1().ConfigMaps(s.namespace).Get(t.Context(), "it-script", metav1.GetOptions{}); err != nil {
		t.Errorf("what was deleted meanwhile did not come back: %v", err)
	}
	s.connection = known
	s.Destroy().Succeeds()
}

// TestAccKubeconfigOfTheSameApply plans with a kubeconfig that does not exist yet.
func TestAccKubeconfigOfTheSameApply(t *testing.T) {
	s := newStand(t)
	content, err := os.ReadFile(s.cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	s.connection = `config_path = "made/kubeconfig"`
	s.fixture(`replicas = 0`)
	s.Plan().Succeeds().Says("Warning: The kubeconfig does not exist yet", `config_path = "made/kubeconfig"`, "1 to add")
	s.Apply().Fails().Says("kubeconfig made/kubeconfig cannot be read")
	if s.Attributes(address) != nil {
		t.Error("what was not created is in the state")
	}
	s.fixture("replicas = 0\ndepends_on = [terraform_data.cluster]", fmt.Sprintf(`resource "terraform_data" "cluster" {
	provisioner "local-exec" {
		command = "mkdir -p made && cp %s made/kubeconfig"
	}
}`, s.cluster.Kubeconfig))
	s.Apply().Succeeds()
	s.PlansNothing().SaysNot("does not exist yet")

	// Gone again: the state stays.
	if err := os.RemoveAll(filepath.Join(s.Dir, "made")); err != nil {
		t.Fatal(err)
	}
	s.Plan().Succeeds().Says("does not exist yet", "0 to add, 1 to change, 0 to destroy")
	s.WriteFile("kubeconfig", string(content))
	s.connection = `config_path = "kubeconfig"`
	s.fixture("replicas = 0\ndepends_on = [terraform_data.cluster]", `resource "terraform_data" "cluster" {}`)
	s.PlansNothing()
}
