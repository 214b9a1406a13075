package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/terraform-provider-analytics/terraform-provider-analytics/internal/kube"
)

// source is the example that the demo applies.
const source = "examples/platform"

// defaultNamespace holds all of the demo.
const defaultNamespace = "analytics-demo"

// workspace is a folder with the built provider and a copy of the example.
type workspace struct {
	settings
	// namespace holds all that is made.
	namespace string
	// variables are those of the example, and token is what the API asks for.
	variables map[string]any
	token     string
	// config is the folder of the configuration and its state, rc the CLI's configuration.
	config, rc string
}

// newWorkspace builds the provider and copies the example. It runs in the root of the repository.
func newWorkspace(ctx context.Context, given settings, cluster string) (*workspace, error) {
	kubeconfig, err := filepath.Abs(given.kubeconfig)
	if err != nil {
		return nil, err
	}
	given.kubeconfig = kubeconfig
	w := &workspace{settings: given, namespace: defaultNamespace, config: filepath.Join(given.dir, cluster), rc: filepath.Join(given.dir, "demo.tfrc")}
	bin := filepath.Join(w.dir, "bin")
	for _, d := range []string{w.config, bin} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", bin+string(filepath.Separator), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("the provider cannot be built: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(source, "*"))
	if err != nil {
		return nil, err
	}
	for _, from := range files {
		content, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(w.config, filepath.Base(from)), content, 0o644); err != nil {
			return nil, err
		}
	}
	// OpenTofu completes the address of a provider with a registry of its own.
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n    %q = %q\n  }\n  direct {}\n}\n",
		"registry.terraform.io/terraform-provider-analytics/analytics", bin, "registry.opentofu.org/terraform-provider-analytics/analytics", bin)
	return w, os.WriteFile(w.rc, []byte(overrides), 0o644)
}

// variables are those of the example.
func variables(ctx context.Context, cluster *kube.Cluster, s settings) (map[string]any, error) {
	cidrs, err := apiServerCIDRs(ctx, cluster)
	out := map[string]any{"namespace": defaultNamespace, "api_server_cidrs": cidrs}
	if s.index != "" {
		out["index_image"] = s.index
	}
	if s.spark != "" {
		out["spark_image"] = s.spark
	}
	return out, err
}

// run runs the CLI on the configuration. Its output goes to the terminal.
func (w *workspace) run(ctx context.Context, args ...string) error {
	content, err := json.Marshal(w.variables)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.config, "terraform.tfvars.json"), content, 0o644); err != nil {
		return err
	}
	cmd := w.command(ctx, args...)
	cmd.Args = append(cmd.Args, "-input=false")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(w.cli), args[0], err)
	}
	return nil
}

func (w *workspace) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.cli, args...)
	if stat, err := os.Stdout.Stat(); err != nil || stat.Mode()&os.ModeCharDevice == 0 {
		cmd.Args = append(cmd.Args, "-no-color")
	}
	cmd.Dir = w.config
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+w.rc, "KUBE_CONFIG_PATH="+w.kubeconfig, "CHECKPOINT_DISABLE=1", "TF_VAR_api_token="+w.token)
	// An interrupted apply saves its state before it ends.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// connection is what a client of the object storage needs.
type connection struct {
	Endpoint  string `json:"endpoint"`
	Region    string `json:"region"`
	Bucket    string `json:"bucket"`
	Namespace string `json:"namespace"`
	Secret    string `json:"secret"`
}

// outputs are those of the example.
type outputs struct {
	// S3 are the connections of the users, and UI the user interfaces.
	S3 output[map[string]connection] `json:"s3"`
	UI output[map[string]ui]         `json:"ui"`
	// Airflow, MLflow and History are URLs, API a host and a port.
	Airflow output[string] `json:"airflow"`
	MLflow  output[string] `json:"mlflow"`
	History output[string] `json:"spark_history"`
	API     output[string] `json:"api"`
}

// output is one output, as the CLI shows it.
type output[T any] struct {
	Value T `json:"value"`
}

func (w *workspace) outputs(ctx context.Context) (*outputs, error) {
	out, err := w.command(ctx, "output", "-json").Output()
	if err != nil {
		return nil, fmt.Errorf("the outputs cannot be read: %w", err)
	}
	var o outputs
	return &o, json.Unmarshal(out, &o)
}
